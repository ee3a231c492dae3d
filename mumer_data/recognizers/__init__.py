"""Recognizers: images in, text out, through any back-end; the answers of a run are kept in a journal.

Not for training, and no torch here. A recognizer is one module with a class that has the interface of `Recognizer`,
and one line in `RECOGNIZERS`; another package adds its own through the entry-point group ``mumer.recognizers``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from mumer_data.exceptions import MumerError
from mumer_data.registry import Registry, did_you_mean

Finish = Literal["stop", "length"]
Key = tuple[str, int]  # id of an image, number of the sample


class RecognizerError(MumerError):
    """A recognizer that cannot run, or does not answer; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Request:
    """One image to read, once.

    Attributes:
        id, dataset, label: fields of the example.
        sample: number of the sample, from 0.
        prompt: the user turn, without the image placeholder.
        image_path: the path of the image in the prediction file.
        read: returns the encoded image.
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
        """Unique within a run."""
        return self.id, self.sample


@dataclass(frozen=True, slots=True)
class Answer:
    """The output of a recognizer for one request.

    Attributes:
        text: the whole answer.
        logprob: mean log-probability of its tokens; ``None`` if the back-end does not return it.
        finish: ``stop`` at the end token, ``length`` if it was cut off.
    """

    text: str
    logprob: float | None = None
    finish: Finish = "stop"


Answered = list[tuple[Request, Answer]]


@dataclass(frozen=True)
class Sampling:
    """How answers are sampled.

    Attributes:
        temperature: 0 takes the most likely token.
        top_p: nucleus sampling: probability mass to sample from.
        seed: the same seed returns the same answers, as far as the back-end allows.
        max_tokens: maximum length of an answer.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    max_tokens: int = 512


class RecognizerOptions(BaseModel):
    """Base of the options of a recognizer; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognizer(Protocol):
    """A model or service that reads images.

    A registered class has a class attribute ``Options`` (a `RecognizerOptions`) and is called with the model's name and
    an instance of it.
    """

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """An answer for every request whose key is not in ``done``, in any order, as they are ready.

        Requests that are computed as one batch are returned together, so that a resumed run computes the same batches:
        a batch shares padding and random draws.
        """


# name -> "module:class"
RECOGNIZERS = Registry(
    "recognizer",
    "mumer.recognizers",
    {
        "command": "mumer_data.recognizers.command:CommandRecognizer",
        "http": "mumer_data.recognizers.http:HttpRecognizer",
        "onnx": "mumer_data.recognizers.onnx:OnnxRecognizer",
        "openai": "mumer_data.recognizers.openai:OpenAIRecognizer",
        "python": "mumer_data.recognizers.python:PythonRecognizer",
    },
)


def backend_of(model: str) -> str:
    """The recognizer that runs a model by default: ``onnx`` for ``mini`` and exported folders.

    Everything else is a model of transformers.
    """
    from mumer_data.recognizers.onnx import model_folder
    from mumer_data.recognizers.onnx_manifest import MANIFEST

    return "onnx" if (model_folder(model) / MANIFEST).is_file() else "transformers"


def recognizer(name: str, *, model: str, **options: Any) -> Recognizer:
    """The recognizer registered under ``name``.

    Args:
        name: a name in `RECOGNIZERS`.
        model: what it runs: a folder, a file, a Hub id, a command; each back-end says which.
        options: options of the back-end, see its ``Options``.

    Raises:
        RecognizerError: there is no such recognizer or option, or it cannot run.
    """
    if name not in RECOGNIZERS:
        raise RecognizerError(did_you_mean("recognizer", name, RECOGNIZERS))
    cls = RECOGNIZERS.load(name)
    try:
        checked = cls.Options.model_validate(options)
    except ValidationError as error:
        problems = "; ".join(_problem(problem, cls.Options) for problem in error.errors())
        raise RecognizerError(f"recognizer {name}: {problems}") from None
    instance: Recognizer = cls(model, checked)
    return instance


def _problem(problem: Mapping[str, Any], options: type[BaseModel]) -> str:
    """One error of pydantic as one line."""
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return did_you_mean("option", key, options.model_fields)
    return f"{key}: {problem['msg']}" if key else str(problem["msg"])


def require(*modules: str, extra: str) -> None:
    """Raise `RecognizerError` if a module is not installed; ``extra`` is the extra of mumer-data that installs it."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise RecognizerError(f"{', '.join(missing)} not installed: pip install 'mumer-data[{extra}]'")
