"""The verb `audit`, and corrected labels in `evaluate`, from the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mumer_data.label_audit.rank import COLUMNS
from mumer_data.readers.corrections import read_corrections
from tests.cli.test_mining import run
from tests.conftest import caption_folder
from tests.label_audit.test_rank import label


@pytest.fixture
def predictions(tmp_path: Path) -> list[Path]:
    """Two files about 60 rows; the label of e7 is that of e40."""
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in files:
        rows = [{"img_id": f"e{i}", "gt": label(40 if i == 7 else i), "pred": label(i)} for i in range(60)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return files


def test_labels_of_prediction_files(
    predictions: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [part for path in predictions for part in ("--predictions", str(path))]
    out = tmp_path / "out"
    assert run(["audit", *named, "--out", str(out)], monkeypatch) == 0
    text = capsys.readouterr().out
    assert "  1." in text
    assert "e7" in text.splitlines()[0]
    table = pq.read_table(out / "audit.parquet")
    assert table.column_names == COLUMNS
    assert table.column("id")[0].as_py() == "e7"
    summary = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert (summary["rows"], summary["with_proposal"], summary["predictions"]) == (60, 1, ["a.jsonl", "b.jsonl"])
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "e7" in page
    assert page.count("<svg") + page.count("\\u003csvg") > 60


def test_labels_of_a_folder_with_images(
    predictions: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = caption_folder(tmp_path / "data", 60)
    lines = [f"e{i}\t{label(40 if i == 7 else i)}\n" for i in range(60)]
    (folder / "caption.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "raw_labels.tsv").write_text("e9\ta^2\n", encoding="utf-8")
    named = ["--predictions", str(predictions[0]), "--json"]
    assert run(["audit", str(folder), *named, "--out", str(tmp_path / "out")], monkeypatch) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["raw_label"] == 1
    ids = pq.read_table(tmp_path / "out" / "audit.parquet").column("id").to_pylist()
    assert set(ids[:2]) == {"e7", "e9"}
    assert "data:image/png;base64," in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_review_in_the_terminal_then_evaluate(
    predictions: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["x", "t", "e", "\\frac { 1", "e", label(1), "d", "k", "q"]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{one}\n" for one in answers)))
    out = tmp_path / "out"
    arguments = ["audit", "--predictions", str(predictions[0]), "--out", str(out), "--review", "--who", "me"]
    assert run(arguments, monkeypatch) == 0
    decisions = read_corrections(out / "corrections.tsv")
    assert [one.verdict for one in decisions.values()] == ["take", "edit", "drop", "keep"]
    assert decisions["e7"].new == label(7)
    assert decisions["e7"].who == "me"
    assert "never closes" in capsys.readouterr().out
    command = ["evaluate", str(predictions[0]), "--corrections", str(out / "corrections.tsv")]
    assert run([*command, "--json"], monkeypatch) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["exprate"] == pytest.approx(59 / 60 * 100, abs=1e-4)
    assert record["corrected"]["n"] == 59
    assert (record["corrected"]["labels_changed"], record["corrected"]["labels_dropped"]) == (2, 1)
    assert run(command, monkeypatch) == 0
    assert "labels as published" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--predictions", "none.json"], "none.json cannot be read"),
        ([], "name a source, or predictions"),
        (["--predictions", "a.jsonl", "--prior", "2"], "the prior is the expected share"),
    ],
)
def test_unusable_input(
    predictions: list[Path],
    tmp_path: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["audit", "--out", "out", *arguments], monkeypatch) == 2
    assert message in capsys.readouterr().err


def test_predictions_of_other_images(
    predictions: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"img_id": "z", "gt": "x", "pred": "x"}\n', encoding="utf-8")
    named = ["--predictions", str(predictions[0]), "--predictions", str(other)]
    assert run(["audit", *named, "--out", str(tmp_path / "out")], monkeypatch) == 2
    assert "other.jsonl is in the source" in capsys.readouterr().err
