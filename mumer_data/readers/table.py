"""Reader of tables: one Parquet, CSV or JSON-lines file with named columns of images and labels.

Not for chats (see `shards`, `sharegpt`) nor for what only `datasets` can load (see `hub`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.files import open_store, read_image
from mumer_data.readers.footers import arrow_errors, fewer, rows_of_groups
from mumer_data.readers.lines import changed, cut, lines
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, ImageRef, Reject, Slice

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl")
_BATCH = 256  # rows of a Parquet file in memory at a time, with their images
Row = Mapping[str, Any]


class TableReader:
    """One example per row of the table."""

    class Options(SourceOptions):
        """The file, and the names of its columns.

        Attributes:
            path: a ``.parquet``, ``.csv``, ``.tsv`` or ``.jsonl`` file; CSV and TSV begin with the column names.
            image: column of images: a path or name below ``images``; in Parquet also bytes, or a struct of ``bytes``
                and ``path``.
            label: column of labels.
            id: column of ids; without it, the row number from 0 is the id.
            writer: column of writers, if there is one.
            images: folder or archive of the images; the folder of the table if left out.
        """

        format: Literal["table"]
        path: str
        image: str = "image"
        label: str = "label"
        id: str | None = None
        writer: str | None = None
        images: str | None = None

    def __init__(self, options: Options, base: Path) -> None:
        """Raises ``SourceError`` where the file or the folder of images does not exist, or is of another format."""
        self._options = options
        self._path = resolve(options.path, base)
        self._images = resolve(options.images, base) if options.images else self._path.parent
        if self._path.suffix.lower() not in FORMATS:
            raise SourceError(f"{self._path} is not a table: its name must end in {', '.join(FORMATS)}")

    def files(self) -> list[Path]:
        """The table."""
        return [self._path]

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows; the size of a row is known for Parquet only. Raises ``SourceError``."""
        rows, size = _extent(self._path, self._path.stat().st_mtime_ns)
        row_size = size // max(rows, 1)
        return cut(((row, row, row_size) for row in range(rows)), max_rows, max_bytes, str(self._path))

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice. Rejects: ``row_malformed``, ``image_missing``. Raises ``SourceError``."""
        number = part.start
        for number, row in enumerate(_rows(self._path, part.start, part.rows, self._columns()), part.start):
            yield row if isinstance(row, Reject) else self._example(number, row)
        if number != part.start + part.rows - 1:
            raise changed(str(self._path))

    def _columns(self) -> list[str]:
        named = (self._options.image, self._options.label, self._options.id, self._options.writer)
        return [name for name in dict.fromkeys(named) if name is not None]

    def _example(self, number: int, row: Row) -> Example | Reject:
        options = self._options
        value = row.get(options.id) if options.id else number
        example_id = "" if value is None else str(value)
        label, image = row.get(options.label), row.get(options.image)
        if not example_id or not isinstance(label, str) or not label.strip():
            column = options.label if example_id else options.id
            message = f"row {number}: column '{column}' holds no text"
            return Reject(example_id, number, "row_malformed", message)
        writer = str(row.get(options.writer) or "") if options.writer else ""
        reference = self._image(example_id, image)
        if isinstance(reference, str):
            return Reject(example_id, number, "image_missing", reference, label=label)
        return Example(example_id, label, reference, number, writer)

    def _image(self, example_id: str, image: object) -> ImageRef | str:
        """The image, or the reason why it is missing."""
        data, path = (image.get("bytes"), image.get("path")) if isinstance(image, Mapping) else (image, image)
        if isinstance(data, bytes) and data:
            name = Path(path).name if isinstance(path, str) and path else f"{example_id}.png"
            return ImageRef(name, None, partial(bytes, data))
        if not isinstance(path, str) or not path.strip():
            return f"column '{self._options.image}' has no image"
        store = open_store(self._images)
        try:
            name = store.find(path)
        except ImageError as error:
            return error.message
        on_disk = str(self._images / name) if self._images.is_dir() else None
        return ImageRef(Path(name).name, on_disk, partial(read_image, self._images, name))


@lru_cache(maxsize=64)
def _extent(path: Path, _version: int) -> tuple[int, int]:
    """Number of rows, and bytes of their images in the file (0 if they are stored elsewhere)."""
    import pyarrow.parquet as pq

    if path.suffix.lower() == ".parquet":
        with arrow_errors(path):
            return sum(rows_of_groups(pq.read_metadata(path), path)), path.stat().st_size
    return sum(1 for _ in _text_rows(path)), 0


def _rows(path: Path, start: int, count: int, columns: list[str]) -> Iterator[Row | Reject]:
    if path.suffix.lower() == ".parquet":
        return _parquet_rows(path, start, count, columns)
    return islice(_text_rows(path, columns), start, start + count)


def _parquet_rows(path: Path, start: int, count: int, columns: list[str]) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with arrow_errors(path), pq.ParquetFile(path) as file:
        _require(path, columns, file.schema_arrow.names)
        groups: list[int] = []
        first = row = 0
        for number, rows in enumerate(rows_of_groups(file.metadata, path)):
            if row + rows > start and row < start + count:
                first = first if groups else row
                groups.append(number)
            row += rows
        left = count
        skip = start - first
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=groups, columns=columns) if groups else ():
            part = batch.slice(min(skip, len(batch)), max(left, 0))
            skip = max(0, skip - len(batch))
            left -= len(part)
            yield from part.to_pylist()
        if left and row >= start + count:
            raise fewer(path)


def _text_rows(path: Path, columns: list[str] | None = None) -> Iterator[Row | Reject]:
    """The rows of a CSV, TSV or JSON-lines file; with ``columns``, they must be there."""
    try:
        if path.suffix.lower() == ".jsonl":
            with path.open("rb") as file:
                for number, line in enumerate(lines(file)):
                    yield _json_row(path, number, line.data, columns)
            return
        with path.open(encoding="utf-8-sig", newline="") as text:
            table = csv.DictReader(text, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            _require(path, columns or [], table.fieldnames or [])
            yield from table
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the path") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is not a table in UTF-8: {error}") from None


def _json_row(path: Path, number: int, data: bytes | None, columns: list[str] | None) -> Row | Reject:
    try:
        row = json.loads(data or b"")
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return Reject("", number, "row_malformed", f"row {number} of {path.name} is not a JSON object")
    if number == 0:
        _require(path, columns or [], list(row))
    return row


def _require(path: Path, columns: list[str], known: object) -> None:
    names = list(known) if isinstance(known, list | tuple) else []
    if missing := [name for name in columns if name not in names]:
        raise SourceError(f"{path} has no column '{missing[0]}'; it has {', '.join(names)}: name it in the pipeline")
