"""Rows of a file by byte offset, in bounded memory: lines of a text, values of a JSON array; and slices.

Not for the content of a row: that is up to the reader of each format.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from mumer_data.exceptions import SourceError
from mumer_data.records import Reject, Slice

MAX_LINE = 16 * 1024 * 1024  # bytes; far more than any label; a file without line ends must not fill the memory
_CHUNK = 1024 * 1024  # bytes; hundreds of records, so few are parsed twice at the end of a chunk
_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank.

    Attributes:
        number: its number in the file, from 0, blank lines counted, as in a text editor.
        offset: byte offset of its beginning.
        data: its bytes without the line end; ``None`` for a line of more than `MAX_LINE` bytes.
    """

    number: int
    offset: int
    data: bytes | None


def lines(file: BinaryIO, *, number: int = 0, max_line: int = MAX_LINE) -> Iterator[Line]:
    r"""The lines of a file from its present position on, which is the beginning of line ``number``.

    Lines end with ``\n`` only (labels may hold other characters that Unicode calls line ends); one ``\r``
    before it is dropped, so is a byte order mark at the file's beginning. Blank lines are skipped.
    """
    offset = file.tell()
    while data := file.readline(max_line + 1):
        size = len(data)
        too_long = size > max_line and not data.endswith(b"\n")
        chunk = data
        while too_long and chunk and not chunk.endswith(b"\n"):
            chunk = file.readline(1024 * 1024)
            size += len(chunk)
        if too_long:
            yield Line(number, offset, None)
        else:
            text = data.removeprefix(_BOM) if offset == 0 else data
            text = text.removesuffix(b"\n").removesuffix(b"\r")
            if text.strip():
                yield Line(number, offset, text)
        number += 1
        offset += size


def lines_of(part: Slice, file: BinaryIO, name: str) -> Iterator[Line]:
    """The lines of one slice; raises ``SourceError`` where the file no longer has them."""
    file.seek(part.offset)
    left = part.rows
    for line in lines(file, number=part.start):
        yield line
        left -= 1
        if not left:
            return
    raise changed(name)


def changed(name: str) -> SourceError:
    """The error for a source that has changed since its slices were cut."""
    return SourceError(f"{name} has changed since the run was planned; start again in an empty folder")


def cut(rows: Iterable[tuple[int, int, int]], max_rows: int, max_bytes: int, name: str) -> list[Slice]:
    """Slices of consecutive rows, each given as its number, offset and image size in bytes.

    A slice has at least one row, at most ``max_rows``, and more than ``max_bytes`` of images only where its
    one row has.

    Raises:
        SourceError: there are no rows in ``name``.
    """
    slices: list[Slice] = []
    first, begin, count, total = 0, 0, 0, 0
    for number, offset, size in rows:
        if count and (count >= max_rows or total + size > max_bytes):
            slices.append(Slice(len(slices), first, count, begin, total))
            count = total = 0
        if not count:
            first, begin = number, offset
        count += 1
        total += size
    if not count:
        raise SourceError(f"{name} has no rows; is it the right file?")
    return [*slices, Slice(len(slices), first, count, begin, total)]


class JsonArray:
    """The values of a JSON array in a file, each with the byte offset where it begins.

    Reads one chunk at a time, so memory is bounded by a chunk and the longest value. Read from the offset of
    one of its values, it yields that value and those after it.

    Raises:
        SourceError: on iteration, where the file is not a JSON array in UTF-8.
    """

    def __init__(self, file: BinaryIO, name: str, *, offset: int = 0) -> None:
        file.seek(offset)
        self._file = file
        self._name = name
        self._resumed = offset > 0
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._parse = json.JSONDecoder().raw_decode
        self._text = ""  # the part of the file in memory,
        self._position = 0  # the position in it up to which it is parsed,
        self._offset = offset  # and the byte offset of that position in the file
        self._line, self._column = 0, 0  # where the text in memory begins

    def __iter__(self) -> Iterator[tuple[int, object]]:
        if not self._resumed:
            if self._next() == "\ufeff":  # a byte order mark
                self._advance(1)
            self._expect("[")
            if self._next() == "]":
                return self._end()
        while True:
            self._next()
            begin = self._offset
            yield begin, self._value()
            if self._next() == "]":
                return self._end()
            self._expect(",")

    def _end(self) -> None:
        self._expect("]")
        if self._next():
            self._fail("text after the end of the array", self._position)

    def _value(self) -> object:
        while True:
            try:
                value, end = self._parse(self._text, self._position)
            except json.JSONDecodeError as error:
                # Malformed, or only cut off at the end of the chunk: only the end of the file decides.
                if not self._more():
                    self._fail(error.msg, error.pos)
                continue
            except (ValueError, RecursionError) as error:
                self._fail(str(error), self._position)
            # At the end of the text in memory, ``12`` may be the beginning of ``123``.
            if end < len(self._text) or not self._more():
                self._advance(end)
                return value

    def _next(self) -> str:
        """The next character that is not blank, without consuming it; empty at the end of the file."""
        while True:
            blank = _BLANK.match(self._text, self._position)
            self._advance(blank.end() if blank else self._position)
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._more():
                return ""

    def _expect(self, mark: str) -> None:
        if self._next() != mark:
            self._fail(f"expected {mark!r}", self._position)
        self._advance(self._position + 1)

    def _advance(self, position: int) -> None:
        self._offset += len(self._text[self._position : position].encode("utf-8"))
        self._position = position

    def _more(self) -> bool:
        """Read at least as much as is in memory, so that long values are parsed few times; false at the end."""
        consumed, remaining = self._text[: self._position], self._text[self._position :]
        data = self._file.read(max(_CHUNK, len(remaining)))
        try:
            new = self._decode.decode(data, final=not data)
        except UnicodeDecodeError as error:
            self._fail(f"not UTF-8 ({error.reason})", len(self._text))
        if not data:
            return False
        self._line += consumed.count("\n")
        self._column = len(consumed) - consumed.rfind("\n") - 1 if "\n" in consumed else self._column + len(consumed)
        self._text, self._position = remaining + new, 0
        return True

    def _fail(self, problem: str, position: int) -> NoReturn:
        if self._resumed:
            raise changed(self._name)
        before = self._text[:position]
        line = self._line + before.count("\n") + 1
        column = len(before) - before.rfind("\n") if "\n" in before else self._column + len(before) + 1
        raise SourceError(
            f"{self._name}: line {line}, column {column}: {problem}; "
            "correct it there (the name of a file with one record per line must end in .jsonl)"
        )


def text_of(line: Line) -> str | Reject:
    """A line's text; one that is too long or not UTF-8 is a reject ``row_malformed``."""
    if line.data is None:
        return Reject("", line.number, "row_malformed", f"the line has more than {MAX_LINE:,} bytes")
    try:
        return line.data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Reject("", line.number, "row_malformed", f"the line is not UTF-8: {error}")
