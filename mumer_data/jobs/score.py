"""Score the predictions of a file with rewards: means, and the values of every row.

Not for evaluation: rewards give partial credit, and none to exploits; see `mumer_data.metrics` for published metrics.
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
    """Mean rewards over the rows of a file with a readable label.

    Args:
        path: prediction file, see `PredictionFile`.
        reward: the rewards and their weights.
        out: JSON lines file to write, with ``img_id``, ``sample``, each reward and ``total``, in the order of the file.

    Returns:
        ``n`` (rows), ``rewards`` (name -> ``mean`` and ``n``), ``total`` (the same) and ``signature``.

    Raises:
        SourceError: the file cannot be read.
    """
    if out is None:
        values, rows = _scored(path, reward, None)
    else:
        with atomic_write(out) as temporary, temporary.open("w", encoding="utf-8") as file:
            values, rows = _scored(path, reward, file)
    means = {name: _mean(column) for name, column in values.items()}
    total = means.pop("total", _mean([]))
    return {"n": rows, "rewards": means, "total": total, "signature": reward.signature}


def _scored(path: Path, reward: WeightedReward, file: IO[str] | None) -> tuple[dict[str, list[float]], int]:
    """The defined values of each reward, and the number of rows; writes every row to ``file``."""
    values: dict[str, list[float]] = defaultdict(list)
    rows = 0
    for batch in _batches(PredictionFile(path)):
        parts = reward.parts([row.prediction for row in batch], [row.label for row in batch])
        columns = {**parts, "total": reward.total(parts)}
        rows += len(batch)
        for name, column in columns.items():
            values[name] += [value for value in column if value is not None]
        if file is not None:
            for index, row in enumerate(batch):
                scores = {name: column[index] for name, column in columns.items()}
                file.write(json.dumps({"img_id": row.id, "sample": row.sample, **scores}, ensure_ascii=False) + "\n")
    return values, rows


def _batches(rows: PredictionFile) -> Iterator[list[Prediction]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _mean(values: Sequence[float]) -> dict[str, float | int | None]:
    return {"mean": math.fsum(values) / len(values) if values else None, "n": len(values)}
