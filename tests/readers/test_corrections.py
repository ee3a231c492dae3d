"""Corrections of labels: read, written, applied by builds; the old label must match."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mumer_data import build, load_pipeline
from mumer_data.exceptions import SourceError
from mumer_data.jobs.config import pipeline_of
from mumer_data.readers.corrections import (
    LabelCorrection,
    correct,
    correct_predictions,
    read_corrections,
    write_corrections,
)
from mumer_data.records import Prediction
from tests.conftest import caption_folder

HEAD = "id\told label\tnew label\tverdict\twho\twhen\n"


def write(path: Path, *lines: str) -> Path:
    path.write_text("# licence: as the source\n" + HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def labelled_folder(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """A caption folder with these ids (``e0``, ``e1``, ...) and labels."""
    caption_folder(folder, len(rows))
    (folder / "caption.txt").write_text("".join(f"{name}\t{label}\n" for name, label in rows), encoding="utf-8")
    return folder


def test_written_decisions_are_read_again(tmp_path: Path) -> None:
    decisions = [
        LabelCorrection("a", "x", "y", "take", "me", "2026-01-01"),
        LabelCorrection("b", "\\frac { 1 } { 2 }", "", "drop"),
    ]
    write_corrections(tmp_path / "c.tsv", decisions, "line one\nline two")
    assert list(read_corrections(tmp_path / "c.tsv").values()) == decisions
    assert (tmp_path / "c.tsv").read_text(encoding="utf-8").startswith("# line one\n# line two\nid\told label")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a\tx\ty", "line 3 of .* has 3 columns"),
        ("a\tx\ty\tmaybe\t\t", "unknown verdict 'maybe'"),
        ("a\tx\t\\frac { 1\ttake\t\t", "the new label does not parse"),
        ("\tx\ty\ttake\t\t", "columns"),
    ],
)
def test_lines_that_are_not_decisions(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_corrections(write(tmp_path / "c.tsv", line))


def test_an_id_occurs_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 4 of .*'a' occurs twice"):
        read_corrections(write(tmp_path / "c.tsv", "a\tx\ty\ttake\t\t", "a\tx\tz\tedit\t\t"))


def test_what_each_verdict_does() -> None:
    cases = {"keep": "x", "unsure": "x", "take": "y", "edit": "y", "drop": None}
    for verdict, expected in cases.items():
        decision = LabelCorrection("a", "x", "" if verdict == "drop" else "y", verdict)
        assert correct("x", decision, "row 0") == expected
    assert correct("x", None, "row 0") == "x"
    with pytest.raises(SourceError, match="row 0: the correction was made for the label 'z'"):
        correct("x", LabelCorrection("a", "z", "y", "take"), "row 0")
    assert correct("x^2", LabelCorrection("a", "x ^ { 2 }", "y", "take"), "", lambda _: "x ^ { 2 }") == "y"


def test_a_build_applies_them(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "data", [(f"e{i}", f"x + {i}") for i in range(6)])
    write(
        tmp_path / "c.tsv",
        "e1\tx + 1\tx - 1\tedit\tme\t",
        "e2\tx + 2\t\tdrop\tme\t",
        "e3\tx + 3\tx + 3\tkeep\tme\t",
        "other\ta\tb\ttake\tme\t",
    )
    raw = {"name": "t", "source": {"format": "caption", "path": str(folder)}, "corrections": "c.tsv"}
    result = build(pipeline_of(raw, path=tmp_path / "p.yaml"), tmp_path / "out", workers=1)
    counts = result.manifest["corrections"]
    assert counts.pop("sha256")
    assert counts == {
        "file": "c.tsv", "decisions": 4, "changed": 1, "dropped": 1, "unchanged": 1, "not_in_source": 1
    }  # fmt: skip
    assert result.counts["reasons"] == {"label_dropped": 1}
    rows = [
        row for path in sorted((tmp_path / "out" / "t").glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]
    assert {row["id"]: row["label"] for row in rows} == {
        "e0": "x + 0", "e1": "x - 1", "e3": "x + 3", "e4": "x + 4", "e5": "x + 5"
    }  # fmt: skip
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert "c.tsv" in [one["file"] for one in manifest["inputs"]["files"]]


def test_a_correction_of_another_version_stops_the_build(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "data", [("e0", "x"), ("e1", "y")])
    path = write(tmp_path / "c.tsv", "e1\tz\tw\ttake\t\t")
    raw = {"name": "t", "source": {"format": "caption", "path": str(folder)}, "corrections": str(path)}
    with pytest.raises(SourceError, match=r"row 1 \(id 'e1'\).*the source has 'y'"):
        build(pipeline_of(raw), tmp_path / "out", workers=1)
    assert load_pipeline("demo").corrections == ""


def test_predictions() -> None:
    rows = [Prediction("a", "x", "x"), Prediction("b", "y", "z", row=1)]
    decisions = {"a": LabelCorrection("a", "x", "w", "edit"), "b": LabelCorrection("b", "y", "", "drop")}
    assert [(row.id, row.label) for row in correct_predictions(rows, decisions)] == [("a", "w")]
