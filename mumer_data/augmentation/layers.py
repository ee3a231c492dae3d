"""What an image is while steps work on it: ink, paper and light apart, and where each symbol stands.

Not for reading images (see `find_ink`) nor for making pictures (see `develop`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mumer_data.augmentation.transforms import Frame, Warp

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layers:
    """One image on its way to a variant. Arrays are shared between sheets: a step makes new ones.

    Bands of colour come first: broadcasting over a last axis of three is ten times as slow.

    Attributes:
        ink: how much of each pixel is ink, 0 to 1, shape (height, width).
        colour: of the ink, 0 black to 1 white, shape (1,) or (3,).
        paper: what paper throws back, 0 to 1, shape (1 or 3, height or 1, width or 1).
        light: what falls on both, as a factor, of such a shape.
        boxes: of the symbols, shape (symbols, 4): left, top, right, bottom in pixels; none where not known.
        pen: width of strokes, in pixels.
        height: of a usual symbol, in pixels.
        darkest: paper that throws back less is made to throw back this, so that ink can be told from it.
        warps: moves that are not done yet, the first one first.
        margins: left, top, right, bottom, from the ink to the edge after the moves, in pixels; ``None`` for as it is.
        frame: where the pixels come from, once the moves are done.
        reverse: whether the picture is to be light on dark.
        picture: once ink, paper and light are one: 0 to 255, shape (1 or 3, height, width).
        encoded: the picture as bytes of a file, if a step encoded it last.
    """

    ink: Plane
    colour: Plane
    paper: Plane
    light: Plane
    boxes: NDArray[np.float64]
    pen: float
    height: float
    darkest: float = 0.5
    warps: tuple[Warp, ...] = ()
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
        """The picture, decoded if it is encoded."""
        if self.encoded is not None:
            with Image.open(io.BytesIO(self.encoded)) as image:
                found = np.asarray(image, dtype=np.float32)
            return np.ascontiguousarray(np.moveaxis(found, 2, 0)) if found.ndim == 3 else found[None]
        if self.picture is None:
            raise ValueError("the sheet is not composite yet")
        return self.picture

    def pillow(self) -> Image.Image:
        """The picture as 8-bit greyscale or RGB."""
        if self.encoded is not None:
            with Image.open(io.BytesIO(self.encoded)) as image:
                image.load()
                return image.copy()
        return to_pillow(self.pixels())


def to_pillow(picture: Plane) -> Image.Image:
    """Levels 0 to 255 of shape (1 or 3, height, width) as an image."""
    levels = picture + np.float32(0.5)
    bands = [Image.fromarray(band) for band in np.clip(levels, 0, 255, out=levels).astype(np.uint8)]
    return bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
