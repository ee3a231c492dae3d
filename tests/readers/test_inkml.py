"""InkML of both layouts, and what a hostile or broken file does: nothing but a named reject."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumer_data.exceptions import SourceError
from mumer_data.images.check import check_image
from mumer_data.readers.ink_files import InkFilesReader
from mumer_data.readers.inkml import InkMLError, InkSymbol, read_inkml
from mumer_data.records import Example, Reject

CROHME = b"""<ink xmlns="http://www.w3.org/2003/InkML">
<traceFormat><channel name="X" type="decimal"/><channel name="Y" type="decimal"/></traceFormat>
<annotation type="truth">$x^2$</annotation><annotation type="UI">2011_A_1</annotation>
<annotation type="writer">w7</annotation>
<trace id="0">10 20, 12.5 -22, 1e1 24</trace><trace id="1">
30 5 100, 31 6 110</trace>
<traceGroup xml:id="A"><annotation type="truth">From ITF</annotation>
<traceGroup xml:id="B"><annotation type="truth">x</annotation><traceView traceDataRef="0"/></traceGroup>
<traceGroup xml:id="C"><annotation type="truth">2</annotation><traceView traceDataRef="1"/></traceGroup>
</traceGroup></ink>"""
MATHWRITING = b"""<ink><annotation type="label">\\frac12</annotation>
<annotation type="normalizedLabel">\\frac{1}{2}</annotation><annotation type="splitTagOriginal">train</annotation>
<annotation type="inkCreationMethod">human</annotation><annotation type="sampleId">ab12</annotation>
<trace>1 2 0.0,3 4 0.1</trace><trace>5 6 0.2</trace></ink>"""
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><ink><annotation type="truth">&b;</annotation></ink>'

BROKEN: dict[str, tuple[bytes, str]] = {
    "not xml": (b"hello", "inkml_malformed"),
    "cut": (CROHME[:300], "inkml_malformed"),
    "entity bomb": (BOMB, "inkml_malformed"),
    "one number": (CROHME.replace(b"12.5 -22", b"12.5"), "ink_invalid"),
    "no label": (CROHME.replace(b"$x^2$", b"$ $"), "label_missing"),
}


def test_the_layout_of_crohme() -> None:
    document = read_inkml(CROHME)
    assert document.annotations == {"truth": "$x^2$", "UI": "2011_A_1", "writer": "w7"}
    assert {name: points.tolist() for name, points in document.strokes.items()} == {
        "0": [[10, 20], [12.5, -22], [10, 24]],
        "1": [[30, 5], [31, 6]],
    }
    assert document.symbols == [InkSymbol("x", ("0",)), InkSymbol("2", ("1",))]
    assert np.array_equal(
        read_inkml(CROHME.replace(b' xmlns="http://www.w3.org/2003/InkML"', b"")).strokes["1"], document.strokes["1"]
    )


def test_the_layout_of_mathwriting() -> None:
    document = read_inkml(MATHWRITING)
    assert document.annotations["normalizedLabel"] == "\\frac{1}{2}"
    assert document.annotations["inkCreationMethod"] == "human"
    assert [points.tolist() for points in document.strokes.values()] == [[[1, 2], [3, 4]], [[5, 6]]]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([CROHME, MATHWRITING, BOMB]), st.integers(0, 700), st.integers(0, 700), st.binary(max_size=8))
def test_mutated_files_are_read_or_refused(data: bytes, start: int, stop: int, piece: bytes) -> None:
    try:
        read_inkml(data[:start] + piece + data[stop:])
    except InkMLError as error:
        assert error.reason in ("inkml_malformed", "ink_invalid")  # noqa: PT017 - most mutations are still read


def reader(path: Path, **options: Any) -> InkFilesReader:
    return InkFilesReader(InkFilesReader.Options(format="inkml", path=str(path), **options), Path("."))


def rows(found: InkFilesReader, max_rows: int = 100) -> list[Example | Reject]:
    return [row for part in found.plan(max_rows, 10**9) for row in found.read(part)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, in subfolders, and one of each fault."""
    root = tmp_path / "ink"
    (root / "train" / "a").mkdir(parents=True)
    (root / "train" / "a" / "good.inkml").write_bytes(CROHME)
    (root / "train" / "empty.inkml").write_bytes(b'<ink><annotation type="truth">x</annotation></ink>')
    (root / "test").mkdir()
    (root / "test" / "other.inkml").write_bytes(MATHWRITING)
    (root / "train" / "readme.txt").write_text("not ink")
    for name, (data, _) in BROKEN.items():
        (root / "train" / f"{name}.inkml").write_bytes(data)
    return root


def test_every_file_is_an_example_or_a_reject(folder: Path) -> None:
    found = rows(reader(folder, folder="train"))
    assert {row.id: row.reason for row in found if isinstance(row, Reject)} == {
        name: reason for name, (_, reason) in BROKEN.items()
    }
    examples = {row.id: row for row in found if isinstance(row, Example)}
    assert set(examples) == {"2011_A_1", "empty"}
    assert examples["2011_A_1"].label == "x^2"
    info = check_image(examples["2011_A_1"].image.read())
    assert (info.height, info.mode, info.format) == (128, "L", "PNG")
    with pytest.raises(Exception, match="the ink has no points"):
        examples["empty"].image.read()
    assert [row.row for row in found] == list(range(7))


def test_the_label_is_the_annotation_that_is_asked_for(folder: Path) -> None:
    (row,) = rows(reader(folder, folder="test", label="normalizedLabel"))
    assert isinstance(row, Example)
    assert (row.id, row.label, row.image.name) == ("ab12", "\\frac{1}{2}", "ab12.png")
    (missing,) = rows(reader(folder, folder="test"))
    assert isinstance(missing, Reject)
    assert "no annotation 'truth' (it has: inkCreationMethod, label" in missing.message


@pytest.mark.parametrize("max_rows", [1, 2, 5])
def test_slices_and_archives_change_nothing(folder: Path, tmp_path: Path, max_rows: int) -> None:
    with zipfile.ZipFile(tmp_path / "ink.zip", "w") as target:
        for file in folder.rglob("*.inkml"):
            target.write(file, file.relative_to(folder))
        target.writestr("../../evil.inkml", CROHME)
    with tarfile.open(tmp_path / "ink.tgz", "w:gz") as archive:
        archive.add(folder, "ink")

    def facts(path: Path) -> list[tuple[str, str]]:
        found = rows(reader(path, folder="train"), max_rows)
        return [(row.id, row.reason if isinstance(row, Reject) else row.label) for row in found]

    assert facts(folder) == facts(tmp_path / "ink.zip") == facts(tmp_path / "ink.tgz")
    assert not list(tmp_path.parent.glob("evil*"))


def test_a_folder_without_ink_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no rows"):
        reader(tmp_path).plan(10, 10)
