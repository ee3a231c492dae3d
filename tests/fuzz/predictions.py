"""Any bytes as a prediction file of each kind: predictions and rejects, sliced or whole, or ``SourceError``."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.readers.predictions import SUFFIXES, plan_predictions, read_predictions, read_slice
from mumer_data.records import Prediction, Reject

FOLDER = Path(tempfile.mkdtemp(prefix="mumer-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
ROWS = [
    {"img_id": "a", "gt": "x", "pred": "y", "image_path": "images/a.png", "dataset": "d", "sample": 0},
    {"img_id": "b", "gt": "x ^ { 2 }", "pred": None, "image_path": None, "dataset": None, "sample": 1},
]


def check(data: bytes) -> None:
    path = FOLDER / f"p{SUFFIXES[data[0] % 3 if data else 0]}"
    path.write_bytes(data[1:])
    try:
        rows = list(read_predictions(path))
    except SourceError:
        return
    assert all(isinstance(row, Prediction | Reject) for row in rows)
    assert [row.row for row in rows] == list(range(len(rows)))
    for row in rows:
        str(row).encode("utf-8")
    if rows:
        parts = plan_predictions(path, 2)
        assert sum(part.rows for part in parts) == len(rows)
        again = [row for part in parts for row in read_slice(path, part)]
        assert [type(row) for row in again] == [type(row) for row in rows]


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), buffer, compression="none", row_group_size=1)
    return buffer.getvalue()


def seeds() -> list[bytes]:
    lines = "\n".join(map(json.dumps, ROWS)).encode()
    return [b"\x00" + json.dumps(ROWS).encode(), b"\x00" + lines, b"\x01\xef\xbb\xbf" + lines, b"\x02" + parquet()]
