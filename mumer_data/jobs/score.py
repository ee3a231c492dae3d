"""Score the predictions of a file with rewards: means, and the values of every row.

Not for evaluation: rewards give partial credit, and exploits none; see `mumer_data.metrics` for published figures.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from mumer_data.io.atomic import atomic_write
from mumer_data.readers.predictions import PredictionFile
from mumer_data.records import Prediction
from mumer_data.rewards.weighted import WeightedReward

_BATCH = 1_024  # rows in memory at a time


def score_file(path: Path, reward: WeightedReward, out: Path | None = None) -> dict[str, Any]:
    """Means over the rows of a file whose reference can be read.

    Args:
        path: predictions, see `PredictionFile`.
        reward: the rewards and their weights.
        out: JSON lines with ``img_id``, ``sample``, each reward and ``total``, in the order of the file.

    Returns:
        ``n`` (rows), ``rewards`` (name -> ``mean`` and ``n``), ``total`` (the same) and ``signature``.

    Raises:
        SourceError: the file cannot be read.
    """
    if out is None:
        values, rows = _scored(path, reward, None)
    else:
        with atomic_write(out) as partial, partial.open("w", encoding="utf-8") as file:
            values, rows = _scored(path, reward, file)
    means = {name: _mean(found) for name, found in values.items()}
    total = means.pop("total", _mean([]))
    return {"n": rows, "rewards": means, "total": total, "signature": reward.signature}


def _scored(path: Path, reward: WeightedReward, file: IO[str] | None) -> tuple[dict[str, list[float]], int]:
    """Values of each reward that are not left out, and the number of rows; writes every row."""
    values: dict[str, list[float]] = defaultdict(list)
    rows = 0
    for batch in _batches(PredictionFile(path)):
        parts = reward.parts([row.text for row in batch], [row.label for row in batch])
        columns = {**parts, "total": reward.total(parts)}
        rows += len(batch)
        for name, column in columns.items():
            values[name] += [value for value in column if value is not None]
        if file is not None:
            for place, row in enumerate(batch):
                scores = {name: column[place] for name, column in columns.items()}
                file.write(json.dumps({"img_id": row.id, "sample": row.sample, **scores}, ensure_ascii=False) + "\n")
    return values, rows


def _batches(rows: PredictionFile) -> Iterator[list[Prediction]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _mean(values: Sequence[float]) -> dict[str, float | int | None]:
    return {"mean": math.fsum(values) / len(values) if values else None, "n": len(values)}
