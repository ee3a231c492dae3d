"""The labels of any source: a label file, a folder of captions or shards, a pipeline.

Not for images: none is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.filters.validation import RowValidator
from mumer_data.readers.label_lines import LabelLines
from mumer_data.records import Example, Reject

_ROWS, _BYTES = 2_000, 1 << 40  # of a slice; images are not read, so their size plays no part
_CAPTIONS = "caption.txt"


@dataclass
class Corpus:
    """The labels of a source.

    Attributes:
        name: as it was given.
        labels: canonical, in the order of the source.
        unreadable: how many rows have no label that can be read.
        preset: of the normaliser that made them canonical.
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
        preset: of the normaliser; ``None`` for what the pipeline says, ``crohme`` where there is no pipeline.
        settings: ``key=value`` over the pipeline file.

    Raises:
        SourceError: it cannot be read, or has no label that can.
        PipelineError: it is a pipeline file with something wrong in it, or there is no such file.
    """
    screen, rows = _rows(name, tuple(settings))
    if preset is not None:
        screen = RowValidator(preset)
    found = Corpus(name, screen.preset)
    for row in rows:
        expression = row if isinstance(row, Reject) else screen.expression(row)
        if isinstance(expression, Reject):
            found.unreadable += 1
        else:
            found.labels.append(expression.label)
    if not found.labels:
        raise SourceError(f"{name} has no label that can be read ({found.unreadable:,} rows cannot)")
    return found


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
    return pipeline.screen(), rows


def _labels(file: Path) -> Iterator[Example | Reject]:
    reader = LabelLines(file)
    return (row for part in reader.plan(_ROWS, _BYTES) for row in reader.read(part))
