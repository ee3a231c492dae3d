"""Recognizer `openai`: any server with OpenAI's chat completions API (vLLM, SGLang, `transformers serve`)."""

from __future__ import annotations

import base64
import random
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import Any

from pydantic import Field

from mumer_data.recognizers import (
    Answer,
    Answered,
    Key,
    RecognizerError,
    RecognizerOptions,
    Request,
    Sampling,
    require,
)

_MIN_PAUSE, _MAX_PAUSE = 0.5, 30.0  # seconds between tries; they double
_MAX_RETRY_AFTER = 120.0  # seconds that a server may ask for by Retry-After


class OpenAIRecognizer:
    """A model behind a server; ``model`` is its name there."""

    class Options(RecognizerOptions):
        """Options of the back-end ``openai``.

        Attributes:
            url: base URL of the server's API, such as ``http://localhost:8000/v1``.
            concurrency: requests at a time.
            timeout: seconds per request.
            retries: how often a request is sent again after a lost connection, a status of 408, 409, 429 or 5xx, or an
                incomplete answer.
            logprobs: ask for log-probabilities; some servers refuse.
            pause: seconds before the first retry; doubled for each further one.
        """

        url: str = ""
        concurrency: int = Field(8, ge=1)
        timeout: float = Field(120.0, gt=0)
        retries: int = Field(6, ge=0)
        logprobs: bool = False
        pause: float = Field(_MIN_PAUSE, ge=0)

    def __init__(self, model: str, options: Options) -> None:
        require("openai", extra="train")
        import os

        import openai

        if not options.url:
            raise RecognizerError("the recognizer openai needs --url, such as http://localhost:8000/v1")
        key = os.environ.get("OPENAI_API_KEY", "none")
        self._client = openai.OpenAI(base_url=options.url, api_key=key, timeout=options.timeout, max_retries=0)
        self._model, self._concurrency, self._retries = model, options.concurrency, options.retries
        self._logprobs, self._pause, self._stop = options.logprobs, options.pause, Event()

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """In order of completion; a request that fails after all retries ends the run; earlier answers are kept."""
        pending = (request for request in requests if request.key not in done)
        self._stop = Event()
        with ThreadPoolExecutor(self._concurrency) as pool:

            def submit(count: int) -> set[Future[tuple[Request, Answer]]]:
                return {pool.submit(self._ask, request, sampling) for request in islice(pending, count)}

            running, problems = submit(self._concurrency), list[BaseException]()
            try:
                while running:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    yield [future.result() for future in finished if future.exception() is None]
                    problems += filter(None, (future.exception() for future in finished))
                    if problems:  # requests in flight may still be answered, and are then not sent again
                        self._stop.set()
                    else:
                        running |= submit(len(finished))
            finally:
                self._stop.set()
            if problems:
                raise problems[0]

    def _ask(self, request: Request, sampling: Sampling) -> tuple[Request, Answer]:
        import openai

        body = self._body(request, sampling)
        for attempt in range(self._retries + 1):
            try:
                return request, _answer(self._client.chat.completions.create(**body))
            except openai.APIStatusError as error:
                if error.status_code not in (408, 409, 429) and error.status_code < 500:
                    raise RecognizerError(
                        f"the server refuses {request.id!r} ({error.status_code}): {error.message[:300]}"
                    ) from None
                problem: Exception = error
            except (openai.APIConnectionError, openai.APIResponseValidationError, ValueError) as error:
                problem = error
            if attempt == self._retries or self._stop.wait(self._pause_after(attempt, problem)):
                break
        raise RecognizerError(
            f"no answer for {request.id!r} after {attempt + 1} tries ({problem}); start again to go on"
        ) from None

    def _pause_after(self, attempt: int, problem: Exception) -> float:
        """Seconds before the next attempt: doubled each time, or as many as the server asks for."""
        response = getattr(problem, "response", None)
        retry_after = str(response.headers.get("retry-after", "")) if response is not None else ""
        if retry_after.isascii() and retry_after.isdigit():
            return min(float(retry_after), _MAX_RETRY_AFTER)
        return min(_MAX_PAUSE, self._pause * float(2**attempt)) * random.uniform(0.5, 1.0)

    def _body(self, request: Request, sampling: Sampling) -> dict[str, Any]:
        image = {"type": "image_url", "image_url": {"url": data_url(request.read())}}
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": [image, {"type": "text", "text": request.prompt}]}],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": (sampling.seed * 1_000_003 + request.sample) % (1 << 31),
        }
        return body | {"logprobs": True} if self._logprobs else body


def data_url(data: bytes) -> str:
    """An encoded image as a data URL."""
    kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"BM": "bmp", b"RIFF": "webp"}
    kind = next((name for head, name in kinds.items() if data.startswith(head)), "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _answer(completion: Any) -> Answer:
    """The answer in a completion; raises ``ValueError`` if it is incomplete."""
    choices = getattr(completion, "choices", None)
    if not choices or choices[0].finish_reason is None or choices[0].message.content is None:
        raise ValueError("the answer breaks off")
    choice = choices[0]
    tokens = choice.logprobs.content if choice.logprobs else None
    mean = sum(token.logprob for token in tokens) / len(tokens) if tokens else None
    return Answer(choice.message.content, mean, "length" if choice.finish_reason == "length" else "stop")
