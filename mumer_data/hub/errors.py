"""Errors of the Hub and of the network, as one message that says what to do.

Not for retries. No message contains the token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from mumer_data.exceptions import HubError

RETRY = "push again: what the Hub has already is not sent again"


class TransientHubError(HubError):
    """A failure worth a retry: a broken connection, too many requests, a server error."""


class ConflictHubError(HubError):
    """The repository was changed by another commit in the meantime."""


@contextmanager
def hub_errors(action: str, repo: str) -> Iterator[None]:
    """Convert the errors of the Hub's client to ``HubError``; ``action`` begins the message."""
    from huggingface_hub.errors import HfHubHTTPError

    # The client's own errors are subclasses of the HTTP library's (httpx or its successor, by version) and OSError.
    known = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, ValueError, RuntimeError))
    try:
        yield
    except known as error:
        raise _translate(error, action, repo) from None  # a chained traceback could show a request, with its token


def _translate(error: BaseException, action: str, repo: str) -> HubError:
    from huggingface_hub import errors

    while type(error) in (RuntimeError, ValueError) and error.__cause__ is not None:
        error = error.__cause__  # "Error while uploading", "Force download failed": raised from the actual error
    prefix = f"{action}: "
    if isinstance(error, errors.LocalTokenNotFoundError):
        return HubError(f"{prefix}no token: log in by `hf auth login`, or set HF_TOKEN")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubError(f"{prefix}the Hub is switched off by HF_HUB_OFFLINE: unset it")
    if isinstance(error, errors.HFValidationError):
        return HubError(f"{prefix}{repo!r} is not a name of a repository: write OWNER/NAME ({_clean(str(error))})")
    if isinstance(error, errors.HfHubHTTPError) and error.response is not None:
        return _http_error(error, error.response.status_code, prefix, repo)
    if isinstance(error, json.JSONDecodeError):
        return TransientHubError(f"{prefix}the Hub's answer cannot be read ({_clean(str(error))}): {RETRY}")
    if isinstance(error, ValueError):
        return HubError(prefix + _clean(_card_errors(str(error))))
    if isinstance(error, OSError) and error.filename is not None:  # a local file, not the network
        return HubError(f"{prefix}cannot read {error.filename}: {error.strerror}")
    reason = _clean(str(error)) or type(error).__name__
    return TransientHubError(f"{prefix}the connection to the Hub broke ({reason}): {RETRY}")


def _http_error(error: BaseException, status: int, prefix: str, repo: str) -> HubError:
    owner = repo.partition("/")[0]
    detail = _clean(str(getattr(error, "server_message", None) or ""))
    detail = f" (the Hub says: {detail})" if detail else ""
    if status == 401:
        return HubError(
            f"{prefix}the Hub does not accept the token{detail}: log in by `hf auth login`, or set HF_TOKEN"
        )
    if status == 403:
        return HubError(
            f"{prefix}the token may not write to {repo}{detail}: it needs the right to write, and its owner must be "
            f"{owner!r} or belong to it"
        )
    if status == 404:
        return HubError(f"{prefix}the Hub has no {repo}, or does not show it to this token{detail}: check the name")
    if status in (409, 412):
        return ConflictHubError(f"{prefix}{repo} has been changed by somebody else{detail}: look at it, then {RETRY}")
    if status == 429:
        return TransientHubError(f"{prefix}too many requests{detail}: wait a few minutes, then {RETRY}")
    if status in (408, 500, 502, 503, 504):
        return TransientHubError(f"{prefix}the Hub has trouble (HTTP {status}){detail}: {RETRY}")
    return HubError(f"{prefix}the Hub refuses (HTTP {status}){detail}")


def _card_errors(text: str) -> str:
    """The Hub's errors about a card from its JSON answer; other texts unchanged."""
    try:
        return "; ".join(str(error["message"]) for error in json.loads(text)["errors"]) or text
    except (ValueError, KeyError, TypeError):
        return text


def _clean(text: str) -> str:
    """One line without the token, which a client may quote in an error about a header."""
    from huggingface_hub import get_token

    token = get_token()
    if token:
        text = text.replace(token, "***")
    return " ".join(text.split())[:400]
