"""Reader of ShareGPT files, ``.jsonl`` or a ``.json`` array: one image and a conversation about it per record.

Not for the text of the conversation beyond its label: the tasks write their own prompts.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.files import ImageStore, is_archive, open_store
from mumer_data.readers.lines import MAX_LINE, JsonArray, Line, changed, cut, lines, lines_of
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, Reject, Slice

_HUMAN = ("human", "user")
_ASSISTANT = ("gpt", "assistant")


class ShareGPTReader:
    """Records ``{"images": [path], "messages": [{"from": "human", "value": …}, {"from": "gpt", …}], "id"?}``.

    ``role`` and ``content``, ``user`` and ``assistant`` are read as well. The label is the last line of the
    last assistant turn: answers of the tree and count tasks end in it. The id is the record's, or the image's
    path without suffix. In ``.jsonl`` a row's number is its line's, from 0, blank lines counted; in
    ``.json`` it is the record's. Prefer ``.jsonl`` for millions of rows: there a malformed line is one
    reject, while a malformed ``.json`` cannot be used at all and may be read into memory as a whole.
    """

    class Options(SourceOptions):
        """Where the data lie.

        Attributes:
            path: the ``.jsonl`` or ``.json`` file.
            images: the folder, zip or tar that relative image paths start from; by default the folder of
                ``path``. Absolute paths are used unchanged.
        """

        format: Literal["sharegpt"]
        path: str
        images: str | None = None

    def __init__(self, options: Options, base: Path) -> None:
        """Raises ``SourceError`` where a path of the options is neither in ``base`` nor here."""
        self._path = resolve(options.path, base)
        self._images = self._path.parent if options.images is None else resolve(options.images, base)

    def files(self) -> list[Path]:
        """The JSON file, and the archive of images where there is one."""
        return [self._path, *([self._images] if is_archive(self._images) else [])]

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut the source into slices, in one pass; offsets are bytes of the JSON file.

        Raises:
            SourceError: the file is missing or unreadable or has no rows, or a ``.json`` is not an array (the
                message names line and column); or the archive of images cannot be read.
        """
        open_store(self._images)
        with self._open() as file:
            if self._by_line():
                numbered = ((line.number, line.offset, self._line(line)) for line in lines(file))
            else:
                records = JsonArray(file, str(self._path))
                numbered = ((n, offset, self._record(value, n)) for n, (offset, value) in enumerate(records))
            rows = ((number, offset, self._image_size(row)) for number, offset, row in numbered)
            return cut(rows, max_rows, max_bytes, str(self._path))

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, in order.

        Rejects have the reasons ``row_malformed`` (the message says what is missing), ``row_encoding`` and
        ``image_missing``.

        Raises:
            SourceError: the source is gone, or has changed since it was planned.
        """
        with self._open() as file:
            if self._by_line():
                for line in lines_of(part, file, str(self._path)):
                    yield self._find_image(self._line(line))
                return
            records = islice(JsonArray(file, str(self._path), offset=part.offset), part.rows)
            row = part.start
            for _, value in records:
                yield self._find_image(self._record(value, row))
                row += 1
            if row < part.start + part.rows:
                raise changed(str(self._path))

    def _by_line(self) -> bool:
        kind = self._path.suffix.lower()
        if kind not in (".json", ".jsonl"):
            raise SourceError(f"{self._path} ends in neither .json nor .jsonl; rename it by its format")
        return kind == ".jsonl"

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read ({error.strerror}); check the path") from None

    def _line(self, line: Line) -> _Record | Reject:
        where = f"line {line.number + 1} of {self._path}"
        if line.data is None:
            return Reject("", line.number, "row_malformed", f"{where} has over {MAX_LINE:,} bytes; split it")
        try:
            value = json.loads(line.data.decode("utf-8"))
        except UnicodeDecodeError as error:
            message = f"{where} is not UTF-8 ({error.reason} at byte {error.start}); save the file as UTF-8"
            return Reject("", line.number, "row_encoding", message)
        except (ValueError, RecursionError) as error:
            message = f"{where} is not JSON ({error}); write one record per line"
            return Reject("", line.number, "row_malformed", message)
        return self._record(value, line.number, where)

    def _record(self, value: object, row: int, where: str = "") -> _Record | Reject:
        where = where or f"record {row} (from 0) of {self._path}"
        try:
            record = _fields(value, row)
        except _MalformedError as problem:
            return Reject("", row, "row_malformed", f"{where} {problem}; correct the record")
        try:
            "".join((record.id, record.image, record.label)).encode("utf-8")
        except UnicodeEncodeError as error:
            message = f"{where} has half a surrogate pair ({error.reason}); correct the escape"
            return Reject("", row, "row_encoding", message)
        return record

    def _locate(self, image: str) -> tuple[ImageStore, str]:
        """Store and name of an image; raises ``ImageError`` (``image_missing``)."""
        if is_archive(self._images) and not os.path.isabs(image):
            store = open_store(self._images)
            return store, store.find(image)
        folder, name = os.path.split(os.path.join(self._images, image))
        if not os.path.isdir(folder):
            raise ImageError(
                "image_missing", f"no image {image!r}: {folder} is not a folder; correct the option images"
            )
        store = open_store(Path(folder))
        return store, store.find(name)

    def _image_size(self, row: _Record | Reject) -> int:
        if isinstance(row, Reject):
            return 0
        try:
            store, name = self._locate(row.image)
            return store.size(name)
        except ImageError:
            return 0  # `read` makes it a reject, with the message

    def _find_image(self, row: _Record | Reject) -> Example | Reject:
        if isinstance(row, Reject):
            return row
        try:
            store, name = self._locate(row.image)
        except ImageError as error:
            return Reject(row.id, row.row, error.reason, error.message, label=row.label)
        return Example(row.id, row.label, store.ref(name), row.row)


@dataclass(frozen=True, slots=True)
class _Record:
    id: str
    image: str
    label: str
    row: int


class _MalformedError(Exception):
    """A defect of a record; becomes the message of a reject in this module."""


def _fields(value: object, row: int) -> _Record:
    if not isinstance(value, dict):
        raise _MalformedError(f"is of type {type(value).__name__}, not an object")
    images = value.get("images")
    if not isinstance(images, list) or len(images) != 1:
        problem = f"has {len(images)}" if isinstance(images, list) else "has no list of them"
        raise _MalformedError(f"needs exactly one path under 'images', {problem}")
    image = images[0]
    if not isinstance(image, str) or not image:
        raise _MalformedError("needs a path under 'images', a string that is not empty")
    name = value.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int | None):
        raise _MalformedError("needs a string or an integer as 'id', or none")
    label = _last_answer(value.get("messages")).rstrip().rpartition("\n")[2].strip()
    if not label:
        raise _MalformedError("needs a label, but its last assistant turn is empty")
    return _Record(str(name) if name not in (None, "") else posixpath.splitext(image)[0], image, label, row)


def _last_answer(messages: object) -> str:
    asked, answer = False, None
    for turn in messages if isinstance(messages, list) else []:
        if not isinstance(turn, dict):
            raise _MalformedError("has a turn that is not an object")
        speaker = turn.get("from", turn.get("role"))
        text = turn.get("value", turn.get("content"))
        if not isinstance(speaker, str) or not isinstance(text, str):
            raise _MalformedError("has a turn without 'from' and 'value' (or 'role' and 'content') as strings")
        asked = asked or speaker in _HUMAN
        answer = text if speaker in _ASSISTANT else answer
    if not asked:
        raise _MalformedError("needs a human turn under 'messages'")
    if answer is None:
        raise _MalformedError("needs an assistant turn under 'messages'")
    return answer
