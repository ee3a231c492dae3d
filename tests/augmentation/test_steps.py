"""Each step alone: it does what it says, and leaves every symbol to be read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy import ndimage

from mumer_data.augmentation import STEPS, Phase, step_class
from mumer_data.augmentation.run import augment
from mumer_data.augmentation.separate import separate_layers
from mumer_data.augmentation.stroke import thicken, thin_strokes
from mumer_data.images.polarity import polarity
from tests.augmentation.pictures import at_its_ends, contrasts, inside, picture, step

LONG = 6  # a label of one long line


def grey(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(image.convert("L"), dtype=np.float64)


def pieces(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    return int(ndimage.label(mask, np.ones((3, 3)))[1])


@pytest.mark.parametrize("name", STEPS)
def test_alone_with_its_defaults_it_changes_the_picture_and_loses_no_symbol(name: str) -> None:
    drawn = picture(0)
    untouched = augment(drawn.image, [step("crop", margin=0.5)], seed=0, id="x")
    variants = [augment(drawn.image, [step("crop", margin=0.5), step(name)], seed=1, id=f"{k}") for k in range(4)]
    assert any(variant.data != untouched.data for variant in variants)
    for k in range(4):
        variant = augment(drawn.image, [step(name)], seed=1, id=f"{k}", boxes=drawn.boxes)
        assert variant.boxes.shape == drawn.boxes.shape
        assert inside(variant.image, variant.boxes)
        assert contrasts(variant.image, variant.boxes).min() > 0.35


@pytest.mark.parametrize("end", [0, 1], ids=["least", "most"])
@pytest.mark.parametrize("name", STEPS)
def test_at_the_ends_of_its_ranges_every_symbol_can_be_read(name: str, end: int) -> None:
    for label in range(5):
        drawn = picture(label, writer=label)
        variant = augment(drawn.image, [at_its_ends(name, end)], seed=end, id=str(label), boxes=drawn.boxes)
        assert inside(variant.image, variant.boxes)
        assert contrasts(variant.image, variant.boxes).min() > 0.2


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_never_acts_changes_nothing(name: str) -> None:
    drawn = picture(1)
    variant = augment(drawn.image, [step(name, p=0)], seed=0, id="x", boxes=drawn.boxes)
    assert np.abs(grey(variant.image) - grey(drawn.image)).max() <= 1
    assert (variant.boxes == drawn.boxes).all()


@pytest.mark.parametrize("name", [name for name in STEPS if step_class(name).phase == Phase.GEOMETRY])
def test_boxes_move_with_the_ink(name: str) -> None:
    """A symbol alone in its image is bounded by its box, whatever moved it."""
    drawn = picture(4, size=48)
    for k in range(8):
        variant = augment(drawn.image, [at_its_ends(name, 1), step("crop")], seed=2, id=str(k), boxes=drawn.boxes)
        rows, columns = np.nonzero(grey(variant.image) < 128)
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.abs(np.array(found) - variant.boxes[0]).max() <= 3


def test_long_lines_are_not_turned_out_of_their_height() -> None:
    drawn = picture(LONG)
    variant = augment(drawn.image, [step("affine", rotate=45, scale=1, shear=0, aspect=1)], seed=0, id="x")
    assert variant.image.height < 2 * drawn.image.height
    square = picture(4)
    turned = augment(square.image, [step("affine", rotate=45, scale=1, shear=0, aspect=1)], seed=0, id="x")
    assert turned.image.width > 1.2 * square.image.width


def test_scaling_down_stops_where_strokes_would_be_lost() -> None:
    drawn = picture(0, size=12)
    variant = augment(drawn.image, [step("affine", rotate=0, scale=0.5, shear=0, aspect=1)], seed=0, id="x")
    assert variant.image.width > 0.7 * drawn.image.width


@pytest.mark.parametrize("margin", [0.0, 0.3, 2.0])
def test_crop_gives_the_margins_that_were_asked_for(margin: float) -> None:
    drawn = picture(0)
    variant = augment(drawn.image, [step("crop", margin=margin)], seed=0, id="x", boxes=drawn.boxes)
    height = separate_layers(drawn.image, drawn.boxes).height
    low, high = variant.boxes.min(axis=0), variant.boxes.max(axis=0)
    gaps = [low[0], low[1], variant.image.width - high[2], variant.image.height - high[3]]
    assert np.abs(np.array(gaps) - max(2.0, margin * height)).max() <= 3


@pytest.mark.parametrize("reach", [0.3, 0.5, 1.0, 1.7])
@pytest.mark.parametrize("label", range(5))
def test_thinning_breaks_nothing(label: int, reach: float) -> None:
    ink = separate_layers(picture(label, writer=3).image).ink
    thin = thin_strokes(ink, reach)
    assert (thin <= ink + 1e-6).all()
    assert pieces(thin > 0.5) == pieces(ink > 0.5)


def test_thinning_keeps_a_hair_between_two_blots() -> None:
    ink = np.zeros((40, 80), dtype=np.float32)
    ink[10:30, 5:25] = ink[10:30, 55:75] = 1
    ink[20, 25:55] = 1
    thin = thin_strokes(ink, 2.0)
    assert thin.sum() < 0.8 * ink.sum()
    assert pieces(thin > 0.5) == 1
    assert (thin[20, 25:55] == 1).all()


def test_thickening_grows_by_what_it_says_and_boxes_along() -> None:
    ink = np.zeros((30, 60), dtype=np.float32)
    ink[14:16, 10:50] = 1
    assert thicken(ink, 1.0)[:, 30].sum() == pytest.approx(4)
    assert thicken(ink, 0.5)[:, 30].sum() == pytest.approx(3)
    page = Image.fromarray((255 * (1 - ink)).astype(np.uint8))
    variant = augment(page, [step("stroke", width=2)], seed=0, id="x", boxes=np.array([(10.0, 14.0, 50.0, 16.0)]))
    assert contrasts(variant.image, variant.boxes)[0] > 0.9
    assert variant.boxes[0, 3] - variant.boxes[0, 1] > 3


def test_thickening_fills_no_loop() -> None:
    y, x = np.indices((80, 60))
    ink = (np.abs(np.hypot(x - 20, y - 40) - 2.5) < 1).astype(np.float32)  # a loop as of an e, beside a tall line
    ink[10:70, 40:42] = 1
    page = Image.fromarray((255 * (1 - ink)).astype(np.uint8))
    assert pieces(thicken(ink, 2.0) < 0.5) == 1
    variant = augment(page, [step("stroke", width=3)], seed=0, id="x")
    assert pieces(grey(variant.image) > 128) == 2
    assert (grey(variant.image) < 128).sum() > 1.3 * (ink > 0.5).sum()


def test_paper_makes_white_on_black_dark_on_light_and_nothing_else_does() -> None:
    chalk = ImageOps.invert(picture(0).image)
    for name in STEPS:
        variant = augment(chalk, [step(name, p=1)], seed=0, id="x")
        assert polarity(variant.image) == ("dark_on_light" if name == "paper" else "light_on_dark")


def test_ink_takes_the_colours_that_it_may() -> None:
    drawn = picture(0)
    for colour, band in (("blue", 2), ("red", 0), ("green", 1)):
        variant = augment(drawn.image, [step("ink", colours=[colour], fade=0, grain=0)], seed=0, id="x")
        dark = np.asarray(variant.image)[grey(variant.image) < 110]
        assert variant.image.mode == "RGB"
        assert dark.mean(axis=0).argmax() == band


def test_rules_move_with_the_ink() -> None:
    page = Image.new("L", (200, 200), 255)
    page.paste(0, (99, 60, 101, 140))
    rules = step("rules", kinds=["ruled"], tints=["grey"], strength=0.4, width=2, spacing=0.5)
    turn = step("affine", rotate=20, scale=1, shear=0, aspect=1)
    tilted = grey(augment(page, [turn, rules], seed=0, id="x").image)
    level = grey(augment(page, [rules], seed=0, id="x").image)
    assert level.mean(axis=1).std() > 10
    assert tilted.mean(axis=1).std() < 6


@pytest.mark.parametrize("kind", ["finger", "pen", "scrap", "reflex"])
def test_occlusion_covers_hardly_any_of_a_symbol(kind: str) -> None:
    acted = 0
    for k in range(30):
        drawn = picture(k % 5, writer=k)
        steps = [step("crop", margin=0.6)]
        before = augment(drawn.image, steps, seed=0, id=str(k), boxes=drawn.boxes)
        after = augment(drawn.image, [*steps, step("occlusion", kinds=[kind])], seed=0, id=str(k), boxes=drawn.boxes)
        hidden = np.abs(grey(after.image) - grey(before.image)) > 8
        acted += after.data != before.data
        for left, top, right, bottom in before.boxes.astype(int).tolist():
            ink = grey(before.image)[top:bottom, left:right] < 128
            assert hidden[top:bottom, left:right][ink].sum() <= 0.08 * ink.sum() + 1
    assert acted > 5


def test_occlusion_without_boxes_covers_hardly_any_of_a_piece_of_ink() -> None:
    for k in range(20):
        drawn = picture(k % 5, writer=k)
        before = augment(drawn.image, [step("crop")], seed=0, id=str(k))
        after = augment(drawn.image, [step("crop"), step("occlusion")], seed=0, id=str(k))
        labels, count = ndimage.label(grey(before.image) < 128)
        hidden = np.abs(grey(after.image) - grey(before.image)) > 8
        for piece in range(1, count + 1):
            assert hidden[labels == piece].sum() <= 0.08 * (labels == piece).sum() + 1


def test_jpeg_makes_a_jpeg_and_quality_tells() -> None:
    drawn = picture(0)
    sizes = []
    for quality in (30, 95):
        variant = augment(drawn.image, [step("jpeg", quality=quality)], seed=0, id="x")
        with Image.open(io.BytesIO(variant.data)) as image:
            assert image.format == "JPEG"
        assert variant.suffix == ".jpg"
        sizes.append(len(variant.data))
    assert sizes[0] < sizes[1]


def test_noise_has_the_grain_that_was_asked_for() -> None:
    page = Image.new("L", (200, 200), 128)
    page.paste(0, (0, 0, 2, 2))
    page.paste(255, (2, 0, 4, 2))
    noisy = grey(augment(page, [step("noise", grain=10, patches=0)], seed=0, id="x").image)[10:]
    assert noisy.std() == pytest.approx(10, rel=0.1)
