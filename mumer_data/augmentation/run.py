"""An image and a list of steps -> one variant, the same for the same seed and id.

Not for many images nor for files of them: that is `pipeline`.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mumer_data.augmentation import OLD_NAMES, STEPS, Phase, Step
from mumer_data.augmentation.composite import apply_geometry, composite
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.separate import separate_layers
from mumer_data.images.render_ink import encode_png
from mumer_data.seeding import rng_for


@dataclass(frozen=True, slots=True)
class Variant:
    """What became of an image.

    Attributes:
        image: 8-bit greyscale or RGB.
        boxes: of the symbols, shape (symbols, 4): left, top, right, bottom in pixels; none where none were given.
        data: the image as PNG, or as JPEG where the last step made it one.
        suffix: of a file of it: ``.png`` or ``.jpg``.
    """

    image: Image.Image
    boxes: NDArray[np.float64]
    data: bytes
    suffix: str


def augment(
    image: Image.Image,
    steps: Sequence[Step],
    *,
    seed: int,
    id: str,
    boxes: NDArray[np.float64] | NDArray[np.int64] | None = None,
) -> Variant:
    """One variant of an image.

    Args:
        image: of any mode, size and polarity.
        steps: they act in the order of their phases, those of one phase in the order given.
        seed, id: what is drawn depends on these two and each step's name, on nothing else.
        boxes: of the symbols as in `Variant`, where they are known; else ink is found from the pixels alone.
    """
    sheet = _changed(separate_layers(image, boxes), steps, seed, id)
    if sheet.encoded is not None:
        return Variant(sheet.pillow(), sheet.boxes, sheet.encoded, ".jpg")
    made = sheet.pillow()
    return Variant(made, sheet.boxes, encode_png(made), ".png")


def augment_bytes(
    data: bytes,
    steps: Sequence[Step],
    *,
    seed: int,
    id: str,
    boxes: NDArray[np.float64] | NDArray[np.int64] | None = None,
) -> tuple[bytes, str, NDArray[np.float64]]:
    """As `augment`, from an encoded image to data, suffix and boxes; of an animation, the first picture."""
    with Image.open(io.BytesIO(data)) as image:
        sheet = _changed(separate_layers(image, boxes), steps, seed, id)
    if sheet.encoded is not None:
        return sheet.encoded, ".jpg", sheet.boxes
    return encode_png(sheet.pillow()), ".png", sheet.boxes


def _changed(sheet: Layers, steps: Sequence[Step], seed: int, id: str) -> Layers:
    counts: Counter[str] = Counter()
    done = Phase.INK
    for step in sorted(steps, key=lambda one: one.phase):
        sheet, done = _ready(sheet, done, step.phase), step.phase
        name = _stream(step)
        counts[name] += 1
        rng = rng_for(seed, id, f"augment {name} {counts[name]}")
        if step.p == 1 or rng.random() < step.p:
            sheet = step.apply(sheet, rng)
    return _ready(sheet, done, Phase.FILE)


def _ready(sheet: Layers, done: Phase, wanted: Phase) -> Layers:
    """What lies between two phases: the moves are carried out after one, the picture is made after another."""
    if done <= Phase.GEOMETRY < wanted:
        sheet = apply_geometry(sheet)
    if done <= Phase.LENS < wanted:
        sheet = composite(sheet)
    return sheet


def _stream(step: Step) -> str:
    """The name of the random stream of a step: its name before version 0.2, or the path of a plug-in's class."""
    path = f"{type(step).__module__}:{type(step).__qualname__}"
    return _stream_names().get(path, path)


@lru_cache(maxsize=1)
def _stream_names() -> dict[str, str]:
    old = {new: name for name, new in OLD_NAMES.items()}
    return {path: old.get(name, name) for name, path in STEPS.items()}
