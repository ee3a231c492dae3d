"""Polarity: detection of dark ink on light paper or light ink on dark paper, and conversion to one of them.

Not for other changes of an image.
"""

from __future__ import annotations

import io
from typing import Literal

from PIL import Image, ImageOps

from mumer_data.io.png import ZLIB_DEFAULT, encode_png

Polarity = Literal["dark_on_light", "light_on_dark"]


def polarity(image: Image.Image) -> Polarity:
    """The polarity of an image: most pixels are paper, so the mean grey level is nearer to the paper's."""
    grey = image.convert("L")
    histogram = grey.histogram()
    low = next(level for level, count in enumerate(histogram) if count)
    high = next(level for level in range(255, -1, -1) if histogram[level])
    mean = sum(level * count for level, count in enumerate(histogram)) / (grey.width * grey.height)
    if low == high:  # one colour only: paper without ink
        return "dark_on_light" if low >= 128 else "light_on_dark"
    return "dark_on_light" if mean >= (low + high) / 2 else "light_on_dark"


def unify_polarity(data: bytes, target: Polarity = "dark_on_light") -> bytes:
    """The encoded image in the target polarity: the same bytes if it has it, otherwise an inverted greyscale PNG."""
    with Image.open(io.BytesIO(data)) as image:
        if polarity(image) == target:
            return data
        return encode_png(ImageOps.invert(image.convert("L")), compress_level=ZLIB_DEFAULT)
