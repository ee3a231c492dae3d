"""The few plain records that flow through a build: Example -> Sample -> shard, or Reject.

Nothing here reads, writes or computes; every stage passes these on unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mumer_data.deprecation import warn_renamed


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where an image is, and how to get its bytes when they are wanted.

    Attributes:
        name: the file name to keep beside the bytes, e.g. ``RIT_2014_245.png``.
        path: a path that another program can open, or ``None`` for a member of an archive or a drawn image.
        read: returns the encoded image as it lies in the source; raises ``ImageError`` where it cannot.
    """

    name: str
    path: str | None
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled image as a reader found it.

    Attributes:
        id: unique within its source.
        label: whitespace-tokenised LaTeX.
        image: the image, not yet read.
        row: number of the row in the source, from 0.
        writer: who wrote it, or ``""`` where the source does not say.
        metadata: what else the source says of it, as JSON text; computed only when a build keeps it.
    """

    id: str
    label: str
    image: ImageRef
    row: int
    writer: str = ""
    metadata: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """One input row that cannot become a sample, and why.

    Attributes:
        id: the example's id, or ``""`` where the row has none that can be read.
        row: number of the row in the source, from 0.
        reason: a short name to count by: ``latex_syntax``, ``image_missing``, ``image_corrupt``, ...
        message: one line for a person.
        position: token index of a syntax error; ``None`` elsewhere.
        label: the label as read, or ``""``.
    """

    id: str
    row: int
    reason: str
    message: str
    position: int | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sample: a question about an image and the answer to learn.

    Attributes:
        id: the id of the example that it was made from.
        prompt: the user turn, without the image placeholder.
        answer: the assistant turn.
    """

    id: str
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Slice:
    """A run of consecutive source rows that becomes one shard of each config.

    Attributes:
        number: index of the slice in the run, from 0.
        start: first row, from 0.
        rows: how many rows.
        offset: where the first row begins in the source, in the reader's own units (bytes, mostly).
        size: size of the images of these rows, in bytes, as far as the reader knows it.
    """

    number: int
    start: int
    rows: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model read in one image, beside what stands there.

    Attributes:
        id: of the image; several predictions of one image (passes of sampling) share it.
        label: the true label.
        prediction: the model's label; ``""`` where it gave nothing.
        image: path of the image as the file gives it, or ``""``.
        dataset: where the image comes from, or ``""``.
        sample: number of the pass, from 0.
        row: number of the row in the file, from 0.
        logprob: mean log-probability per token; ``None`` where the file does not say.
        seen: label and prediction as people see them, with the fonts that normalisation dropped; ``None`` where it
            dropped none, or where nobody knows the fonts of the label.
    """

    id: str
    label: str
    prediction: str
    image: str = ""
    dataset: str = ""
    sample: int = 0
    row: int = 0
    logprob: float | None = None
    seen: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """Deprecated: use `prediction`."""
        warn_renamed("Prediction.text", "prediction")
        return self.prediction


@dataclass(frozen=True, slots=True)
class Correction:
    """A prediction with its errors marked, and the operations that correct them.

    Attributes:
        label, prediction: the true label and the model's, tokens joined by single spaces.
        marked: the prediction with its wrong runs and gaps marked.
        log: one operation a line, in the order of the marks; ``""`` where nothing is wrong.
    """

    label: str
    prediction: str
    marked: str
    log: str

    @property
    def text(self) -> str:
        """Deprecated: use `prediction`."""
        warn_renamed("Correction.text", "prediction")
        return self.prediction
