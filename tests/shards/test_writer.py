"""Files appear whole or not at all, in row groups that a viewer can page through."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write, file_sha256
from mumer_data.records import Reject, Sample
from mumer_data.shards.schema import Columns, ShardRow
from mumer_data.shards.writer import GROUP_BYTES, ShardWriter, merge_rejects, parquet_writer, write_rejects


def rows(count: int, size: int = 10) -> list[ShardRow]:
    return [ShardRow(Sample(f"e{i}", "Read it.", "x"), f"e{i}.png", bytes([i % 256]) * size) for i in range(count)]


def write(path: Path, found: list[ShardRow]) -> ShardWriter:
    with ShardWriter(path, Columns()) as writer:
        for row in found:
            writer.write(row)
    return writer


@pytest.mark.parametrize(
    ("count", "size", "groups"),
    [(0, 0, 0), (1, 10, 1), (2500, 10, 3), (5, GROUP_BYTES // 2, 3)],
    ids=["none", "one", "by rows", "by bytes"],
)
def test_row_groups_are_small_and_nothing_is_missing(tmp_path: Path, count: int, size: int, groups: int) -> None:
    path = tmp_path / "c" / "train-0.parquet"
    info = write(path, rows(count, size)).info
    with pq.ParquetFile(path) as file:
        assert file.num_row_groups == groups
        assert all(file.metadata.row_group(i).num_rows <= 1000 for i in range(groups))
        assert file.read(["id"])["id"].to_pylist() == [f"e{i}" for i in range(count)]
    assert info is not None
    assert (info.file, info.rows, info.size) == ("c/train-0.parquet", count, path.stat().st_size)
    assert info.sha256 == file_sha256(path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_pages_follow_the_content_so_that_uploads_deduplicate(tmp_path: Path) -> None:
    schema = pa.schema([("label", pa.string())])
    draw = random.Random(0)
    labels = [" ".join(draw.choices(["x", "y", "\\frac", "{", "}", "2", "+"], k=60)) + f" {i}" for i in range(40_000)]
    files = []
    for name, column in (("a", labels), ("b", ["one row more", *labels])):
        with parquet_writer(tmp_path / name, schema) as writer:
            writer.write_table(pa.table({"label": column}, schema=schema))
        files.append((tmp_path / name).read_bytes())
    first, second = files
    blocks = [first[at : at + 2048] for at in range(0, len(first) - 2048, len(first) // 50)]
    shared = sum(block in second for block in blocks)
    assert shared > len(blocks) / 2  # with pages of a fixed size, a row at the front moves all of them: none is shared


def test_the_page_index_is_written(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", rows(10))
    column = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0)
    assert column.has_column_index
    assert column.has_offset_index


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, rows(1200)).info for name in ("a.parquet", "b.parquet"))
    assert first is not None
    assert second is not None
    assert first.sha256 == second.sha256


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with ShardWriter(tmp_path / "a.parquet", Columns()) as writer:
            for row in rows(1500):
                writer.write(row)
            raise KeyError("boom")

    with pytest.raises(KeyError, match="boom"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*file/a"), atomic_write(tmp_path / "file" / "a"):
        pass


def test_rejects_merge_in_order(tmp_path: Path) -> None:
    parts = [tmp_path / "0", tmp_path / "1", tmp_path / "2"]
    write_rejects(parts[0], [Reject("a", 0, "latex_syntax", "bad", 3, "x }"), Reject("b", 1, "image_missing", "gone")])
    write_rejects(parts[1], [])
    write_rejects(parts[2], [Reject("c", 9, "row_malformed", "no tab")])
    merge_rejects(parts, tmp_path / "all")
    found = pq.read_table(tmp_path / "all").to_pylist()
    assert [(row["id"], row["row"], row["position"]) for row in found] == [("a", 0, 3), ("b", 1, None), ("c", 9, None)]
