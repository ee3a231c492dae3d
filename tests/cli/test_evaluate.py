"""The verbs that judge predictions, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from tests.cli.test_cli import mumer

ROWS = [
    {"img_id": "a", "gt": "x ^ { 2 }", "pred": "x ^ { 2 }"},
    {"img_id": "b", "gt": "\\frac { a } { b }", "pred": "\\frac { a } { 6 }"},
    {"img_id": "c", "gt": "H _ { c l }", "pred": "H c l"},
    {"img_id": "d", "gt": "y", "pred": ""},
]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "pred.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    return path


def test_evaluate_prints_every_figure(predictions: Path) -> None:
    found = json.loads(mumer("evaluate", predictions, "--cdm", "--by", "length", "--json").stdout)
    assert (found["n"], found["exprate"], found["le1"]) == (4, 25, 75)
    assert (found["exprate_cdm"], found["viseq"], found["cdm_unrenderable"]) == (50, 25, 1)
    assert found["by"]["length"]["1-5"]["n"] == 2
    assert found["intervals"]["exprate"] == [0, 75]
    assert "norm:none" in found["signatures"]["exprate"]
    table = mumer("evaluate", predictions).stdout.decode()
    assert "ExpRate" in table
    assert "25.00" in table


def test_evaluate_reads_every_format_alike(predictions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "one.json").write_bytes(predictions.read_bytes())
    (folder / "two.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    pd.DataFrame(ROWS).to_parquet(folder / "three.parquet")
    files = json.loads(mumer("evaluate", folder, "--json").stdout)["files"]
    assert [Path(found.pop("file")).name for found in files] == ["one.json", "three.parquet", "two.jsonl"]
    assert files[0] == files[1] == files[2]
    table = mumer("evaluate", folder).stdout.decode()
    assert all(name in table for name in ("one.json", "two.jsonl", "norm:none", "version:mumer-"))


def test_a_table_is_not_cut_off(predictions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = mumer("evaluate", predictions, "--cdm", "--semantic", "--by", "depth").stdout.decode().splitlines()
    header = next(line.split() for line in lines if line.startswith(" depth"))
    assert header[-4:] == ["CDM", "@CDM", "VisEq", "proved"]
    row = next(line.split() for line in lines if line.startswith(" 1 "))
    assert len(row) == len(header) - header.count("≤")  # "≤ 1" is one title
    lines = mumer("evaluate", predictions, "--cdm", "--metric", "rating", "--by", "depth").stdout.decode().splitlines()
    header = next(line.split() for line in lines if line.startswith(" depth"))
    assert header[-4:] == ["CDM", "@CDM", "VisEq", "rating"]
    assert next(line.split() for line in lines if line.startswith(" 1 "))[-1] == "7.16"
    assert "1 rated from their tokens, since a side does not parse" in lines


def test_labels_may_come_from_a_caption_file(tmp_path: Path) -> None:
    (tmp_path / "bare.json").write_text(json.dumps([{"img_id": "a", "pred": "x"}]), encoding="utf-8")
    (tmp_path / "caption.txt").write_text("a\tx\n", encoding="utf-8")
    done = mumer("evaluate", tmp_path / "bare.json", "--labels", tmp_path / "caption.txt", "--json")
    assert json.loads(done.stdout)["exprate"] == 100
    (tmp_path / "caption.txt").write_text("a\tx\nb\ty\n", encoding="utf-8")
    done = mumer("evaluate", tmp_path / "bare.json", "--labels", tmp_path / "caption.txt")
    assert done.returncode == 2
    assert b"lacks 1 id ('b') of the labels" in done.stderr
    assert mumer("evaluate", tmp_path / "bare.json").returncode == 2


def test_compare_names_the_rows_that_changed(predictions: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps([ROWS[0] | {"pred": "x"}, ROWS[1] | {"pred": ROWS[1]["gt"]}, *ROWS[2:]]))
    found = json.loads(mumer("compare", predictions, other, "--json").stdout)
    assert (found["exprate_a"], found["exprate_b"], found["only_a"], found["only_b"]) == (25, 25, 1, 1)
    assert [(change["id"], change["better"]) for change in found["changes"]] == [("a", "a"), ("b", "b")]
    assert b"McNemar" in mumer("compare", predictions, other).stdout
    other.write_text(json.dumps(ROWS[:2]))
    done = mumer("compare", predictions, other)
    assert (done.returncode, b"'c', 'd'" in done.stderr) == (2, True)


def test_cdm_draws_both_formulas(tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    found = json.loads(mumer("cdm", "x ^ { 2 } + a", "x ^ { 2 } + b", "--png", picture, "--json").stdout)
    assert (found["f1"], found["viseq"]) == (0.75, False)
    assert found["signature"].startswith("tok:whitespace|cdm:ziamath-")
    colours = {colour for _, colour in Image.open(picture).convert("RGB").getcolors(1 << 20) or []}
    assert (0x1A, 0x7F, 0x37) in colours
    assert (0xCF, 0x22, 0x2E) in colours
    done = mumer("cdm", "x", "\\foo", "--png", picture)
    assert b"the prediction cannot be typeset: unknown command \\foo" in done.stdout


def test_label_graphs_are_written(predictions: Path, tmp_path: Path) -> None:
    assert mumer("evaluate", predictions, "--lg", tmp_path / "lg").returncode == 0
    assert sorted(path.name for path in (tmp_path / "lg" / "labels").iterdir()) == ["a.lg", "b.lg", "c.lg", "d.lg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "size"], b"is not a slice"),
        (["--metric", "semantics"], b"unknown metric 'semantics': did you mean"),
        (["--normalize", "foo"], b"foo"),
    ],
)
def test_wrong_options_say_what_would_be_right(predictions: Path, arguments: list[str], message: bytes) -> None:
    done = mumer("evaluate", predictions, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_cdm_normalizes_and_explains_the_rating() -> None:
    shown = mumer("cdm", r"$\frac{\nu+1}{2}$", r"\frac{v+1}{2}", "--normalize", "crohme", "--explain").stdout.decode()
    assert "norm:crohme" in shown
    assert "predicted human rating" in shown
    assert "alike: \\nu -> v" in shown
    found = json.loads(mumer("cdm", "x ^ 2", "x ^ { 2 }", "--explain", "--json").stdout)
    assert found["costs"] == []
    assert "note: \\setminus and its other spelling" in mumer("cdm", "\\setminus", "\\backslash").stdout.decode()
    assert found["rating_basis"] == "tree"
