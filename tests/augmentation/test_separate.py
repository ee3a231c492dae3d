"""Ink and paper found from pixels, and the ways of moving them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mumer_data.augmentation.interpolation import interpolate
from mumer_data.augmentation.options import Augmentation
from mumer_data.augmentation.run import augment
from mumer_data.augmentation.separate import MAX_SIDE, separate_layers
from mumer_data.augmentation.transforms import Homography, Waves, back, forward
from tests.augmentation.pictures import picture, step


def overlap(
    one: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], other: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_plain_drawings_are_taken_apart_exactly() -> None:
    drawn = picture(0).image
    layers = separate_layers(drawn)
    assert np.abs(255 * (1 - layers.ink) - np.asarray(drawn)).max() < 1
    assert layers.paper.shape == (1, 1, 1)
    inverted = separate_layers(ImageOps.invert(drawn))
    assert inverted.reverse
    assert np.abs(inverted.ink - layers.ink).max() < 0.01


@pytest.mark.parametrize("width", [2, 3, 5, 9])
def test_the_pen_is_measured(width: int) -> None:
    page = np.full((120, 200), 255, dtype=np.uint8)
    page[20:100, 40 : 40 + width] = 0
    page[60 : 60 + width, 80:180] = 0
    assert separate_layers(Image.fromarray(page)).pen == pytest.approx(width, rel=0.35)


def test_a_symbol_is_as_high_with_boxes_as_without() -> None:
    drawn = picture(6)
    assert separate_layers(drawn.image).height == pytest.approx(
        separate_layers(drawn.image, drawn.boxes).height, rel=0.35
    )


def test_large_images_are_made_smaller_and_boxes_along() -> None:
    page = Image.new("L", (2 * MAX_SIDE, 400), 255)
    page.paste(0, (1000, 100, 1200, 300))
    layers = separate_layers(page, np.array([(1000, 100, 1200, 300)]))
    assert layers.shape == (200, MAX_SIDE)
    assert layers.boxes.tolist() == [[500, 50, 600, 150]]


def test_of_a_photograph_the_ink_is_found_and_the_paper_kept() -> None:
    """Ink under a hard shadow, on printed rules: found again in its place, and nothing else."""
    for k in range(6):
        drawn = picture(1 + k % 2, writer=k)
        shadow = step("shadow", strength=0.4, softness=0.02, share=0.5)
        steps = [step("paper"), step("rules", strength=0.15), step("light"), shadow, step("noise", grain=3)]
        photograph = augment(drawn.image, steps, seed=0, id=str(k)).image
        layers = separate_layers(photograph)
        assert overlap(layers.ink > 0.4, np.asarray(drawn.image) < 140) > 0.75
        again = np.asarray(augment(photograph, [], seed=0, id="x").image.convert("L"), dtype=float)
        assert np.abs(again - np.asarray(photograph.convert("L"), dtype=float)).mean() < 5


def test_a_photograph_keeps_the_colour_of_its_ink() -> None:
    photograph = augment(picture(0).image, [step("paper"), step("ink", colours=["blue"])], seed=0, id="x").image
    moved = augment(photograph, Augmentation(preset="online").step_list(), seed=0, id="x").image
    levels = np.asarray(moved, dtype=float)
    dark = levels[levels.mean(axis=2) < 110]
    assert dark[:, 2].mean() > dark[:, 0].mean() + 20


waves = st.builds(
    lambda seed, strain: _waves(np.random.default_rng(seed), strain), st.integers(0, 1 << 30), st.floats(0.01, 0.45)
)


def _waves(rng: np.random.Generator, strain: float) -> Waves:
    vectors = rng.normal(0, 0.1, (5, 2))
    lengths = np.hypot(*vectors.T)
    shifts = rng.normal(size=(5, 2))
    shifts *= (strain / 5 / lengths / np.hypot(*shifts.T))[:, None]
    return Waves(vectors, shifts, rng.uniform(0, 6, 5))


@given(moved=waves, turn=st.floats(-0.7, 0.7), tilt=st.floats(-0.001, 0.001))
def test_the_way_back_leads_back(moved: Waves, turn: float, tilt: float) -> None:
    matrix = np.array([[np.cos(turn), -np.sin(turn), 5], [np.sin(turn), np.cos(turn), -3], [tilt, tilt / 2, 1]])
    points = np.random.default_rng(0).uniform(0, 200, (50, 2))
    transforms = (moved, Homography(matrix))
    assert np.abs(back(forward(points, transforms), transforms) - points).max() < 0.1


@pytest.mark.parametrize("shape", [(2, 2), (5, 9), (24, 3)])
def test_values_between_grid_points_are_those_of_pillow(shape: tuple[int, int]) -> None:
    grid = np.random.default_rng(0).random(shape, dtype=np.float32)
    size, box = (70, 40), (0.5, 0.5, shape[1] - 0.5, shape[0] - 0.5)
    x = np.asarray((np.arange(size[0]) + 0.5) * ((shape[1] - 1) / size[0]), dtype=np.float64)
    y = np.asarray((np.arange(size[1]) + 0.5) * ((shape[0] - 1) / size[1]), dtype=np.float64)
    wanted = np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BILINEAR, box=box))
    assert np.abs(interpolate(grid, x, y) - wanted).max() < 1e-5
