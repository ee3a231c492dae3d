"""Which is ink and which is paper: on drawn images and on all real ones at hand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mumer_data.images.polarity import Polarity, polarity, unify_polarity
from mumer_data.images.render_ink import InkStyle, render_ink

CROSS = [np.array([[0, 0], [9, 9]], dtype=np.float64), np.array([[0, 9], [9, 0]], dtype=np.float64)]


@pytest.mark.parametrize(
    ("ink", "paper", "expected"), [(0, 255, "dark_on_light"), (255, 0, "light_on_dark"), (90, 140, "dark_on_light")]
)
def test_drawn_images(ink: int, paper: int, expected: Polarity) -> None:
    data = render_ink(CROSS, InkStyle(ink=ink, paper=paper))
    with Image.open(io.BytesIO(data)) as image:
        assert polarity(image) == expected
    assert (unify_polarity(data, expected) == data) is True
    other: Polarity = "light_on_dark" if expected == "dark_on_light" else "dark_on_light"
    with Image.open(io.BytesIO(unify_polarity(data, other))) as image:
        assert polarity(image) == other
        assert np.array_equal(np.asarray(image), 255 - np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(("shade", "expected"), [(255, "dark_on_light"), (0, "light_on_dark")])
def test_paper_without_ink(shade: int, expected: Polarity) -> None:
    assert polarity(Image.new("L", (4, 4), shade)) == expected


@pytest.mark.parametrize(
    ("folder", "expected"), [("train", "light_on_dark"), ("2014", "dark_on_light"), ("2013", "dark_on_light")]
)
def test_all_crohme_images(shared: Path, folder: str, expected: Polarity) -> None:
    files = sorted((shared / "data/crohme" / folder / "images").iterdir())
    assert len(files) > 600
    for file in files:
        with Image.open(file) as image:
            assert polarity(image) == expected, file.name
