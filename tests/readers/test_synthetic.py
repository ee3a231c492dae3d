"""The reader that writes labels by hand: the same seed and id, the same ink, whoever reads it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from mumer_data.exceptions import ImageError, PipelineError, SourceError
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.readers import reader_class
from mumer_data.readers.synthetic import SyntheticOptions, SyntheticReader
from mumer_data.records import Example, Reject
from tests.conftest import caption_folder


def reader(base: Path = Path(), **options: Any) -> SyntheticReader:
    return SyntheticReader(SyntheticOptions(format="synthetic", **options), base)


def rows(source: SyntheticReader, max_rows: int = 1000) -> list[Example | Reject]:
    return [row for part in source.plan(max_rows, 10**9) for row in source.read(part)]


def examples(source: SyntheticReader, max_rows: int = 1000) -> list[Example]:
    return [row for row in rows(source, max_rows) if isinstance(row, Example)]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    text = "one\tx ^ { 2 }\n\na + b\n速\n\\frac { 1 } { 2\nx\ty\tz\n"
    (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
    return tmp_path


def test_registered() -> None:
    assert reader_class("synthetic") is SyntheticReader


def test_lines_with_and_without_ids(labels: Path) -> None:
    found = rows(reader(labels, labels="labels.txt"))
    assert [(row.id, row.row) for row in found] == [
        ("one", 0),
        ("line-000003", 2),
        ("line-000004", 3),
        ("line-000005", 4),
        ("x", 5),
    ]
    assert isinstance(found[-1], Reject)
    assert found[-1].reason == "row_malformed"
    assert reader(labels, labels="labels.txt").files() == [labels / "labels.txt"]


def test_what_cannot_be_written_is_refused_when_it_is_drawn(labels: Path) -> None:
    found = examples(reader(labels, labels="labels.txt"))
    assert found[0].image.read().startswith(b"\x89PNG")
    for place, reason in ((2, "glyph_missing"), (3, "layout_failed")):
        with pytest.raises(ImageError) as caught:
            found[place].image.read()
        assert caught.value.reason == reason


def test_copies_are_by_different_writers_and_stay_together(labels: Path) -> None:
    once, thrice = reader(labels, labels="labels.txt"), reader(labels, labels="labels.txt", copies=3)
    parts = thrice.plan(4, 10**9)
    assert sum(part.rows for part in parts) == 3 * sum(part.rows for part in once.plan(4, 10**9))
    found = rows(thrice, 4)
    assert [row.id for row in found[:4]] == ["one-1", "one-2", "one-3", "line-000003-1"]
    assert len({row.row for row in found}) == len(found) == 15
    assert [row.row for row in found] == sorted(row.row for row in found)
    first, second = (row for row in found[:2] if isinstance(row, Example))
    assert first.image.read() != second.image.read()
    assert first.writer != second.writer


def test_ink_depends_on_seed_and_id_alone(labels: Path) -> None:
    one = examples(reader(labels, labels="labels.txt"))
    for place, row in enumerate(examples(reader(labels, labels="labels.txt"), max_rows=1)[:2]):
        assert pickle.loads(pickle.dumps(row.image)).read() == one[place].image.read()
    other = examples(reader(labels, labels="labels.txt", seed=1))
    assert other[0].image.read() != one[0].image.read()
    alone = examples(reader(text="x ^ { 2 }"))
    assert alone[0].id == "expression"
    assert alone[0].image.read() != one[0].image.read()


def test_writers_are_as_many_as_asked_for() -> None:
    assert len({row.writer for row in examples(reader(writers=3))}) == 3
    assert len({row.writer for row in examples(reader())}) > 200


def test_metadata_has_the_boxes(labels: Path) -> None:
    row = examples(reader(labels, labels="labels.txt"))[0]
    assert row.metadata is not None
    said = json.loads(row.metadata())
    assert said["annotations"] == {"truth": "x ^ { 2 }", "UI": "one", "writer": row.writer}
    assert [symbol["label"] for symbol in said["symbols"]] == ["x", "2"]
    made = reader(labels, labels="labels.txt").picture(row)
    assert [symbol["box"] for symbol in said["symbols"]] == made.boxes.tolist()


def test_labels_of_another_source(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "good", 5)
    inner = {"format": "caption", "path": str(folder)}
    source = reader(source=inner)
    assert source.files() == [folder / "caption.txt"]
    found = examples(source)
    assert len(found) == 5
    assert all(row.image.read().startswith(b"\x89PNG") for row in found)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["source.labels=a", "source.text=x"], "keep one"),
        (["source.source={format: nothing}"], "source.format is 'nothing'"),
        (["source.source={format: caption}"], "path"),
        (["source.alphabets=[runes]"], "known are cursive, drawn"),
        (["source.alphabets=[]"], "known are"),
        (["source.copies=0"], "copies"),
        (["source.writer=3"], "did you mean 'writers'"),
    ],
)
def test_wrong_options(settings: list[str], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        load_pipeline("synthetic", settings)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for options in ({"labels": "no.txt"}, {"glyphs": "no.parquet"}):
        with pytest.raises(SourceError, match="does not exist"):
            reader(tmp_path, **options)
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no rows"):
        rows(reader(tmp_path, labels="empty.txt"))


def test_a_build_does_not_depend_on_workers(tmp_path: Path, labels: Path) -> None:
    settings = [f"source.labels={labels / 'labels.txt'}", "source.copies=4", "shards.max_rows=6"]
    for workers in (1, 2):
        build(load_pipeline("synthetic", settings), tmp_path / str(workers), workers=workers)
    one, two = (
        {p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()}
        for f in (tmp_path / "1", tmp_path / "2")
    )
    assert one == two
    counts = json.loads((tmp_path / "1" / "manifest.json").read_text())["counts"]
    assert (counts["read"], counts["accepted"], counts["rejected"]) == (20, 8, 12)
