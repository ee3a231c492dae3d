"""InkML and COCO of a picture: read back, they say what was drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumer_data.handwriting.export import annotated_image, coco, inkml
from mumer_data.handwriting.ink import STRUCK
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.readers.ink_files import InkFilesReader
from mumer_data.readers.inkml import read_inkml
from mumer_data.records import Example
from tests.handwriting.labels import Part, written


@settings(deadline=None, max_examples=40)
@given(written(), st.integers(0, 9))
def test_ink_is_read_back(part: Part, seed: int) -> None:
    made = Synthesizer(seed=seed).picture("a & <b>", part[0])
    read = read_inkml(inkml(made, "a & <b>", "writer-1").encode())
    assert read.annotations == {"truth": f"${part[0]}$", "UI": "a & <b>", "writer": "writer-1"}
    assert [symbol.label for symbol in read.symbols] == made.names
    assert len(read.strokes) == len(made.strokes)
    for stroke, there in zip(made.strokes, read.strokes.values(), strict=True):
        assert np.abs(stroke - there).max() <= 0.0051
    owners = {trace: mark for mark, symbol in enumerate(read.symbols) for trace in symbol.traces}
    assert [owners.get(str(number), STRUCK) for number in range(len(made.strokes))] == made.writing.marks
    for symbol, (left, top, right, bottom) in zip(read.symbols, made.boxes.tolist(), strict=True):
        points = np.concatenate([read.strokes[trace] for trace in symbol.traces])
        assert (points >= (left, top)).all()
        assert (points <= (right, bottom)).all()


@pytest.mark.parametrize("label", ["x < y & z", "5 \\$", "\\$ 5", "a"])
def test_the_reader_gives_the_label_back(tmp_path: Path, label: str) -> None:
    made = Synthesizer().picture("one", label)
    (tmp_path / "one.inkml").write_text(inkml(made, "one"), encoding="utf-8")
    reader = InkFilesReader(InkFilesReader.Options(format="inkml", path=str(tmp_path)), tmp_path)
    (row,) = (row for part in reader.plan(10, 10**9) for row in reader.read(part))
    assert isinstance(row, Example)
    assert (row.id, row.label) == ("one", label)
    assert row.image.read().startswith(b"\x89PNG")


def test_coco() -> None:
    pictures = [annotated_image(Synthesizer().picture(name, "x + x"), f"{name}.png") for name in ("a", "b")]
    found = coco(pictures)
    assert [image["file_name"] for image in found["images"]] == ["a.png", "b.png"]
    assert [image["id"] for image in found["images"]] == [1, 2]
    assert [(kind["id"], kind["name"]) for kind in found["categories"]] == [(1, "+"), (2, "x")]
    assert [one["id"] for one in found["annotations"]] == list(range(1, 7))
    assert [one["category_id"] for one in found["annotations"]] == [2, 1, 2] * 2
    left, top, width, height = found["annotations"][0]["bbox"]
    assert [left, top, left + width, top + height] == list(pictures[0].boxes[0])
    assert found["annotations"][0]["area"] == width * height
