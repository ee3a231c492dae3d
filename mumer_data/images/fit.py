"""Normalisation of ink to one symbol size and one pen width, so that images of many sources look alike.

Not for photographs: textured paper would be thinned to lines like ink.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from mumer_data.images.polarity import polarity
from mumer_data.images.skeleton import Mask, thin
from mumer_data.io.png import encode_png

_OVERSAMPLE = 2  # lines are thinned and drawn this many times larger, then averaged down
_INK_THRESHOLD = 0.35  # share of full contrast from which a pixel is ink
_FAINT_THRESHOLD = 0.2  # the same if an image is scaled down, so that thin lines do not break
Boxes = NDArray[np.float64]  # left, top, right, bottom of each symbol, in pixels

_EIGHT_CONNECTED = ndimage.generate_binary_structure(2, 2)


class Fit(BaseModel):
    """The target of `fit`; lengths in pixels.

    Attributes:
        symbol: median of the longer sides of connected components: about the height of a small letter.
        pen: width of lines.
        padding: white on all sides.
        multiple: width and height are multiples of this, such as an image processor's patch times its merge size.
        max_pixels: largest area of the ink; larger ink is scaled down.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    symbol: float = Field(24.0, ge=8, le=256)
    pen: float = Field(2.0, ge=1, le=32)
    padding: int = Field(4, ge=0, le=256)
    multiple: int = Field(16, ge=1, le=256)
    max_pixels: int = Field(1 << 17, ge=1 << 12)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted image, black on white.

    Attributes:
        image: 8-bit greyscale.
        scale: its pixels per pixel of the source.
        left, top: position of the source's pixel (0, 0).
    """

    image: Image.Image
    scale: float
    left: float
    top: float


def fit(data: bytes, target: Fit, boxes: Boxes | None = None) -> tuple[bytes, Boxes | None]:
    """An encoded image, fitted, as PNG, black on white, and its transformed boxes; unchanged if there is no ink."""
    with Image.open(io.BytesIO(data)) as image:
        fitted = fit_image(image, target)
    if fitted is None:
        return data, boxes
    corner = np.array([fitted.left, fitted.top, fitted.left, fitted.top])
    return encode_png(fitted.image), None if boxes is None else boxes * fitted.scale + corner


def fit_image(image: Image.Image, target: Fit) -> Fitted | None:
    """Crop to the ink, scale it to the target symbol size, redraw its centre lines; ``None`` without ink."""
    ink = _contrast(image)
    mask = ink >= _INK_THRESHOLD
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    scale = _scale(mask[top:bottom, left:right], target)
    size = (max(1, round((right - left) * scale * _OVERSAMPLE)), max(1, round((bottom - top) * scale * _OVERSAMPLE)))
    cropped = Image.fromarray(ink).crop((left, top, right, bottom))
    if scale * _OVERSAMPLE < 1:
        enlarged = np.asarray(cropped.resize(size, Image.Resampling.BOX)) >= _FAINT_THRESHOLD
    else:
        enlarged = np.asarray(cropped.resize(size, Image.Resampling.BILINEAR)) >= _INK_THRESHOLD
    margin = target.padding + int(np.ceil(target.pen / 2))
    width, height = (_round_up(side / _OVERSAMPLE + 2 * margin, target.multiple) for side in size)
    # Centred: the white that pads to a multiple is on both sides.
    offset_x, offset_y = (width * _OVERSAMPLE - size[0]) // 2, (height * _OVERSAMPLE - size[1]) // 2
    canvas = np.zeros((height * _OVERSAMPLE, width * _OVERSAMPLE), dtype=bool)
    canvas[offset_y : offset_y + size[1], offset_x : offset_x + size[0]] = thin(enlarged)
    drawn = ndimage.binary_dilation(canvas, _disc(target.pen * _OVERSAMPLE))
    grey = Image.fromarray(np.where(drawn, np.uint8(0), np.uint8(255))).reduce(_OVERSAMPLE)
    return Fitted(grey, scale, offset_x / _OVERSAMPLE - left * scale, offset_y / _OVERSAMPLE - top * scale)


def _contrast(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """How much each pixel is ink, 0 to 1."""
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    low, high = float(grey.min()), float(grey.max())
    if low == high:
        return np.zeros_like(grey)
    return (high - grey if polarity(image) == "dark_on_light" else grey - low) / np.float32(high - low)


def _scale(mask: Mask, target: Fit) -> float:
    """The scale by the connected components, without specks and dots, within the limits of area and length."""
    labels, _ = ndimage.label(mask, structure=_EIGHT_CONNECTED)
    sides = np.array([max(b.stop - b.start for b in box) for box in ndimage.find_objects(labels)], dtype=np.float64)
    large = sides[sides >= 0.2 * np.quantile(sides, 0.9)]
    scale = target.symbol / float(np.median(large))
    height, width = mask.shape
    area_limit = (target.max_pixels / (height * width)) ** 0.5
    length_limit = 16 * target.max_pixels**0.5 / max(height, width)  # for a single line, which has almost no area
    return float(min(scale, area_limit, length_limit))


def _round_up(length: float, multiple: int) -> int:
    return max(1, int(np.ceil(length / multiple))) * multiple


def _disc(diameter: float) -> Mask:
    reach = int(np.ceil(diameter / 2 - 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc: Mask = np.hypot(x, y) <= diameter / 2
    return disc
