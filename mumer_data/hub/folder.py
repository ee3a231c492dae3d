"""A finished build on disk: its configs, its shards, and the texts in their columns.

Not for checking it: see `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from mumer_data.exceptions import OutputError
from mumer_data.shards.manifest import read_manifest
from mumer_data.shards.work import PLAN_FILE, WORK
from mumer_data.shards.writer import ShardInfo, leaves

_SHARD = re.compile(r"(?P<split>\w+)-\d{5}-of-(?P<count>\d{5})\.parquet")
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class BuiltConfig:
    """One config of a build.

    Attributes:
        name, task: as in the manifest.
        split: the first word of its files' names.
        shards: its files, in order.
    """

    name: str
    task: str
    split: str
    shards: tuple[ShardInfo, ...]

    @property
    def rows(self) -> int:
        """Number of rows in all shards."""
        return sum(shard.rows for shard in self.shards)

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(shard.size for shard in self.shards)

    @property
    def pattern(self) -> str:
        """A glob pattern that matches only its files, also if a build with other slices is in the same folder."""
        return f"{self.name}/{self.split}-*-of-{len(self.shards):05d}.parquet"


@dataclass(frozen=True, slots=True)
class Build:
    """A finished build.

    Attributes:
        folder: its folder.
        manifest: the content of ``manifest.json``.
        configs: its configs.
    """

    folder: Path
    manifest: dict[str, Any]
    configs: tuple[BuiltConfig, ...]

    @property
    def name(self) -> str:
        """Name of the data set."""
        return str(self.manifest["name"])

    @property
    def source(self) -> dict[str, Any]:
        """The ``source`` of its pipeline; empty if the build was mined from predictions."""
        source: dict[str, Any] = self.manifest.get("pipeline", {}).get("source", {})
        return source

    def texts(self, config: BuiltConfig, leaf: str) -> Iterator[pa.Array]:
        """All values of one leaf column of a config, batch by batch; for ``images...path`` no image bytes are read."""
        for shard in config.shards:
            with pq.ParquetFile(self.folder / shard.file) as file:
                if leaf not in leaves(file.schema_arrow):
                    continue
                for batch in file.iter_batches(batch_size=_BATCH, columns=[leaf]):
                    yield _flat(batch.column(0))

    def leaves(self, config: BuiltConfig) -> list[str]:
        """The columns of a config, as Parquet stores them."""
        return leaves(self.schema(config))

    def schema(self, config: BuiltConfig) -> pa.Schema:
        """The Arrow schema of a config."""
        return pq.read_schema(self.folder / config.shards[0].file)


def open_build(folder: Path) -> Build:
    """A build to be pushed.

    Raises:
        OutputError: it is not a build, is not finished, or is being written to.
    """
    _check_idle(folder)
    manifest = read_manifest(folder)
    try:
        configs = tuple(_config(name, config) for name, config in manifest["configs"].items())
        manifest["name"], manifest["versions"], manifest["counts"]["accepted"]
    except (KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"{folder / 'manifest.json'} is not that of a build ({error!r} is missing)") from None
    if not any(config.rows for config in configs):
        raise OutputError(f"{folder} holds no rows: there is nothing to push")
    return Build(folder, manifest, configs)


def _check_idle(folder: Path) -> None:
    work = folder / WORK
    if not work.is_dir():
        return
    if (work / "lock").is_file():
        try:
            with FileLock(work / "lock", timeout=0):
                pass
        except Timeout:
            raise OutputError(f"a run is writing to {folder}: push when it is done") from None
        except OSError:  # a read-only folder: no run of this machine can hold it
            pass
    if (work / PLAN_FILE).is_file():
        raise OutputError(f"{folder} holds an unfinished run: go on with --resume, then push")


def _config(name: str, config: dict[str, Any]) -> BuiltConfig:
    shards = tuple(ShardInfo(**shard) for shard in config["shards"])
    for shard in shards:
        folder, _, file = shard.file.rpartition("/")
        match = _SHARD.fullmatch(file)
        if folder != name or match is None or int(match["count"]) != len(shards):
            raise OutputError(
                f"the manifest names {shard.file!r} as a shard of {name!r}: this is not a build of this library"
            )
    if not shards:
        raise OutputError(f"the config {name!r} has no shards: this is not a build of this library")
    split = shards[0].file.rpartition("/")[2].partition("-")[0]
    return BuiltConfig(name, str(config["task"]), split, shards)


def _flat(values: pa.Array) -> pa.Array:
    """The leaves of nested lists and structs of one field."""
    while True:
        if pa.types.is_list(values.type):
            values = values.flatten()
        elif pa.types.is_struct(values.type):
            values = values.field(0)
        else:
            return values


def label_config(configs: Sequence[BuiltConfig]) -> BuiltConfig | None:
    """The config with the shortest answers that end in the label; ``None`` if there is no such config."""
    order = ("recognition", "symbol_count", "error_fix", "tree_cot")
    known = [config for config in configs if config.task in order and config.rows]
    return min(known, key=lambda config: order.index(config.task), default=None)
