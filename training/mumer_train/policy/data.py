"""Rows of `mumer prompts` and `mumer pairs`, in the form that the trainers need.

Not for writing them: see `mumer_data.jobs.prompts` and `mumer_data.jobs.pairs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mumer_train.dependencies import TrainingError
from mumer_train.policy.config import Method

FILE = "train.parquet"
_COLUMNS = {"grpo": ("prompt", "images", "label"), "dpo": ("prompt", "images", "chosen", "rejected")}
_VERB = {"grpo": "prompts", "dpo": "pairs"}


def load_rows(folder: Path, method: Method) -> list[dict[str, Any]]:
    """The rows of a folder.

    Raises:
        TrainingError: the file does not exist, has other columns, or has no rows.
    """
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    path, verb = folder / FILE, _VERB[method]
    if not path.is_file():
        raise TrainingError(f"data: {path} does not exist; write it with `mumer {verb} PREDICTIONS --out {folder}`")
    try:
        table = pq.read_table(path)
    except (OSError, ArrowException) as error:
        raise TrainingError(f"data: {path} cannot be read: {error}") from None
    missing = [name for name in _COLUMNS[method] if name not in table.column_names]
    if missing:
        raise TrainingError(
            f"data: {path} has no column {', '.join(missing)}: --method {method} needs a folder that "
            f"`mumer {verb} --format trl` wrote"
        )
    rows: list[dict[str, Any]] = table.to_pylist()
    if not rows:
        raise TrainingError(f"data: {path} has no row")
    return rows


def image_bytes(row: dict[str, Any]) -> bytes:
    """The first image of a row."""
    data: bytes = row["images"][0]["bytes"]
    return data


def round_of(count: int, size: int, number: int, seed: int) -> Sequence[int]:
    """The rows of one round, by index: passes over all rows, each in a random order, are cut into rounds."""
    from mumer_data.seeding import rng_for

    begin = number * size
    orders = {one: rng_for(seed, str(one), "policy").permutation(count).tolist() for one in _passes(begin, size, count)}
    return [orders[position // count][position % count] for position in range(begin, begin + size)]


def _passes(begin: int, size: int, count: int) -> range:
    return range(begin // count, (begin + size - 1) // count + 1)
