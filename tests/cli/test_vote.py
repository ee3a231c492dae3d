"""The verb `vote` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.test_cli import mumer

LABELS = {"a": "x ^ { 2 }", "b": "n + 1", "c": "y"}


def write(path: Path, **texts: str) -> Path:
    rows = [{"img_id": name, "gt": LABELS[name], "pred": text} for name, text in texts.items()]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [
        write(tmp_path / "one.json", a="x ^ { 2 }", b="n + l", c="y"),
        write(tmp_path / "two.json", a="x 2", b="n + 1", c="y"),
        write(tmp_path / "three.json", a="x ^ { 2 }", b="n + 1"),
    ]


def test_votes_are_predictions(files: list[Path], tmp_path: Path) -> None:
    done = mumer("vote", *files, "--out", tmp_path / "votes.jsonl", "--json")
    found = json.loads(done.stdout)
    assert b"three.json lacks 1 of 3 images" in done.stderr
    assert (found["n"], found["exprate"]) == (3, 100)
    assert found["comparison"]["exprate_a"] == pytest.approx(200 / 3)
    rows = [json.loads(line) for line in (tmp_path / "votes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["pred"] for row in rows] == list(LABELS.values())
    assert 0.5 < rows[0]["confidence"] < 1
    assert json.loads(mumer("evaluate", tmp_path / "votes.jsonl", "--json").stdout)["exprate"] == 100


def test_rerank_weights_and_calibration(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("".join(f"t{n}\tn + 1\n" for n in range(9)), encoding="utf-8")
    options = ("--rerank", tmp_path / "train.txt", "--weights", "1,1", "--out", tmp_path / "votes.jsonl")
    done = mumer("vote", *files[:2], *options, "--fit-calibration", tmp_path / "calibration.json")
    assert done.returncode == 0, done.stderr
    assert "weight 1.000  ExpRate 66.67" in done.stdout.decode()
    first = [json.loads(line) for line in (tmp_path / "votes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert first[1]["pred"] == "n + 1"
    done = mumer("vote", *files[:2], *options, "--calibration", tmp_path / "calibration.json")
    second = [json.loads(line) for line in (tmp_path / "votes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert second[2]["confidence"] < first[2]["confidence"] == 1.0


def test_samples_of_one_file_with_log_probabilities(tmp_path: Path) -> None:
    rows = [
        {"img_id": "b", "gt": "n + 1", "pred": text, "sample": n, "logprob": value}
        for n, (text, value) in enumerate([("n + l", -9.0), ("n + 1", -0.1)])
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "samples.parquet")
    found = json.loads(mumer("vote", tmp_path / "samples.parquet", "--out", tmp_path / "v.jsonl", "--json").stdout)
    assert found["exprate"] == 100
    assert [name[-2:] for name in found["sources"]] == ["#0", "#1"]


def test_errors(files: list[Path], tmp_path: Path) -> None:
    one = mumer("vote", files[0], "--out", tmp_path / "v.jsonl")
    assert one.returncode == 2
    assert b"is one source" in one.stderr
    other = tmp_path / "other.json"
    other.write_text(json.dumps([{"img_id": "a", "gt": "z", "pred": "z"}]), encoding="utf-8")
    assert b"different labels of 'a'" in mumer("vote", files[0], other, "--out", tmp_path / "v.jsonl").stderr
    assert b"1 weights for 2 sources" in mumer("vote", *files[:2], "--weights", "1", "--out", "v").stderr
    unlabelled = [tmp_path / "u1.json", tmp_path / "u2.json"]
    for path in unlabelled:
        path.write_text(json.dumps([{"img_id": "a", "pred": "z"}]), encoding="utf-8")
    done = mumer("vote", *unlabelled, "--out", tmp_path / "v.jsonl", "--fit-calibration", tmp_path / "c.json")
    assert done.returncode == 2
    assert b"needs labels" in done.stderr
    assert mumer("vote", *unlabelled, "--out", tmp_path / "v.jsonl").returncode == 0
