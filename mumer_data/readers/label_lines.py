r"""Labels without pictures: a text of ``id<TAB>label`` lines, or of one label per line.

Not for making pictures: see `synthetic`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers.lines import Line, cut, lines, lines_of, text_of
from mumer_data.records import Example, ImageRef, Reject, Slice


@dataclass(frozen=True, slots=True)
class LabelLines:
    """Has the interface of `Reader`; a label without an id gets the id of its line, ``line-000001``.

    Attributes:
        path: path of the file; ``None`` for ``text``.
        text: the lines themselves, in UTF-8.
    """

    path: Path | None
    text: bytes = field(default=b"", repr=False)

    def files(self) -> list[Path]:
        """The file."""
        return [] if self.path is None else [self.path]

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows alone; raises ``SourceError`` where the file cannot be read, or has no rows."""
        with self._open() as file:
            return cut(((line.number, line.offset, 0) for line in lines(file)), max_rows, max_bytes, self._name)

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, in order; any other line is a reject ``row_malformed``.

        Raises:
            SourceError: the file cannot be read, or has changed since ``plan``.
        """
        with self._open() as file:
            yield from map(_row, lines_of(part, file, self._name))

    @property
    def _name(self) -> str:
        return "the text" if self.path is None else str(self.path)

    def _open(self) -> BinaryIO:
        if self.path is None:
            return io.BytesIO(self.text)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read ({error.strerror}); check the path") from None


def _row(line: Line) -> Example | Reject:
    text = text_of(line)
    if isinstance(text, Reject):
        return text
    fields = [field.strip() for field in text.split("\t")]
    if len(fields) == 1:
        fields = [f"line-{line.number + 1:06d}", *fields]
    if len(fields) != 2 or not all(fields):
        message = f"the line is neither a label nor id<TAB>label, but {len(fields)} fields: {text[:80]!r}"
        return Reject(fields[0], line.number, "row_malformed", message)
    return Example(fields[0], fields[1], ImageRef("", None, _no_image), line.number)


def _no_image() -> bytes:
    raise ImageError("image_missing", "a label in a text file has no image")
