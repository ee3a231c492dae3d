"""Errors of the Hub and of the network, as one message that says what to do.

Not for deciding whether to try again. No message holds the token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from mumer_data.exceptions import HubError

AGAIN = "push again: what is there is not sent again"


class TransientHubError(HubError):
    """A failure worth a retry: a broken connection, too many requests, a server error."""


class ConflictHubError(HubError):
    """The repository was changed by another commit in the meantime."""


@contextmanager
def talking(doing: str, repo: str) -> Iterator[None]:
    """Calls of the Hub's client inside end in a ``HubError`` if they fail; ``doing`` says what they were for."""
    from huggingface_hub.errors import HfHubHTTPError

    # The base of the client's own errors is the HTTP library's (httpx's or its successor's, by version), and OSError.
    known = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, ValueError, RuntimeError))
    try:
        yield
    except known as error:
        raise _explained(error, doing, repo) from None  # a chained traceback could show a request, with its token


def _explained(error: BaseException, doing: str, repo: str) -> HubError:
    from huggingface_hub import errors

    while type(error) in (RuntimeError, ValueError) and error.__cause__ is not None:
        error = error.__cause__  # "Error while uploading", "Force download failed": raised from the true one
    start = f"{doing}: "
    if isinstance(error, errors.LocalTokenNotFoundError):
        return HubError(f"{start}no token: log in by `hf auth login`, or set HF_TOKEN")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubError(f"{start}the Hub is switched off by HF_HUB_OFFLINE: unset it")
    if isinstance(error, errors.HFValidationError):
        return HubError(f"{start}{repo!r} is not a name of a repository: write OWNER/NAME ({_clean(str(error))})")
    if isinstance(error, errors.HfHubHTTPError) and error.response is not None:
        return _answered(error, error.response.status_code, start, repo)
    if isinstance(error, json.JSONDecodeError):
        return TransientHubError(f"{start}the Hub's answer cannot be read ({_clean(str(error))}): {AGAIN}")
    if isinstance(error, ValueError):
        return HubError(start + _clean(_complaints(str(error))))
    if isinstance(error, OSError) and error.filename is not None:  # a file of ours, not the network
        return HubError(f"{start}cannot read {error.filename}: {error.strerror}")
    reason = _clean(str(error)) or type(error).__name__
    return TransientHubError(f"{start}the connection to the Hub broke ({reason}): {AGAIN}")


def _answered(error: BaseException, status: int, start: str, repo: str) -> HubError:
    owner = repo.partition("/")[0]
    said = _clean(str(getattr(error, "server_message", None) or ""))
    said = f" (the Hub says: {said})" if said else ""
    if status == 401:
        return HubError(f"{start}the Hub does not accept the token{said}: log in by `hf auth login`, or set HF_TOKEN")
    if status == 403:
        return HubError(
            f"{start}the token may not write to {repo}{said}: it needs the right to write, and its owner must be "
            f"{owner!r} or belong to it"
        )
    if status == 404:
        return HubError(f"{start}the Hub has no {repo}, or does not show it to this token{said}: check the name")
    if status in (409, 412):
        return ConflictHubError(f"{start}{repo} has been changed by somebody else{said}: look at it, then {AGAIN}")
    if status == 429:
        return TransientHubError(f"{start}too many requests{said}: wait a few minutes, then {AGAIN}")
    if status in (408, 500, 502, 503, 504):
        return TransientHubError(f"{start}the Hub has trouble (HTTP {status}){said}: {AGAIN}")
    return HubError(f"{start}the Hub refuses (HTTP {status}){said}")


def _complaints(text: str) -> str:
    """What the Hub has against a card, out of its JSON answer; other texts as they are."""
    try:
        return "; ".join(str(error["message"]) for error in json.loads(text)["errors"]) or text
    except (ValueError, KeyError, TypeError):
        return text


def _clean(text: str) -> str:
    """One line, without the token: a client that cannot send a header may quote it."""
    from huggingface_hub import get_token

    token = get_token()
    if token:
        text = text.replace(token, "***")
    return " ".join(text.split())[:400]
