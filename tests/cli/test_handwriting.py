"""`mumer write`, `mumer glyphs build` and `mumer preview` as a user meets them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.cli.test_cli import mumer
from tests.conftest import caption_folder

LABELS = "".join(
    f"e{n:03d}\t{label}\n"
    for n, label in enumerate(
        ["x ^ { 2 } + y = 1 2", "\\frac { a } { b } - c", "\\sqrt { x } = y", "f ( x ) = 3 a b", "2 a + 3 b - x y"] * 8
    )
)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "labels.txt").write_text(f"{LABELS}bad\t速\n", encoding="utf-8")
    return tmp_path / "labels.txt"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_label(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = mumer("write", "x^2+1", "--out", out, "--copies", "2")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"2 expressions with 8 symbols" in done.stdout
    assert sorted(files(out)) == [
        "caption.txt",
        "images/expression-1.png",
        "images/expression-2.png",
        "inkml/expression-1.inkml",
        "inkml/expression-2.inkml",
        "record.json",
        "rejects.jsonl",
        "symbols.json",
    ]
    with Image.open(out / "images" / "expression-1.png") as image:
        assert (np.asarray(image) < 128).any()


def test_a_file_of_labels_and_what_cannot_be_written(tmp_path: Path, labels: Path) -> None:
    done = mumer("write", labels, "--out", tmp_path / "out", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert b"glyph_missing 1" in done.stdout
    assert (tmp_path / "out" / "caption.txt").read_text("utf-8") == LABELS
    (reject,) = map(json.loads, (tmp_path / "out" / "rejects.jsonl").read_text("utf-8").splitlines())
    assert (reject["id"], reject["reason"]) == ("bad", "glyph_missing")
    found = json.loads((tmp_path / "out" / "symbols.json").read_text("utf-8"))
    assert [image["file_name"] for image in found["images"]] == [f"e{n:03d}.png" for n in range(40)]
    two = mumer("write", labels, "--out", tmp_path / "two", "--workers", "2", "--json")
    assert json.loads(two.stdout)["reasons"] == {"glyph_missing": 1}
    assert files(tmp_path / "two") == files(tmp_path / "out")


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    assert mumer("write", "x", "--out", tmp_path / "out", "--format", "inkml").returncode == 0
    assert sorted(files(tmp_path / "out")) == [
        "caption.txt",
        "inkml/expression.inkml",
        "record.json",
        "rejects.jsonl",
    ]


def test_a_finished_folder_is_resumed_only_with_its_settings(tmp_path: Path, labels: Path) -> None:
    out = tmp_path / "out"
    command = ("write", labels, "--out", out, "--seed", "3", "--format", "png", "--resume", "--workers", "1")
    first = mumer(*command)
    assert first.returncode == 0, first.stderr
    before = files(out)
    again = mumer(*command)
    assert (again.returncode, again.stdout, files(out)) == (0, first.stdout, before)
    assert b"finished already, with the same settings: nothing is written" in again.stderr
    other = mumer(*command, "--seed", "4", "--copies", "2")
    assert other.returncode == 2
    assert b"other settings: copies (1, now 2), seed (3, now 4): it cannot be resumed" in other.stderr
    labels.write_text(LABELS + "new\tx\n", encoding="utf-8")
    other = mumer(*command)
    assert (other.returncode, b"other settings: labels: it cannot" in other.stderr) == (2, True), other.stderr
    labels.write_text(f"{LABELS}bad\t速\n", encoding="utf-8")
    (out / "images" / "e007.png").write_bytes(b"short")
    damaged = mumer(*command)
    assert (damaged.returncode, b"changed or missing are: images;" in damaged.stderr) == (2, True), damaged.stderr


def test_what_was_written_can_be_built_from(tmp_path: Path, labels: Path) -> None:
    out = tmp_path / "out"
    assert mumer("write", labels, "--out", out).returncode == 0
    for name, source in (("ink", f"source.path={out / 'inkml'}"), ("images", f"source.path={out}")):
        ready = "crohme_inkml" if name == "ink" else "crohme"
        done = mumer("build", ready, "--set", source, "--set", "name=p", "--out", tmp_path / name, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["accepted"] == 40


@pytest.mark.parametrize("source", ["inkml", "."])
def test_glyphs_out_of_ink_and_images_and_writing_with_them(tmp_path: Path, labels: Path, source: str) -> None:
    out, bank = tmp_path / "out", tmp_path / "bank.parquet"
    assert mumer("write", labels, "--out", out, "--writers", "5").returncode == 0
    folder = out / source if source == "inkml" else out
    done = mumer("glyphs", "build", folder, "--out", bank, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert b"of 40 rows" in done.stdout
    table = pq.read_table(bank).to_pydict()
    assert {"x", "a", "b", "="} <= set(table["token"])
    if source == "inkml":
        assert {name.split("-")[0] for name in table["source"]} == {"writer"}
    with_bank = mumer("write", "x = a b", "--glyphs", bank, "--out", tmp_path / "with")
    without = mumer("write", "x = a b", "--out", tmp_path / "without")
    assert with_bank.returncode == without.returncode == 0, with_bank.stderr
    name = "images/expression.png"
    assert files(tmp_path / "with")[name] != files(tmp_path / "without")[name]


def test_preview_of_handwriting_shows_boxes(tmp_path: Path) -> None:
    sheets: list[bytes] = []
    for options in ([], ["--no-boxes"], ["--seed", "1"], []):
        path = tmp_path / f"{len(sheets)}.png"
        done = mumer("preview", "demo", "--out", path, "--rows", "5", *options)
        assert done.returncode == 0, done.stderr
        assert b"5 rows" in done.stdout
        sheets.append(path.read_bytes())
    assert sheets[0] == sheets[3]
    assert len(set(sheets)) == 3
    with Image.open(io.BytesIO(sheets[0])) as image:
        assert image.width == 1600
        assert (np.asarray(image)[:, 800:] == (26, 127, 55)).all(axis=-1).any(), "no green box in the second column"
    with Image.open(io.BytesIO(sheets[1])) as image:
        assert not (np.asarray(image) == (26, 127, 55)).all(axis=-1).any()


def test_preview_of_images(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "good", 30)
    done = mumer("preview", folder, "--out", tmp_path / "sheet.png", "--rows", "40")
    assert done.returncode == 0, done.stderr
    assert b"30 rows" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["write", "速", "--out", "o"], "not one label could be written; the first: 速"),
        (["write", "no.txt", "--out", "o"], "no.txt is not a file"),
        (["write", "x", "--out", "full"], "not an empty folder"),
        (["write", "x", "--out", "o", "--format", "svg"], "'svg' is not a format: choose png, inkml, coco"),
        (["write", "x", "--out", "o", "--glyphs", "no.parquet"], "does not exist"),
        (["write", "twice.txt", "--out", "o"], "'a' is there twice"),
        (["glyphs", "build", "nowhere", "--out", "o"], "no pipeline file nowhere"),
        (["preview", "bad.yaml", "--out", "o.png"], "no row can be shown"),
    ],
    ids=["chinese", "no-file", "full", "format", "no-bank", "twice", "no-source", "no-rows"],
)
def test_faults(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "twice.txt").write_text("a\tx\na\ty\n", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("name: p\nsource: {format: synthetic, text: 速}\n", encoding="utf-8")
    before = files(tmp_path)
    done = mumer(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert files(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml", "full", "twice.txt"]
