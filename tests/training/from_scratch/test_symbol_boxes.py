"""Boxes that the bundled reader finds in synthetic images are the boxes of the symbols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("onnx", reason="needs the extra onnx")

from mumer_train.from_scratch.image_store import Boxes, ImageStore, StoredImage
from mumer_train.from_scratch.symbol_boxes import (
    Component,
    assigned_boxes,
    components,
    open_reader,
    with_boxes,
    write_boxes,
)

from mumer_data.exceptions import SourceError
from mumer_data.recognizers.onnx import BUNDLED
from tests.cli.test_mining import run


def overlap(one: Boxes, other: Boxes) -> list[float]:
    """Intersection over union of each pair of boxes."""
    low, high = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    both = (high - low).clip(0).prod(axis=1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    return list(both / (areas[0] + areas[1] - both))


def test_boxes_of_symbols(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "boxed"
    assert run(["reader", "boxes", str(store), "--model", str(BUNDLED), "--out", str(out), "--json"], monkeypatch) == 0
    known, found = ImageStore(store), ImageStore(out)
    assert found.labels == known.labels
    shares: list[float] = []
    boxed = 0
    for number in range(len(known)):
        assert (found[number].pixels == known[number].pixels).all()
        if len(found[number].boxes):
            boxed += 1
            assert list(found[number].symbols) == list(known[number].symbols)
            shares += overlap(found[number].boxes, known[number].boxes)
    assert boxed >= len(known) // 2
    assert np.mean(np.array(shares) > 0.6) > 0.9


def test_a_label_that_is_not_that_of_the_image_gets_no_boxes(store: Path) -> None:
    images = ImageStore(store)
    first = images[0]
    model, numbers = open_reader(BUNDLED, [first.pixels])
    others = ["1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9", "unknown-token", ""]
    wrong = [StoredImage(first.name, label, first.pixels, first.boxes, first.symbols) for label in others]
    assert [len(image.boxes) for image in with_boxes(model, numbers, wrong)] == [0, 0, 0]


def test_a_symbol_of_two_components_and_one_that_is_not_clear() -> None:
    parts = [
        Component((0, 0, 4, 8), np.array([1.0, 0.0, 0.0])),
        Component((8, 0, 12, 2), np.array([0.0, 1.0, 0.0])),
        Component((8, 6, 14, 8), np.array([0.0, 0.5, 0.5])),
    ]
    boxes = assigned_boxes(np.array([[0.9, 0.1, 0.0], [0.1, 0.5, 0.4]]), parts)
    assert boxes is not None
    assert boxes.tolist() == [[0, 0, 4, 8], [8, 0, 14, 8]]
    assert assigned_boxes(np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]), parts[:2]) is not None
    assert assigned_boxes(np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.9, 0.0, 0.1]]), parts) is None
    assert assigned_boxes(np.ones((4, 3)) / 3, parts) is None


def test_specks_are_not_components() -> None:
    pixels = np.zeros((16, 16), dtype=np.uint8)
    pixels[2:6, 3:5] = 255
    pixels[12, 12] = 255
    (only,) = components(pixels)
    assert only.box == (3, 2, 5, 6)
    assert only.cells.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_folder_without_a_reader(store: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"it has no config\.json; name the folder OUT/best"):
        write_boxes(tmp_path, store, tmp_path / "out")
    with pytest.raises(SourceError, match="fitted images"):
        write_boxes(BUNDLED, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
