"""Recognizer `python`: any callable, ``list[bytes] -> list``, named as ``module:callable``.

Not for a model in another process: see `command` and `http`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import islice
from typing import Any

from pydantic import Field

from mumer_data.recognizers import Answer, Answered, Key, RecognizerError, RecognizerOptions, Request, Sampling


class PythonRecognizer:
    """A callable that takes encoded images; ``model`` names it.

    For each image it returns a text, a pair (text, mean log-probability of its tokens), or a list of such for several
    samples. The module is looked up in the working directory too. It is imported, so run only code that you trust; a
    pipeline file cannot name one.
    """

    class Options(RecognizerOptions):
        """Options of the back-end ``python``.

        Attributes:
            batch: images per call.
        """

        batch: int = Field(16, ge=1)

    def __init__(self, model: str, options: Options) -> None:
        self._name, self._batch = model, options.batch
        self._call = load_callable(model)

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """Batch by batch, in order."""
        pending = (request for request in requests if request.key not in done)
        while batch := list(islice(pending, self._batch)):
            yield list(zip(batch, self._read(batch), strict=True))

    def _read(self, batch: list[Request]) -> list[Answer]:
        results = self._call([request.read() for request in batch])
        if not isinstance(results, Sequence) or isinstance(results, str | bytes) or len(results) != len(batch):
            size = f"{len(results)} results" if isinstance(results, Sequence) else type(results).__name__
            raise RecognizerError(f"{self._name} returned {size} for {len(batch)} images: return a list, one per image")
        return [self._answer(result, request) for result, request in zip(results, batch, strict=True)]

    def _answer(self, result: object, request: Request) -> Answer:
        if isinstance(result, list):
            if request.sample >= len(result):
                count = len(result)
                raise RecognizerError(
                    f"{self._name} returned {count} samples for {request.id!r}: sample {request.sample} is missing"
                )
            result = result[request.sample]
        if isinstance(result, str):
            return Answer(result)
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], str):
            text, logprob = result
            if logprob is None or isinstance(logprob, int | float):
                return Answer(text, None if logprob is None else float(logprob))
        raise RecognizerError(
            f"{self._name} returned {type(result).__name__} for {request.id!r}: "
            "return a text, a pair (text, log-probability), or a list of such"
        )


def load_callable(name: str) -> Callable[[list[bytes]], Any]:
    """The callable of ``module:name``; raises ``RecognizerError`` that says which part is missing."""
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise RecognizerError(f"'{name}' does not name a callable: write module:callable")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        value: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise RecognizerError(f"the module of '{name}' cannot be imported: {error}") from None
    for part in path.split("."):
        if not hasattr(value, part):
            raise RecognizerError(f"'{module_name}' has no '{path}'")
        value = getattr(value, part)
    if not callable(value):
        raise RecognizerError(f"'{name}' is not callable")
    call: Callable[[list[bytes]], Any] = value
    return call
