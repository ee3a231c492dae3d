"""The verbs `confusions`, `mine` and `corrupt` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from mumer_data.cli import main
from tests.mining import prediction_rows, write_rows


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["mumer", *arguments])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "p.jsonl", prediction_rows(60))


def test_confusions(
    predictions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--png", str(tmp_path / "c.png"), "--out", str(tmp_path / "c.parquet")]
    assert run(["confusions", str(predictions), "--json", *files], monkeypatch) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["predictions"], found["wrong"]) == (60, 40)
    top = found["structure"][0]
    assert (top["label_symbol"], top["predicted_symbol"], top["count"]) == ("^", "", 20)
    assert len(top["examples"]) == 3
    assert top["examples"][0]["id"] == "e2"
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 300
    assert pq.read_table(tmp_path / "c.parquet").num_rows == sum(
        len(found[name]) for name in ("confusions", "insertions", "deletions", "structure")
    )
    assert run(["confusions", str(predictions), "--top", "2"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "60 predictions: 20 right, 40 wrong" in shown
    assert "wrong relations and structure" in shown


def test_confusions_of_right_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_rows(tmp_path / "p.json", [{"img_id": "a", "gt": "x", "pred": "x"}])
    assert run(["confusions", str(file), "--png", str(tmp_path / "c.png")], monkeypatch) == 0
    assert (tmp_path / "c.png").is_file()


def test_mine(
    predictions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mined"
    assert run(["mine", str(predictions), "--out", str(out), "--workers", "1"], monkeypatch) == 0
    assert "60 read = 20 right + 40 wrong" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        "README.md",
        "confusions.parquet",
        "confusions.png",
        "dataset_info.json",
        "manifest.json",
        "mined_error_find",
        "mined_error_fix",
        "mining.json",
        "rejects.parquet",
    }
    assert run(["inspect", str(out)], monkeypatch) == 0
    assert "60 rows read = 40 accepted + 0 rejected + 20 not needed" in " ".join(capsys.readouterr().out.split())
    assert run(["mine", str(predictions), "--out", str(out), "--resume", "--json"], monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["sampled"] == 40
    assert run(["mine", str(predictions), "--out", str(out)], monkeypatch) == 2
    assert "holds a build already" in capsys.readouterr().err


def test_corrupt(
    predictions: Path,
    good_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pipeline = tmp_path / "s.yaml"
    pipeline.write_text(f"name: s\nsource: {{format: caption, path: {good_folder}}}\n", encoding="utf-8")
    one, two = tmp_path / "one", tmp_path / "two"
    arguments = ["corrupt", str(pipeline), "--name", "s", "--workers", "1", "--json"]
    assert run([*arguments, "--like", str(predictions), "--out", str(one)], monkeypatch) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["read"] == 60
    assert counts["accepted"] > 50
    assert run([*arguments, "--channel", str(one / "channel.json"), "--out", str(two)], monkeypatch) == 0
    shard = "s_error_fix/train-00000-of-00001.parquet"
    assert (one / shard).read_bytes() == (two / shard).read_bytes()
    assert run([*arguments, "--out", str(tmp_path / "three")], monkeypatch) == 2
    assert "either" in " ".join(capsys.readouterr().err.replace("│", " ").split())
