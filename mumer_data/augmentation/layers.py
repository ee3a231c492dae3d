"""Intermediate representation of an image during augmentation: ink, paper and light as layers, and symbol boxes.

Not for separating an image into layers (see `separate`) nor for compositing them (see `composite`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mumer_data.augmentation.transforms import Frame, Transform

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layers:
    """One image as layers. Arrays are shared between instances: a step must not change them in place.

    Colour bands are the first axis: broadcasting over a last axis of three is ten times as slow.

    Attributes:
        ink: ink coverage of each pixel, 0 to 1, shape (height, width).
        colour: colour of the ink, 0 (black) to 1 (white), shape (1,) or (3,).
        paper: reflectance of the paper, 0 to 1, shape (1 or 3, height or 1, width or 1).
        light: illumination of ink and paper, a factor, same shape as ``paper`` or broadcastable.
        boxes: bounding box of each symbol, shape (symbols, 4): left, top, right, bottom in pixels; empty if unknown.
        pen: stroke width, in pixels.
        height: height of a typical symbol, in pixels.
        darkest: minimum reflectance of the paper when compositing, so that the ink keeps its contrast.
        transforms: geometric transforms not yet applied, in order.
        margins: left, top, right, bottom margins after the transforms, in pixels; ``None`` keeps the original's.
        frame: source coordinates of the pixels, after the transforms.
        reverse: whether the variant is light on dark.
        picture: the composited image, 0 to 255, shape (1 or 3, height, width); ``None`` before compositing.
        encoded: the image as an encoded file, if a step encoded it.
    """

    ink: Plane
    colour: Plane
    paper: Plane
    light: Plane
    boxes: NDArray[np.float64]
    pen: float
    height: float
    darkest: float = 0.5
    transforms: tuple[Transform, ...] = ()
    margins: tuple[float, float, float, float] | None = None
    frame: Frame | None = None
    reverse: bool = False
    picture: Plane | None = None
    encoded: bytes | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.ink.shape[0], self.ink.shape[1]

    def pixels(self) -> Plane:
        """The composited image, 0 to 255, shape (1 or 3, height, width)."""
        if self.encoded is not None:
            with Image.open(io.BytesIO(self.encoded)) as image:
                pixel_values = np.asarray(image, dtype=np.float32)
            return (
                np.ascontiguousarray(np.moveaxis(pixel_values, 2, 0)) if pixel_values.ndim == 3 else pixel_values[None]
            )
        if self.picture is None:
            raise ValueError("the layers are not composited yet")
        return self.picture

    def pillow(self) -> Image.Image:
        """The composited image as 8-bit greyscale or RGB."""
        if self.encoded is not None:
            with Image.open(io.BytesIO(self.encoded)) as image:
                image.load()
                return image.copy()
        return to_pillow(self.pixels())


def to_pillow(picture: Plane) -> Image.Image:
    """An array of levels 0 to 255, shape (1 or 3, height, width), as an image."""
    levels = picture + np.float32(0.5)
    bands = [Image.fromarray(band) for band in np.clip(levels, 0, 255, out=levels).astype(np.uint8)]
    return bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
