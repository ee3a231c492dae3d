"""Prediction files for the tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SWAPS = {"1": "l", "x": "X", "a": "d", "+": "t"}


def prediction_rows(count: int, *, passes: int = 1) -> list[dict[str, Any]]:
    """Rows over ``count`` images: of every three one is right, one has a symbol swapped, one lacks a script."""
    rows: list[dict[str, Any]] = []
    for sample in range(passes):
        for number in range(count):
            label = f"x _ {{ {number % 7} }} + a ^ {{ {' '.join(str(number))} }} = 1"
            text = label
            if (number + sample) % 3 == 1:
                tokens = label.split()
                place = (number // 3) % len(tokens)
                text = " ".join(SWAPS.get(token, token) if at >= place else token for at, token in enumerate(tokens))
            elif (number + sample) % 3 == 2:
                text = label.replace("^ { ", "").replace(" } = 1", " = 1")
            rows.append({"img_id": f"e{number}", "gt": label, "pred": text, "sample": sample})
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """As JSON, JSON lines or Parquet, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        path.write_text(json.dumps(rows), encoding="utf-8")
    return path
