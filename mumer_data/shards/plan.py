"""What a run writes, how its input is cut, and the record of each slice that is done.

Not for the output folder as a whole: see `run`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mumer_data.records import Reject, Slice
from mumer_data.shards.schema import Columns
from mumer_data.shards.work import WORK, Markers
from mumer_data.shards.writer import ShardInfo, write_rejects


@dataclass(frozen=True, slots=True)
class Config:
    """One config of a build: a folder of shards of one task."""

    name: str
    task: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides the bytes of a run; ``facts`` go into the manifest as they are.

    Attributes:
        facts: name, versions, seed, pipeline and inputs.
        configs: what is written.
        slices: how the input is cut.
        split: name of the split, the first word of a shard's name.
        columns: how rows are written.
    """

    facts: dict[str, Any]
    configs: list[Config]
    slices: list[Slice]
    split: str
    columns: Columns

    @property
    def fingerprint(self) -> str:
        """One hash over the plan: a run can go on only where this is the same."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def shard_name(self, number: int) -> str:
        """The file name of slice ``number`` in every config."""
        return f"{self.split}-{number:05d}-of-{len(self.slices):05d}.parquet"


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What came of one slice; sizes in bytes, ``images_sha256`` over the sha256 of its images in order.

    ``unused`` rows are in order, but nothing that the run is looking for. Of an accepted row come ``each`` in a shard.
    """

    number: int
    read: int
    accepted: int
    rejected: int
    reasons: dict[str, int]
    images_size: int
    images_sha256: str
    shards: list[ShardInfo]
    unused: int = 0
    each: int = 1


def save_result(out: Path, plan: Plan, result: SliceResult, rejects: list[Reject], files: Iterable[Path] = ()) -> None:
    """Mark a slice as done; its shards, and the further ``files`` that belong to it, must be complete already."""
    refused = rejects_of(out, result.number)
    write_rejects(refused, rejects)
    shards = [out / shard.file for shard in result.shards]
    Markers(out / WORK, plan.fingerprint).save(unit_name(result.number), asdict(result), [*shards, refused, *files])


def load_result(markers: Markers, name: str) -> SliceResult | None:
    """The result of the slice with this `unit_name`; ``None`` if it is not done, is damaged, or is of another run."""
    raw = markers.load(name)
    return None if raw is None else SliceResult(**(raw | {"shards": [ShardInfo(**shard) for shard in raw["shards"]]}))


def unit_name(number: int) -> str:
    """The name of a slice's marker."""
    return f"slice-{number:05d}"


def rejects_of(out: Path, number: int) -> Path:
    """The rejects of a slice, while the run is under way."""
    return out / WORK / f"rejects-{number:05d}.parquet"
