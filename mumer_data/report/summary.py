"""Summary of a finished build: configs, counts, rejects and one sample per config, for `mumer inspect`.

Reads the manifest and one row of each config; not for checking every row.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mumer_data.exceptions import OutputError
from mumer_data.shards.manifest import read_manifest


@dataclass(frozen=True, slots=True)
class ShownSample:
    """The first row of a config: ``image`` is its name, ``image_size`` (width, height) in pixels if embedded."""

    id: str
    image: str
    image_size: tuple[int, int] | None
    messages: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ConfigSummary:
    """One config: ``size`` in bytes on disk."""

    name: str
    task: str
    rows: int
    shards: int
    size: int
    sample: ShownSample | None


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """One build, as `mumer inspect` shows it."""

    name: str
    read: int
    accepted: int
    rejected: int
    reasons: dict[str, int]
    rejects: list[dict[str, Any]]
    configs: list[ConfigSummary]

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def summarise(folder: Path, *, rejects: int = 5) -> BuildSummary:
    """Look into a finished build; shows the first ``rejects`` rejects. Raises ``OutputError``."""
    manifest = read_manifest(folder)
    counts = manifest["counts"]
    try:
        configs = [_config(folder, name, config) for name, config in manifest["configs"].items()]
        shown = _first_rows(folder / "rejects.parquet", rejects)
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder} is damaged: {error}; build it anew") from error
    return BuildSummary(
        manifest["name"],
        counts["read"],
        counts["accepted"],
        counts["rejected"],
        counts["reasons"],
        shown,
        configs,
    )


def _config(folder: Path, name: str, config: dict[str, Any]) -> ConfigSummary:
    filled = next((shard["file"] for shard in config["shards"] if shard["rows"]), None)
    sample = _first_sample(folder / filled) if filled else None
    return ConfigSummary(name, config["task"], config["rows"], len(config["shards"]), config["size"], sample)


def _first_rows(path: Path, count: int) -> list[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(batch_size=count), None)
        return [] if batch is None else batch.to_pylist()


def _first_sample(shard: Path) -> ShownSample:
    row = _first_rows(shard, 1)[0]
    image = row["images"][0]
    messages = [(next(iter(m.values())), list(m.values())[1]) for m in row["messages"]]
    if isinstance(image, str):
        return ShownSample(row["id"], image, None, messages)
    from PIL import Image

    with Image.open(io.BytesIO(image["bytes"])) as opened:
        return ShownSample(row["id"], image["path"], opened.size, messages)
