"""Reads the labels of any source: a label file, a folder of captions or shards, a pipeline.

Reads no images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.filters.validation import RowValidator
from mumer_data.readers.label_lines import LabelLines
from mumer_data.records import Example, Reject

_ROWS, _BYTES = 2_000, 1 << 40  # per slice; images are not read, so their size does not matter
_CAPTIONS = "caption.txt"


@dataclass
class Corpus:
    """The labels of a source.

    Attributes:
        name: name of the source, as passed.
        labels: canonical labels, in the order of the source.
        unreadable: number of rows without a readable label.
        preset: preset of the normaliser that made the labels canonical.
    """

    name: str
    preset: str
    labels: list[str] = field(default_factory=list)
    unreadable: int = 0


def read_corpus(name: str, *, preset: str | None = None, settings: Iterable[str] = ()) -> Corpus:
    """The labels of a source.

    Args:
        name: a file of ``id<TAB>label`` lines or of one label per line, a folder with a ``caption.txt``, a folder of
            shards such as a build, a pipeline file, or the name of a ready pipeline.
        preset: preset of the normaliser; ``None`` for that of the pipeline, or ``crohme`` without a pipeline.
        settings: ``key=value`` pairs that override the pipeline file.

    Raises:
        SourceError: the source cannot be read, or has no readable label.
        PipelineError: the pipeline file is invalid, or does not exist.
    """
    validator, rows = _rows(name, tuple(settings))
    if preset is not None:
        validator = RowValidator(preset)
    corpus = Corpus(name, validator.preset)
    for row in rows:
        expression = row if isinstance(row, Reject) else validator.expression(row)
        if isinstance(expression, Reject):
            corpus.unreadable += 1
        else:
            corpus.labels.append(expression.label)
    if not corpus.labels:
        raise SourceError(f"{name} has no readable label ({corpus.unreadable:,} rows are unreadable)")
    return corpus


def _rows(name: str, settings: tuple[str, ...]) -> tuple[RowValidator, Iterator[Example | Reject]]:
    path = Path(name)
    captions = path / _CAPTIONS
    file = captions if captions.is_file() else path
    if file.is_file() and file.suffix not in (".yaml", ".yml"):
        return RowValidator("crohme"), _labels(file)
    from mumer_data.jobs.config import load_source

    pipeline = load_source(name, settings)
    reader = pipeline.reader()
    rows = (row for part in reader.plan(_ROWS, _BYTES) for row in reader.read(part))
    return pipeline.row_validator(), rows


def _labels(file: Path) -> Iterator[Example | Reject]:
    reader = LabelLines(file)
    return (row for part in reader.plan(_ROWS, _BYTES) for row in reader.read(part))
