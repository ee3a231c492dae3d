"""Fitting: one size of symbols and one pen, whatever an image comes with; where things go is told."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from mumer_data.images.fit import Fit, fit, fit_image
from mumer_data.images.polarity import polarity
from mumer_data.images.render_ink import InkStyle, render_ink
from mumer_data.io.png import encode_png

SHAPES = [
    np.array([[0, 0], [10, 10]], dtype=np.float64),
    np.array([[0, 10], [10, 0]], dtype=np.float64),
    np.array([[20, 0], [30, 0], [30, 10], [20, 10], [20, 0]], dtype=np.float64),
]


def drawn(height: int, pen: float) -> Image.Image:
    image = Image.open(io.BytesIO(render_ink(SHAPES, InkStyle(height=height, stroke_width=pen))))
    image.load()
    return image


def ink_of(image: Image.Image) -> float:
    return float((255 - np.asarray(image, dtype=np.float64)).sum() / 255)


@pytest.mark.parametrize("height", [40, 90, 300])
@pytest.mark.parametrize("pen", [1.5, 3.0, 6.0])
def test_size_and_pen_of_the_source_do_not_show(height: int, pen: float) -> None:
    wanted = Fit(symbol=24, pen=2)
    reference = fit_image(drawn(120, 3.0), wanted)
    found = fit_image(drawn(height, pen), wanted)
    assert reference is not None
    assert found is not None
    # A thick pen lies around its middle line, so the symbol's own size is a pen's width less.
    assert abs(found.image.width - reference.image.width) <= 16
    assert ink_of(found.image) == pytest.approx(ink_of(reference.image), rel=0.25)
    assert found.image.width % wanted.multiple == 0 == found.image.height % wanted.multiple


def test_white_on_black_gives_the_same() -> None:
    data = encode_png(drawn(100, 3.0))
    inverted = encode_png(ImageOps.invert(drawn(100, 3.0)))
    assert fit(inverted, Fit()) == fit(data, Fit())
    assert polarity(Image.open(io.BytesIO(fit(inverted, Fit())[0]))) == "dark_on_light"


def test_pixels_are_found_again() -> None:
    source = drawn(200, 3.0)
    fitted = fit_image(source, Fit())
    assert fitted is not None
    left, top, right, bottom = ImageOps.invert(source).getbbox() or (0, 0, 0, 0)
    middle = (left + right) / 2 * fitted.scale + fitted.left, (top + bottom) / 2 * fitted.scale + fitted.top
    left, top, right, bottom = ImageOps.invert(fitted.image).getbbox() or (0, 0, 0, 0)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(middle, abs=1.5)


def test_paper_without_ink_stays_as_it_is() -> None:
    data = encode_png(Image.new("L", (30, 20), 255))
    assert fit(data, Fit()) == (data, None)


def test_boxes_move_along() -> None:
    """A symbol's box still holds its ink, and nothing of its neighbour's."""
    from mumer_data.handwriting.synthesizer import Synthesizer
    from mumer_data.io.png import encode_png

    picture = Synthesizer(seed=0, size=60).picture("a", "1 + x")
    data, boxes = fit(encode_png(picture.image), Fit(), picture.boxes.astype(np.float64))
    assert boxes is not None
    dark = np.asarray(Image.open(io.BytesIO(data))) < 128
    for left, top, right, bottom in boxes:
        assert dark[int(top) : int(bottom) + 2, int(left) : int(right) + 2].any()
    low, high = boxes[:, :2].min(axis=0) - 2, boxes[:, 2:].max(axis=0) + 2
    outside = dark.copy()
    outside[int(low[1]) : int(high[1]) + 1, int(low[0]) : int(high[0]) + 1] = False
    assert not outside.any()


@pytest.mark.parametrize("size", [(4000, 3), (3, 4000), (3000, 2000)])
def test_never_more_pixels_than_asked_for_and_a_frame(size: tuple[int, int]) -> None:
    image = Image.new("L", (size[0] + 20, size[1] + 20), 255)
    image.paste(0, (10, 10, 10 + size[0], 10 + size[1]))
    wanted = Fit(max_pixels=1 << 14, multiple=1)
    fitted = fit_image(image, wanted)
    assert fitted is not None
    frame = 2 * (wanted.padding + 2)
    assert (fitted.image.width - frame) * (fitted.image.height - frame) <= 1.1 * wanted.max_pixels
