"""Running a model over images: jobs in, answers journalled as they come, one Parquet file of predictions out.

A backend is one module with a class of the shape of `Backend`, and one line in `BACKENDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol

from mumer_train.dependencies import TrainingError

Finish = Literal["stop", "length"]
Key = tuple[str, int]  # id of an image, number of the pass


@dataclass(frozen=True, slots=True)
class Job:
    """One image to read, once.

    Attributes:
        id, dataset, label: of the example.
        sample: number of the pass, from 0.
        prompt: the user turn, without the image placeholder.
        image_path: what the prediction file names the image by.
        read: gives the encoded image.
    """

    id: str
    dataset: str
    label: str
    sample: int
    prompt: str
    image_path: str
    read: Callable[[], bytes]

    @property
    def key(self) -> Key:
        """What no other job of the run has."""
        return self.id, self.sample


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    Attributes:
        text: the whole answer.
        logprob: mean log-probability of its tokens, where the backend knows it.
        finish: ``stop`` at the end token, ``length`` where it was cut.
    """

    text: str
    logprob: float | None
    finish: Finish


Answered = list[tuple[Job, Answer]]


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn.

    Attributes:
        temperature: 0 takes the most likely token.
        top_p: share of probability to draw from.
        seed: the same seed gives the same answers, as far as the backend can.
        max_tokens: longest answer.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    max_tokens: int = 512


class Backend(Protocol):
    """Something that reads images."""

    def answers(self, jobs: Sequence[Job], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """An answer for every job that is not ``done``, in any order, as they come.

        Jobs that are computed together come together, so that a run started again can compute them together again:
        what shares a batch shares its padding and its random draws.
        """


# name -> "module:class"; each takes the model and the options that `mumer predict` has for it.
BACKENDS = {
    "transformers": "mumer_train.predict.local:Local",
    "openai": "mumer_train.predict.served:Served",
    "vllm": "mumer_train.predict.vllm:Vllm",
}


def backend(name: str, **options: Any) -> Backend:
    """The backend registered under ``name``."""
    if name not in BACKENDS:
        raise TrainingError(f"'{name}' is no backend: choose from {', '.join(BACKENDS)}")
    module, _, attribute = BACKENDS[name].partition(":")
    made: Backend = getattr(import_module(module), attribute)(**options)
    return made
