"""A perceptual hash of 256 bits: equal for copies, near for copies that were scaled or compressed.

Not for telling expressions apart: two writers of one label look different.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from mumer_data.images.polarity import polarity

SIDE = 16
BITS = SIDE * SIDE
_INK_THRESHOLD = 64  # of 255: fainter marks are paper


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """A perceptual hash and the shape of the ink.

    Attributes:
        bits: 4 words of 64 bits: signs of the lowest 16 x 16 cosine coefficients, median taken off.
        aspect: natural logarithm of width / height of the ink.
    """

    bits: tuple[int, int, int, int]
    aspect: float


def phash(data: bytes) -> PerceptualHash:
    """The perceptual hash of an encoded image that `check_image` accepts, independent of margins and polarity.

    Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010 (by `imagehash`).
    """
    import imagehash

    with Image.open(io.BytesIO(data)) as image:
        grey = image.convert("L")
    ink = ImageOps.invert(grey) if polarity(grey) == "dark_on_light" else grey
    box = ink.point([0] * _INK_THRESHOLD + [255] * (256 - _INK_THRESHOLD)).getbbox()
    if box is not None:
        ink = ink.crop(box)
    words = np.packbits(imagehash.phash(ink, hash_size=SIDE).hash.ravel()).view(np.uint64)
    a, b, c, d = (int(word) for word in words)
    return PerceptualHash((a, b, c, d), float(np.log(ink.width / ink.height)))
