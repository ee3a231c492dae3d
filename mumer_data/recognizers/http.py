"""Recognizer `http`: any web service that takes an image and returns its formula.

Not for chat servers: see `openai`.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import urllib.error
import urllib.request
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from pydantic import Field

from mumer_data.recognizers import Answer, Answered, Key, RecognizerError, RecognizerOptions, Request, Sampling, require

_RETRY_STATUSES = frozenset((408, 409, 425, 429))  # and every 5xx
_MAX_SHOWN = 300  # characters of a response that an error shows
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class HttpRecognizer:
    """A web service; ``model`` is the URL that images are posted to."""

    class Options(RecognizerOptions):
        """Options of the back-end ``http``.

        Attributes:
            body: JSON to post, with ``{image}`` (base64), ``{prompt}`` and ``{id}`` in its texts; without it, the bytes
                of the image are posted unchanged.
            headers: further headers; ``${NAME}`` stands for an environment variable, which is never shown.
            response: JMESPath of the formula in the JSON response, e.g. ``results[0].latex``; without it, the response
                is the formula.
            logprob: JMESPath of the mean log-probability.
            concurrency: requests at a time.
            timeout: seconds per request.
            retries: how often a request is sent again after a lost connection, 408, 409, 425, 429 or 5xx.
            pause: seconds before the first retry; doubled for each further one.
        """

        body: dict[str, Any] | None = None
        headers: dict[str, str] = Field(default_factory=dict)
        response: str = ""
        logprob: str = ""
        concurrency: int = Field(4, ge=1)
        timeout: float = Field(60.0, gt=0)
        retries: int = Field(4, ge=0)
        pause: float = Field(0.5, ge=0)

    def __init__(self, model: str, options: Options) -> None:
        if not model.startswith(("http://", "https://")):
            raise RecognizerError(f"'{model}' is not a URL: the recognizer http needs one as --model")
        self._url, self._options, self._stop = model, options, Event()
        self._paths = {
            name: _compile_path(path) for name in ("response", "logprob") if (path := getattr(options, name))
        }
        self._headers = {name: _VARIABLE.sub(_environment, value) for name, value in options.headers.items()}

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """In order; a request that fails after all retries ends the run; earlier answers are kept."""
        pending = [request for request in requests if request.key not in done]
        self._stop = Event()
        with ThreadPoolExecutor(self._options.concurrency) as pool:
            futures = [pool.submit(self._ask, request) for request in pending]
            try:
                for request, future in zip(pending, futures, strict=True):
                    yield [(request, future.result())]
            finally:
                self._stop.set()
                for future in futures:
                    future.cancel()

    def _ask(self, request: Request) -> Answer:
        problem = "the run has ended"
        for attempt in range(self._options.retries + 1):
            if self._stop.is_set():
                break
            try:
                return self._answer(self._post(request), request)
            except urllib.error.HTTPError as error:
                problem = f"status {error.code}"
                if error.code not in _RETRY_STATUSES and error.code < 500:
                    message = error.read(_MAX_SHOWN).decode("utf-8", errors="replace")
                    raise RecognizerError(f"the service refuses {request.id!r} ({error.code}): {message}") from None
            except OSError as error:
                problem = str(getattr(error, "reason", error))
            pause = min(30.0, self._options.pause * 2**attempt) * random.uniform(0.5, 1.0)
            if attempt == self._options.retries or self._stop.wait(pause):
                break
        raise RecognizerError(f"no answer for {request.id!r} ({problem}); start again to go on")

    def _post(self, request: Request) -> bytes:
        image = request.read()
        if self._options.body is None:
            data, kind = image, "application/octet-stream"
        else:
            values = {"image": base64.b64encode(image).decode("ascii"), "prompt": request.prompt, "id": request.id}
            data, kind = json.dumps(_fill(self._options.body, values)).encode(), "application/json"
        http_request = urllib.request.Request(self._url, data, {"Content-Type": kind, **self._headers}, method="POST")
        with urllib.request.urlopen(http_request, timeout=self._options.timeout) as response:
            body: bytes = response.read()
        return body

    def _answer(self, data: bytes, request: Request) -> Answer:
        if "response" not in self._paths:
            return Answer(data.decode("utf-8", errors="replace"))
        try:
            value = json.loads(data)
        except ValueError:
            shown = data[:_MAX_SHOWN].decode("utf-8", errors="replace")
            raise RecognizerError(f"the response for {request.id!r} is not JSON: {shown}") from None
        text = self._paths["response"].search(value)
        if not isinstance(text, str):
            shown = json.dumps(value)[:_MAX_SHOWN]
            raise RecognizerError(f"the response for {request.id!r} has no text at {self._options.response!r}: {shown}")
        logprob = self._paths["logprob"].search(value) if "logprob" in self._paths else None
        return Answer(text, float(logprob) if isinstance(logprob, int | float) else None)


def _compile_path(path: str) -> Any:
    require("jmespath", extra="http")
    import jmespath

    try:
        return jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        raise RecognizerError(f"{path!r} is not a JMESPath expression: {str(error).splitlines()[0]}") from None


def _environment(match: re.Match[str]) -> str:
    if match[1] not in os.environ:
        raise RecognizerError(f"the environment variable {match[1]} of a header is not set")
    return os.environ[match[1]]


def _fill(value: Any, values: dict[str, str]) -> Any:
    """A template with its placeholders replaced, on all levels."""
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    return [_fill(item, values) for item in value] if isinstance(value, list) else value
