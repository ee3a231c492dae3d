"""Reader of Parquet shards of chats: a build of this library, or published data in the same columns.

Not for prediction files. The label is the last line of the last answer, as every task writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.exceptions import SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.files import read_file
from mumer_data.readers.footers import arrow_errors, fewer, rows_of_groups
from mumer_data.readers.lines import changed, cut
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, ImageRef, Reject, Slice

_BATCH = 256  # rows with their images in memory at a time
_ANSWERS = ("gpt", "assistant")


class ShardsReader:
    """One example per row of a config, in the order of its files."""

    class Options(SourceOptions):
        """Where the shards are.

        Attributes:
            path: a build, or a folder of Parquet files.
            config: name of a config of the build; by default its first, which is that of plain recognition.
        """

        format: Literal["shards"]
        path: str
        config: str | None = None

    def __init__(self, options: Options, base: Path) -> None:
        """Raises ``SourceError`` where the folder, or the config in it, does not exist."""
        self._folder = _config_folder(resolve(options.path, base), options.config)

    def files(self) -> list[Path]:
        """All shards."""
        return sorted(self._folder.glob("*.parquet"))

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows and the mean size of a row; offsets are row numbers. Raises ``SourceError``."""
        sizes = (size for rows, total in map(_extent, self.files()) for size in [total // max(rows, 1)] * rows)
        return cut(((row, row, size) for row, size in enumerate(sizes)), max_rows, max_bytes, str(self._folder))

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice. Raises ``SourceError``.

        Rejects: ``row_malformed``, ``row_encoding``, ``image_missing``.
        """
        first, last, begin = part.start, part.start + part.rows, 0
        for path in self.files():
            rows, _ = _extent(path)
            for row, value in _rows(path, begin, first, last) if begin < last and begin + rows > first else ():
                yield _example(value, row, path)
            begin += rows
        if begin < last:
            raise changed(str(self._folder))


def _config_folder(folder: Path, config: str | None) -> Path:
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder of shards")
    if config is None and (folder / "manifest.json").is_file():
        config = _first_config(folder / "manifest.json")
    shards = folder / config if config else folder
    if not any(shards.glob("*.parquet")):
        configs = ", ".join(sorted({path.parent.name for path in folder.glob("*/*.parquet")})) or "none"
        raise SourceError(f"no Parquet files in {shards}; configs there: {configs}; name one by the option config")
    return shards


def _first_config(manifest: Path) -> str:
    try:
        name: str = next(iter(json.loads(manifest.read_text(encoding="utf-8"))["configs"]))
        if Path(name).name != name:
            raise ValueError(f"{name!r} is not a name of a folder")
    except (OSError, ValueError, KeyError, TypeError, StopIteration, RecursionError) as error:
        raise SourceError(f"{manifest} names no configs ({error!r}); name one by the option config") from None
    return name


@lru_cache(maxsize=4096)
def _extent(path: Path) -> tuple[int, int]:
    """Rows, and bytes on disk."""
    with arrow_errors(path):
        schema = pq.read_schema(path)
        if missing := {"messages", "images"} - set(schema.names):
            raise SourceError(f"{path} has no column '{min(missing)}'; it has {', '.join(schema.names)}")
        return sum(rows_of_groups(pq.read_metadata(path), path)), path.stat().st_size


def _rows(path: Path, begin: int, first: int, last: int) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """The rows ``first`` to ``last`` (without it) of a file whose own first row is number ``begin``."""
    with arrow_errors(path), pq.ParquetFile(path) as file:
        names = [name for name in ("id", "messages", "images", "metadata") if name in file.schema_arrow.names]
        groups: list[int] = []
        start = row = begin
        for number, rows in enumerate(rows_of_groups(file.metadata, path)):
            if row + rows > first and row < last:
                start = start if groups else row
                groups.append(number)
            row += rows
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=groups, columns=names):
            indices = range(max(first - start, 0), min(last - start, len(batch)))
            yield from ((start + index, _python_row(batch.slice(index, 1))) for index in indices)
            start += len(batch)
        if groups and start < min(last, row):
            raise fewer(path)


def _python_row(batch: pa.RecordBatch) -> dict[str, Any] | None:
    """The one row of a batch; ``None`` where a text in it is not UTF-8, which Arrow does not check."""
    try:
        row: dict[str, Any] = batch.to_pylist()[0]
        return row
    except UnicodeDecodeError:
        return None


def image_of(images: object) -> tuple[bytes | None, str]:
    """Bytes and name of a row's one image; ``None`` and ``""`` if it does not have exactly one."""
    image = images[0] if isinstance(images, list) and len(images) == 1 else None
    data, name = (image.get("bytes"), image.get("path")) if isinstance(image, dict) else (None, image)
    return data if isinstance(data, bytes) else None, name if isinstance(name, str) else ""


def _example(value: dict[str, Any] | None, row: int, path: Path) -> Example | Reject:
    if value is None:
        return Reject("", row, "row_encoding", f"row {row} ({path.name}) is not UTF-8")
    data, name = image_of(value["images"])
    example_id = str(value.get("id") or Path(name).stem or row)
    label = _label_of_messages(value["messages"])
    if label is None:
        return Reject(example_id, row, "row_malformed", f"row {row} ({path.name}) has no answer of an assistant")
    if not data and not name:
        return Reject(
            example_id, row, "image_missing", f"row {row} ({path.name}) does not have exactly one image", label=label
        )
    file_name = Path(name).name or f"{example_id}.png"
    image = (
        ImageRef(file_name, None, partial(bytes, data))
        if data
        else ImageRef(file_name, name, partial(read_file, Path(name)))
    )
    metadata = partial(str, value["metadata"]) if value.get("metadata") else None
    return Example(example_id, label, image, row, "", metadata)


def _label_of_messages(messages: object) -> str | None:
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and (message.get("from") or message.get("role")) in _ANSWERS:
            answer = message.get("value") or message.get("content")
            return answer.rstrip("\n").rpartition("\n")[2].strip() or None if isinstance(answer, str) else None
    return None
