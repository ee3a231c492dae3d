"""Writes Parquet for the Hub: whole files or none, row groups that a viewer can page through.

Not for deciding what goes into which file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.io.atomic import atomic_write, file_sha256
from mumer_data.records import Reject
from mumer_data.shards.schema import REJECTS, Columns, ShardRow, shard_schema, to_table

# The Hub's viewer reads whole row groups; small ones also bound the writer's memory.
GROUP_ROWS = 1_000
GROUP_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """What the manifest says of one file; ``size`` in bytes, ``sha256`` of the file."""

    file: str
    rows: int
    size: int
    sha256: str


class ShardWriter:
    """One shard on its way to disk; use as a context manager, the file appears when it ends without an error."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self.path = path
        self.rows = 0
        self._columns = columns
        self._pending: list[ShardRow] = []
        self._bytes = 0
        self._replacing = atomic_write(path)
        self.info: ShardInfo | None = None

    def __enter__(self) -> ShardWriter:
        self._temporary = self._replacing.__enter__()
        self._writer = parquet_writer(self._temporary, shard_schema(self._columns))
        return self

    def write(self, row: ShardRow) -> None:
        """Add one row; a full row group goes to disk."""
        self._pending.append(row)
        self._bytes += row.size()
        if len(self._pending) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            self._writer.write_table(to_table(self._pending, self._columns))
            self.rows += len(self._pending)
            self._pending, self._bytes = [], 0

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is None:
                self._flush()
            self._writer.close()
            if kind is None:
                size, digest = self._temporary.stat().st_size, file_sha256(self._temporary)
                self.info = ShardInfo(f"{self.path.parent.name}/{self.path.name}", self.rows, size, digest)
        except OSError as problem:  # a full disk, perhaps: what is half-written vanishes, and the error is told as ours
            kind, error = (type(problem), problem) if error is None else (kind, error)
        self._replacing.__exit__(kind, error, None)


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer with the settings of the Hub: content-defined chunks and a page index, so that uploads deduplicate."""
    # zstd takes 5% off small PNGs (CROHME: 6.8 -> 6.5 MB) for 2 us a row; a dictionary of images would only cost.
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[name for name in leaves(schema) if name != "images.list.element.bytes"],
        write_page_index=True,
        use_content_defined_chunking=True,
    )


def leaves(schema: pa.Schema) -> list[str]:
    """The paths of the columns that Parquet really stores, e.g. ``messages.list.element.value``."""
    paths: list[str] = []
    pending = [(field.name, field.type) for field in schema]
    while pending:
        name, kind = pending.pop()
        if pa.types.is_list(kind):
            pending.append((f"{name}.list.element", kind.value_type))
        elif pa.types.is_struct(kind):
            pending.extend((f"{name}.{child.name}", child.type) for child in kind)
        else:
            paths.append(name)
    return sorted(paths)


def write_rejects(path: Path, rejects: list[Reject]) -> None:
    """One slice's rejects as Parquet."""
    with atomic_write(path) as temporary:
        pq.write_table(pa.Table.from_pylist([asdict(reject) for reject in rejects], REJECTS), temporary)


def merge_rejects(parts: Iterable[Path], path: Path) -> None:
    """All rejects of a run in one file, in order, a slice's worth in memory at a time."""
    with atomic_write(path) as temporary, pq.ParquetWriter(temporary, REJECTS, compression="zstd") as writer:
        for part in parts:
            with part.open("rb") as file:
                writer.write_table(pq.read_table(file, schema=REJECTS))
