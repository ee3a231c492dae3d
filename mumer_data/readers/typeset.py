r"""Labels without pictures: ``id<TAB>label`` lines, each typeset when its image is read.

Not for handwriting; the sample in the library is for trying out a pipeline, not for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import BinaryIO, Literal, cast

from mumer_data.exceptions import SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.lines import Line, cut, lines, lines_of, text_of
from mumer_data.records import Example, ImageRef, Reject, Slice
from mumer_data.typeset.image import typeset


class TypesetOptions(SourceOptions):
    """Options of the format ``typeset``; without ``labels`` it is the sample inside the library."""

    format: Literal["typeset"]
    labels: str | None = None


class TypesetReader:
    """A file of ``id<TAB>label`` lines in UTF-8; any other line is a reject ``row_malformed``."""

    Options: type[SourceOptions] = TypesetOptions

    def __init__(self, options: SourceOptions, base: Path) -> None:
        self._options = TypesetOptions.model_validate(options.model_dump())
        self._base = base

    def files(self) -> list[Path]:
        """The label file; none if the sample is in a zipped library."""
        source = self._source()
        return [source] if isinstance(source, Path) else []

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows alone: an image that is not drawn yet has no size, so ``max_bytes`` has no effect.

        Raises:
            SourceError: the file cannot be read, or has no rows.
        """
        source = self._source()
        try:
            with cast(BinaryIO, source.open("rb")) as file:
                rows = ((line.number, line.offset, 0) for line in lines(file))
                return cut(rows, max_rows, max_bytes, str(source))
        except OSError as error:
            raise SourceError(f"{source} cannot be read ({error}); check the path") from error

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, in order; an image is drawn when its ``read`` is called.

        Raises:
            SourceError: the file cannot be read, or has changed since ``plan``.
        """
        source = self._source()
        try:
            with cast(BinaryIO, source.open("rb")) as file:
                yield from map(_example, lines_of(part, file, str(source)))
        except OSError as error:
            raise SourceError(f"{source} cannot be read ({error}); check the path") from error

    def _source(self) -> Path | Traversable:
        if self._options.labels is None:
            return resources.files("mumer_data.readers") / "demo_labels.txt"
        from mumer_data.readers.paths import resolve

        return resolve(self._options.labels, self._base)


def _example(line: Line) -> Example | Reject:
    text = text_of(line)
    if isinstance(text, Reject):
        return text
    fields = [field.strip() for field in text.split("\t")]
    if len(fields) != 2 or not all(fields):
        message = f"the line is not id<TAB>label, but {len(fields)} field(s): {text[:80]!r}"
        return Reject(fields[0] if len(fields) > 1 else "", line.number, "row_malformed", message)
    name, label = fields
    return Example(name, label, ImageRef(f"{name}.png", None, partial(typeset, label)), line.number)
