"""Ink becomes pixels: where it should, in full, the same bytes again, and bad ink is named."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from mumer_data.exceptions import ImageError
from mumer_data.images.render_ink import InkStyle, Stroke, render_ink


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "L"
        return np.asarray(image)


def stroke(*points: tuple[float, float]) -> Stroke:
    return np.array(points, dtype=np.float64)


SHAPES = {
    "dot": ([stroke((5, 5))], (19, 64)),
    "minus": ([stroke((0, 0), (10, 0))], (128, 64)),
    "bar": ([stroke((0, 0), (0, 10))], (19, 64)),
    "cross": ([stroke((0, 0), (10, 10)), stroke((0, 10), (10, 0))], (64, 64)),
}


@pytest.mark.parametrize(("strokes", "size"), SHAPES.values(), ids=SHAPES)
def test_shapes_are_drawn_whole_within_their_padding(strokes: list[Stroke], size: tuple[int, int]) -> None:
    style = InkStyle(height=64, padding=8, max_width=200)
    image = pixels(render_ink(strokes, style))
    assert image.shape == (size[1], size[0])
    inked = np.argwhere(image < 128)
    assert len(inked)
    assert inked.min(axis=0).min() >= 7
    assert (np.array(image.shape) - inked.max(axis=0)).min() >= 7


def test_the_same_ink_gives_the_same_bytes() -> None:
    strokes = [np.cumsum(np.random.default_rng(1).normal(size=(200, 2)), axis=0)]
    assert render_ink(strokes) == render_ink([strokes[0].copy()])


def test_scale_and_place_do_not_matter() -> None:
    ink = [stroke((0, 0), (4, 8), (8, 0)), stroke((2, 4), (6, 4))]
    moved = [points * 1024 + 4096 for points in ink]
    assert render_ink(ink) == render_ink(moved)


def test_ink_and_paper_can_be_chosen() -> None:
    image = pixels(render_ink([stroke((0, 0), (9, 9))], InkStyle(ink=255, paper=0)))
    assert image[0, 0] == 0
    assert image.max() == 255


def test_long_ink_is_drawn_smaller() -> None:
    image = pixels(render_ink([stroke((0, 0), (5_000, 10)), stroke((5_000, 0), (10_000, 0))], InkStyle(max_width=300)))
    assert image.shape == (128, 300)
    assert (image < 128).any()


BAD = {
    "nothing": ([], "ink_empty"),
    "empty strokes": ([np.empty((0, 2))], "ink_empty"),
    "nan": ([stroke((0, 0), (float("nan"), 1))], "ink_invalid"),
    "infinite": ([stroke((0, float("inf")))], "ink_invalid"),
    "huge": ([stroke((0, 0), (1e300, 1))], "ink_invalid"),
}


@pytest.mark.parametrize(("strokes", "reason"), BAD.values(), ids=BAD)
def test_bad_ink_is_named(strokes: list[Stroke], reason: str) -> None:
    with pytest.raises(ImageError, match="the ink") as caught:
        render_ink(strokes)
    assert caught.value.reason == reason


@settings(max_examples=150, deadline=None)
@given(st.lists(arrays(np.float64, st.tuples(st.integers(0, 8), st.just(2))), max_size=4))
def test_any_ink_is_an_image_or_a_named_error(strokes: list[Stroke]) -> None:
    try:
        image = pixels(render_ink(strokes, InkStyle(height=32, padding=4, max_width=64)))
    except ImageError:
        return
    assert image.shape[0] == 32
    assert image.shape[1] <= 64
    assert (image < 255).any()


def test_a_style_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room for ink"):
        InkStyle(height=10, padding=5)
