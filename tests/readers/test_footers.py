"""A Parquet file whose footer contradicts itself is refused by whoever reads it: no row counts that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import SourceError
from mumer_data.mining.images import ImageFinder
from mumer_data.readers.footers import rows_of_groups
from mumer_data.readers.predictions import plan_predictions, read_predictions, read_slice
from mumer_data.readers.shards import ShardsReader
from tests.conftest import png

TURNS = [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "x"}]
SHARD = {"id": "a", "messages": TURNS, "images": [{"bytes": png(0), "path": "a.png"}]}
PREDICTION = {"img_id": "a", "gt": "x", "pred": "y"}


def lying(path: Path, row: dict[str, Any]) -> Path:
    """Two rows in two groups, and a footer that says 47 (field 3 of FileMetaData, in Thrift's compact protocol)."""
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row] * 2), path, row_group_size=1)
    data = path.read_bytes()
    assert data.count(b"\x16\x04\x19") == 1
    path.write_bytes(data.replace(b"\x16\x04\x19", b"\x16\x5e\x19"))
    assert pq.read_metadata(path).num_rows == 47
    return path


def test_rows_of_groups(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(5)}), tmp_path / "a.parquet", row_group_size=2)
    assert rows_of_groups(pq.read_metadata(tmp_path / "a.parquet"), tmp_path) == [2, 2, 1]
    pq.write_table(pa.table({"a": []}), tmp_path / "none.parquet")
    assert sum(rows_of_groups(pq.read_metadata(tmp_path / "none.parquet"), tmp_path)) == 0


def test_predictions(tmp_path: Path) -> None:
    path = lying(tmp_path / "p.parquet", PREDICTION)
    for read in (lambda: plan_predictions(path, 10), lambda: list(read_predictions(path))):
        with pytest.raises(SourceError, match="its footer says 47 rows, its row groups hold 2"):
            read()


def test_shards_as_a_source_and_as_images(tmp_path: Path) -> None:
    path = lying(tmp_path / "shards" / "a.parquet", SHARD)
    reader = ShardsReader(ShardsReader.Options(format="shards", path=str(path.parent)), tmp_path)
    with pytest.raises(SourceError, match="its footer says 47 rows"):
        reader.plan(10, 1 << 20)
    with pytest.raises(SourceError, match="its footer says 47 rows"):
        ImageFinder.of(path.parent, tmp_path).find("a", "").read()


def test_shards_to_train_on(tmp_path: Path) -> None:
    shards = pytest.importorskip("mumer_train.shards")
    with pytest.raises(SourceError, match="its footer says 47 rows"):
        shards.check_file(str(lying(tmp_path / "a.parquet", SHARD)))


def short(path: Path, row: dict[str, Any]) -> Path:
    """Two rows in one group, whose first page says that it is none of data: Arrow passes it over, and has no rows."""
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row] * 2), path, use_dictionary=False)
    data = bytearray(path.read_bytes())
    assert data[4:6] == b"\x15\x00"
    data[5] = 2
    path.write_bytes(data)
    assert sum(map(len, pq.ParquetFile(path).iter_batches())) == 0
    return path


def test_rows_that_a_footer_promises_in_vain(tmp_path: Path) -> None:
    predictions = short(tmp_path / "p.parquet", PREDICTION)
    (part,) = plan_predictions(predictions, 10)
    for rows in (read_predictions(predictions), read_slice(predictions, part)):
        with pytest.raises(SourceError, match="it holds fewer rows than its footer says"):
            list(rows)
    shard = short(tmp_path / "shards" / "a.parquet", SHARD)
    reader = ShardsReader(ShardsReader.Options(format="shards", path=str(shard.parent)), tmp_path)
    (part,) = reader.plan(10, 1 << 20)
    with pytest.raises(SourceError, match="it holds fewer rows than its footer says"):
        list(reader.read(part))
