"""What holds for any image, any preset and any combination of steps."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mumer_data.augmentation import STEPS
from mumer_data.augmentation.options import Augmentation, presets
from mumer_data.augmentation.run import Variant, augment, augment_bytes
from mumer_data.images.check import check_image
from mumer_data.images.polarity import polarity
from mumer_data.io.png import encode_png
from tests.augmentation.pictures import LABELS, at_its_ends, contrasts, inside, picture

drawings = st.builds(picture, st.integers(0, len(LABELS) - 1), st.integers(0, 40), st.sampled_from([20.0, 32.0, 48.0]))
names = st.text(max_size=12)
combinations = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 1)), max_size=8, unique_by=lambda item: item[0]
)


def same(one: Variant, other: Variant) -> bool:
    return one.data == other.data and np.array_equal(one.boxes, other.boxes)


@pytest.mark.parametrize("preset", presets())
@given(drawn=drawings, seed=st.integers(0, 1 << 40), name=names)
@settings(max_examples=25, deadline=None)
def test_presets_leave_every_symbol_in_the_frame_and_dark_enough(
    preset: str, drawn: object, seed: int, name: str
) -> None:
    assert isinstance(drawn, type(picture()))
    variant = augment(drawn.image, Augmentation(preset=preset).step_list(), seed=seed, id=name, boxes=drawn.boxes)
    assert inside(variant.image, variant.boxes, margin=1.0)
    assert contrasts(variant.image, variant.boxes).min() > 0.25
    info = check_image(variant.data)
    assert (info.width, info.height) == variant.image.size
    assert info.format == {".png": "PNG", ".jpg": "JPEG"}[variant.suffix]


@given(drawn=drawings, chosen=combinations, seed=st.integers(0, 1 << 40), name=names)
@settings(max_examples=40, deadline=None)
def test_any_steps_at_their_ends_keep_boxes_in_the_frame_and_give_the_same_again(
    drawn: object, chosen: list[tuple[str, int]], seed: int, name: str
) -> None:
    assert isinstance(drawn, type(picture()))
    steps = [at_its_ends(*one) for one in chosen]
    variant = augment(drawn.image, steps, seed=seed, id=name, boxes=drawn.boxes)
    assert inside(variant.image, variant.boxes)
    assert same(variant, augment(drawn.image, steps, seed=seed, id=name, boxes=drawn.boxes))


@pytest.mark.parametrize("preset", presets())
def test_another_seed_or_id_gives_another_variant(preset: str) -> None:
    steps, drawn = Augmentation(preset=preset).step_list(), picture(0)
    found = {augment(drawn.image, steps, seed=seed, id=name).data for seed in (0, 1) for name in ("a", "b")}
    assert len(found) == 4


@pytest.mark.parametrize("preset", presets())
def test_the_order_of_images_and_of_phases_does_not_matter(preset: str) -> None:
    steps = Augmentation(preset=preset).step_list()
    one = augment(picture(0).image, steps, seed=0, id="a")
    augment(picture(1).image, steps, seed=0, id="b")
    assert same(augment(picture(0).image, sorted(steps, key=lambda step: -step.phase), seed=0, id="a"), one)


def test_what_one_step_draws_does_not_depend_on_another() -> None:
    drawn, crop = picture(0), at_its_ends("crop", 0)
    turned = Augmentation.model_validate(["affine"]).step_list()
    alone = augment(drawn.image, [crop, *turned], seed=0, id="x")
    noisy = augment(drawn.image, [*Augmentation.model_validate(["noise"]).step_list(), *turned, crop], seed=0, id="x")
    assert noisy.image.size == alone.image.size


def test_bytes_and_images_give_the_same() -> None:
    drawn, steps = picture(2), Augmentation(preset="camera").step_list()
    variant = augment(drawn.image, steps, seed=0, id="x", boxes=drawn.boxes)
    data, suffix, boxes = augment_bytes(encode_png(drawn.image), steps, seed=0, id="x", boxes=drawn.boxes)
    assert (data, suffix) == (variant.data, variant.suffix)
    assert np.array_equal(boxes, variant.boxes)


@pytest.mark.parametrize("preset", ["online", "scan"])
def test_white_on_black_keeps_its_polarity_only_without_paper(preset: str) -> None:
    drawn = picture(0)
    variant = augment(ImageOps.invert(drawn.image), Augmentation(preset=preset).step_list(), seed=0, id="x")
    assert polarity(variant.image) == ("light_on_dark" if preset == "online" else "dark_on_light")


def odd(kind: str) -> Image.Image:
    """Images as they come: of any mode, tiny, empty, large."""
    drawn = picture(3).image
    if kind == "I;16":
        return Image.fromarray(np.asarray(drawn).astype(np.uint16) * 257)
    if kind == "noise":
        return Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 70, 3), dtype=np.uint8))
    plain = {"pixel": ((1, 1), 0), "column": ((1, 300), 255), "blank": ((50, 30), 128), "large": ((3000, 2100), 255)}
    return Image.new("L", *plain[kind]) if kind in plain else drawn.convert(kind)


@pytest.mark.parametrize("preset", presets())
@pytest.mark.parametrize(
    "kind",
    ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "noise", "pixel", "column", "blank", "large"],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_any_image_goes_through(kind: str, preset: str) -> None:
    variant = augment(odd(kind), Augmentation(preset=preset).step_list(), seed=0, id=kind)
    assert max(variant.image.size) < 3500
    with Image.open(io.BytesIO(variant.data)) as image:
        image.load()


def test_transparent_paper_is_white() -> None:
    drawn = picture(1).image
    clear = Image.merge("LA", (Image.new("L", drawn.size, 0), ImageOps.invert(drawn)))
    steps = Augmentation(preset="online").step_list()
    one, other = augment(clear, steps, seed=0, id="x"), augment(drawn, steps, seed=0, id="x")
    assert np.abs(np.asarray(one.image, dtype=float) - np.asarray(other.image, dtype=float)).mean() < 1
