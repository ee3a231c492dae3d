"""An image and a list of steps -> one variant, determined by seed and id.

Not for many images nor for files: see `mumer_data.jobs`.
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
from mumer_data.io.png import encode_png
from mumer_data.seeding import rng_for


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant of an image.

    Attributes:
        image: 8-bit greyscale or RGB.
        boxes: symbol boxes, shape (symbols, 4): left, top, right, bottom in pixels; empty where none were passed.
        data: the encoded image: JPEG with the step ``jpeg``, else PNG.
        suffix: file name suffix, ``.png`` or ``.jpg``.
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
        image: an image of any mode, size and polarity.
        steps: sorted by phase before they act; steps of one phase keep their order.
        seed, id: the random numbers depend only on these two and the name of each step.
        boxes: symbol boxes as in `Variant`, if known; otherwise ink is detected from the pixels.
    """
    layers = _apply_steps(separate_layers(image, boxes), steps, seed, id)
    if layers.encoded is not None:
        return Variant(layers.pillow(), layers.boxes, layers.encoded, ".jpg")
    image_out = layers.pillow()
    return Variant(image_out, layers.boxes, encode_png(image_out), ".png")


def augment_bytes(
    data: bytes,
    steps: Sequence[Step],
    *,
    seed: int,
    id: str,
    boxes: NDArray[np.float64] | NDArray[np.int64] | None = None,
) -> tuple[bytes, str, NDArray[np.float64]]:
    """As `augment`, but from an encoded image to data, suffix and boxes; takes the first frame of an animation."""
    with Image.open(io.BytesIO(data)) as image:
        layers = _apply_steps(separate_layers(image, boxes), steps, seed, id)
    if layers.encoded is not None:
        return layers.encoded, ".jpg", layers.boxes
    return encode_png(layers.pillow()), ".png", layers.boxes


def _apply_steps(layers: Layers, steps: Sequence[Step], seed: int, id: str) -> Layers:
    counts: Counter[str] = Counter()
    current_phase = Phase.INK
    for step in sorted(steps, key=lambda step: step.phase):
        layers, current_phase = _advance(layers, current_phase, step.phase), step.phase
        name = _stream(step)
        counts[name] += 1
        rng = rng_for(seed, id, f"augment {name} {counts[name]}")
        if step.p == 1 or rng.random() < step.p:
            layers = step.apply(layers, rng)
    return _advance(layers, current_phase, Phase.FILE)


def _advance(layers: Layers, current_phase: Phase, next_phase: Phase) -> Layers:
    """Apply the transforms after the geometry phase, and composite the layers after the lens phase."""
    if current_phase <= Phase.GEOMETRY < next_phase:
        layers = apply_geometry(layers)
    if current_phase <= Phase.LENS < next_phase:
        layers = composite(layers)
    return layers


def _stream(step: Step) -> str:
    """The name of the random stream of a step: its name before version 0.2, or the path of a plug-in's class."""
    path = f"{type(step).__module__}:{type(step).__qualname__}"
    return _stream_names().get(path, path)


@lru_cache(maxsize=1)
def _stream_names() -> dict[str, str]:
    old = {new: name for name, new in OLD_NAMES.items()}
    return {path: old.get(name, name) for name, path in STEPS.items()}
