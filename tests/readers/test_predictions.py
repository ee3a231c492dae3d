"""Prediction files: three formats, one meaning; what is broken is named, row by row."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import SourceError
from mumer_data.readers.predictions import (
    load_predictions,
    plan_predictions,
    prediction_files,
    read_predictions,
    read_slice,
)
from mumer_data.records import Prediction, Reject

ROWS = [
    {"gt": "x ^ { 2 }", "pred": "x _ { 2 }", "img_id": "a", "image_path": "images/a.png"},
    {"gt": "y", "pred": "", "img_id": "b", "image_path": "images/b.png"},
    {"gt": "已", "pred": None, "img_id": "c", "image_path": "images/c.png"},
]
READ = [
    Prediction("a", "x ^ { 2 }", "x _ { 2 }", "images/a.png", row=0),
    Prediction("b", "y", "", "images/b.png", row=1),
    Prediction("c", "已", "", "images/c.png", row=2),
]


def written(folder: Path, form: str) -> Path:
    path = folder / f"rows.{form}"
    if form == "json":
        path.write_text(json.dumps(ROWS, indent=1), encoding="utf-8")
    elif form == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist([*ROWS]).append_column("other", pa.array([1, 2, 3])), path)
    return path


@pytest.mark.parametrize("form", ["json", "jsonl", "parquet"])
def test_three_formats_one_meaning(tmp_path: Path, form: str) -> None:
    assert load_predictions(written(tmp_path, form)) == READ


def test_a_json_file_may_hold_lines(tmp_path: Path) -> None:
    lines = written(tmp_path, "jsonl")
    assert load_predictions(lines.rename(tmp_path / "lines.json")) == READ


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"label": "x", "predict": "y"}, Prediction("0", "x", "y")),
        (
            {"gt": "x", "pred": "y", "id": 7, "dataset": "crohme", "sample": 3},
            Prediction("7", "x", "y", "", "crohme", 3),
        ),
        ({"gt": "x", "pred": "y", "image_path": "a/b c.png"}, Prediction("b c", "x", "y", "a/b c.png")),
        ({"gt": "x", "pred": float("nan"), "img_id": float("nan")}, Prediction("0", "x", "")),
    ],
    ids=["another trainer's", "sampled", "named by its image", "missing as pandas writes it"],
)
def test_other_names(tmp_path: Path, row: dict[str, object], found: Prediction) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert load_predictions(tmp_path / "p.jsonl") == [found]


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        (b'{"pred": "x", "img_id": "a"}', "row_malformed", "row 1 (from 0), id 'a', has no label under 'gt'"),
        (b'{"gt": "x", "img_id": "a"}', "row_malformed", "row 1 (from 0), id 'a', has no text under 'pred'"),
        (b'{"gt": "x", "pred": 1}', "row_malformed", "has no text under 'pred'"),
        (b'{"gt": "x", "pred": "y", "sample": 9223372036854775808}', "row_malformed", "a 'sample' beyond 64 bits"),
        (b'{"gt": "x", "pred": "y", "sample": -9223372036854775809}', "row_malformed", "a 'sample' beyond 64 bits"),
        (b"[1]", "row_malformed", "row 1 (from 0) is of type list, not an object"),
        (b"{", "row_malformed", "line 2 is not JSON"),
        (b"\xff", "row_encoding", "line 2 is not UTF-8 at byte 0"),
        (b'{"gt": "\\ud800", "pred": ""}', "row_encoding", "half a surrogate pair"),
    ],
)
def test_malformed_rows_are_named_and_left_out(
    tmp_path: Path, line: bytes, reason: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(json.dumps(ROWS[0]).encode() + b"\n" + line + b"\n" + json.dumps(ROWS[1]).encode())
    _, bad, last = read_predictions(path)
    assert isinstance(bad, Reject)
    assert (bad.reason, bad.row) == (reason, 1)
    assert message in bad.message
    assert isinstance(last, Prediction)
    assert [row.row for row in load_predictions(path)] == [0, 2]
    assert "1 of 3 rows are not predictions" in caplog.text
    assert message in caplog.text
    path.write_bytes(line)
    with pytest.raises(SourceError, match="1 of 1 rows are not predictions"):
        load_predictions(path)


def test_the_largest_sample_number_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"gt": "x", "pred": "y", "sample": 9223372036854775807}', encoding="utf-8")
    assert load_predictions(path)[0].sample == 9223372036854775807


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.json", b"[1, 2", "line 1, column 6"),
        ("p.jsonl", b"", "has no rows"),
        ("p.parquet", b"no", "cannot be read as Parquet"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        load_predictions(tmp_path / name)


def test_folders_stand_for_their_files(tmp_path: Path) -> None:
    files = [written(tmp_path, form) for form in ("json", "jsonl", "parquet")]
    assert prediction_files([tmp_path, files[0]]) == [*files, files[0]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no prediction file"):
        prediction_files([tmp_path / "empty"])
    with pytest.raises(SourceError, match="No such file"):
        load_predictions(tmp_path / "nothing.json")


@pytest.mark.parametrize("form", ["json", "jsonl", "parquet"])
@pytest.mark.parametrize("rows", [1, 2, 3, 50])
def test_slices_hold_all_rows_once(tmp_path: Path, form: str, rows: int) -> None:
    path = tmp_path / f"p.{form}"
    values = [{"img_id": f"e{n}", "gt": f"x _ {{ {n} }} é", "pred": "x"} for n in range(11)]
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(values), path, row_group_size=4)
    elif form == "json":
        path.write_text(json.dumps(values, ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        path.write_text("\ufeff" + "\n\n".join(map(json.dumps, values)), encoding="utf-8")
    parts = plan_predictions(path, rows)
    assert [part.rows for part in parts] == [min(rows, 11 - start) for start in range(0, 11, rows)]
    assert [row for part in parts for row in read_slice(path, part)] == list(read_predictions(path))
    if form == "jsonl":
        path.write_bytes(path.read_bytes()[:20])
        with pytest.raises(SourceError, match="has changed"):
            list(read_slice(path, parts[-1]))


def test_a_broken_line_of_a_later_slice_is_named_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"gt": "x", "pred": "x"}\n{', encoding="utf-8")
    (bad,) = read_slice(path, plan_predictions(path, 1)[1])
    assert isinstance(bad, Reject)
    assert bad.message.startswith("the line at byte 25 is not JSON")


def not_utf_8(texts: list[bytes]) -> pa.Array:
    """A column that Arrow takes for texts, whatever its bytes."""
    made = pa.array(texts)
    return pa.StringArray.from_buffers(len(texts), *made.buffers()[1:])


def test_parquet_that_is_not_utf_8_loses_only_its_row(tmp_path: Path) -> None:
    table = pa.table({"gt": not_utf_8([b"x", b"\xff\xfe", b"y"]), "pred": ["a", "b", "c"]})
    pq.write_table(table, tmp_path / "p.parquet")
    first, bad, last = read_predictions(tmp_path / "p.parquet")
    assert isinstance(first, Prediction)
    assert isinstance(bad, Reject)
    assert isinstance(last, Prediction)
    assert (bad.reason, bad.row, last.label, last.row) == ("row_encoding", 1, "y", 2)
    assert len(plan_predictions(tmp_path / "p.parquet", 2)) == 2
