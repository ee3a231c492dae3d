"""Labels and chat samples: `normalize`, `task`.

Not for many rows: see `mumer_data.api.datasets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from mumer_data.alignment.align import align
from mumer_data.alignment.corrections import correction_of
from mumer_data.exceptions import PipelineError
from mumer_data.io import html
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.macros import macro_of
from mumer_data.readers.memory import ImageLike, image_bytes
from mumer_data.records import Sample
from mumer_data.registry import did_you_mean
from mumer_data.shards.schema import PLACEHOLDER
from mumer_data.tasks import ERROR_TASKS, TASKS, ErrorTask, Task


def normalize(
    raw: str,
    preset: str = "crohme",
    rules: Mapping[str, bool] | None = None,
    macros: Mapping[str, str] | None = None,
) -> str:
    """The canonical label of raw LaTeX: tokenised, every script and argument in braces.

    Args:
        raw: LaTeX as people or models write it.
        preset: ``crohme``, ``hme100k``, ``mathwriting``, ``im2latex`` or ``none``.
        rules: single rules by name, on or off, over the preset.
        macros: name -> body with ``#1`` to ``#9``, e.g. ``{"\\R": "\\mathbb{R}"}``.

    Raises:
        LatexSyntaxError: the text is not LaTeX that the grammar can represent.
        PipelineError: there is no such preset or rule.
    """
    definitions = tuple(sorted((macros or {}).items()))
    return _normalizer(preset, tuple(sorted((rules or {}).items())), definitions)(raw)


@lru_cache(maxsize=16)
def _normalizer(
    preset: str, rules: tuple[tuple[str, bool], ...], macros: tuple[tuple[str, str], ...] = ()
) -> Normalizer:
    definitions = {name: macro_of(name, body) for name, body in macros}
    return Normalizer(preset, dict(rules), definitions or None)


@dataclass(frozen=True, slots=True, repr=False)
class ChatSample:
    """One training sample as a chat.

    Attributes:
        id: of the example.
        task: name of the task.
        label: the tokenised label.
        messages: the user turn, which begins with ``<image>`` where there is an image, and the assistant turn; each
            ``{"role": ..., "content": ...}``.
        images: the encoded image, if one was passed.
    """

    id: str
    task: str
    label: str
    messages: list[dict[str, str]]
    images: list[bytes]

    @property
    def prompt(self) -> str:
        """The user turn."""
        return self.messages[0]["content"]

    @property
    def answer(self) -> str:
        """The assistant turn."""
        return self.messages[1]["content"]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def __repr__(self) -> str:
        return f"ChatSample(task={self.task!r}, id={self.id!r}, answer={_short(self.answer)!r})"

    def _repr_html_(self) -> str:
        pictures = "".join(html.image(data) for data in self.images)
        return pictures + html.table([(message["role"], message["content"]) for message in self.messages])


@dataclass(frozen=True, slots=True)
class BoundTask:
    """A task with its options; `sample` turns one label into one chat sample."""

    name: str
    task: Task | ErrorTask

    def sample(
        self, label: str, id: str = "", image: ImageLike | None = None, *, prediction: str | None = None
    ) -> ChatSample:
        """The chat sample of one label.

        Args:
            label: tokenised; use `normalize` for raw LaTeX.
            id: of the example.
            image: path, encoded bytes or PIL image.
            prediction: what a model wrote; only for ``error_find`` and ``error_fix``, which need it.

        Raises:
            LatexSyntaxError: the label does not parse.
            CorrectionError: the prediction cannot be marked.
            ImageError: the image cannot be read.
            PipelineError: the prediction is missing, or the task does not take one.
        """
        if isinstance(self.task, ErrorTask) != (prediction is not None):
            verb = "needs" if prediction is None else "does not take"
            raise PipelineError(f"task {self.name} {verb} a prediction")
        if isinstance(self.task, Task):
            sample = self.task.sample(label, id)
        else:
            sample = self.task.sample(correction_of(align(label, prediction or "")), id)
        images = [] if image is None else [image_bytes(image)]
        return ChatSample(id, self.name, label, _messages(sample, bool(images)), images)


def task(name: str, **options: Any) -> BoundTask:
    """A task by name, e.g. ``task("tree_cot", dialect="slt")``.

    Args:
        name: in `TASKS`, or ``error_find`` or ``error_fix``.
        options: of the task.

    Raises:
        PipelineError: there is no such task or option.
    """
    from pydantic import ValidationError

    known = [*TASKS, *ERROR_TASKS]
    if name not in known:
        raise PipelineError(did_you_mean("task", name, known))
    kind = (TASKS if name in TASKS else ERROR_TASKS).load(name)
    try:
        return BoundTask(name, kind.model_validate(options))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        known_keys = list(kind.model_fields)
        unknown = problem["type"] == "extra_forbidden"
        text = did_you_mean("option", key, known_keys) if unknown and known_keys else f"option {key}: {problem['msg']}"
        raise PipelineError(f"task {name}: {text}") from None


def _messages(sample: Sample, with_image: bool) -> list[dict[str, str]]:
    prompt = (PLACEHOLDER if with_image else "") + sample.prompt
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": sample.answer}]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
