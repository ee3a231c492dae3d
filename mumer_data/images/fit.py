"""Ink of any size and width of pen -> ink of one: images of many sources look as if one pen had written them.

Not for photographs: paper that is not plain would be thinned to lines like ink.
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

_FINE = 2  # lines are thinned and drawn so many times larger, then averaged down
_INK = 0.35  # share of full contrast from which a pixel is ink
_FAINT = 0.2  # the same where an image is scaled down, lest thin lines break
Boxes = NDArray[np.float64]  # left, top, right, bottom of each symbol, in pixels

_EIGHT_CONNECTED = ndimage.generate_binary_structure(2, 2)


class Fit(BaseModel):
    """What images are fitted to; lengths in pixels.

    Attributes:
        symbol: the longer side of a usual piece of ink (their median): about the height of a small letter.
        pen: width of lines.
        padding: white on all sides.
        multiple: width and height are multiples of this, such as an image processor's patch times its merge size.
        max_pixels: more ink than fits into as many is drawn smaller.
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
        scale: pixels of it for one of the source's.
        left, top: where the source's pixel (0, 0) has come to.
    """

    image: Image.Image
    scale: float
    left: float
    top: float


def fit(data: bytes, target: Fit, boxes: Boxes | None = None) -> tuple[bytes, Boxes | None]:
    """An encoded image, fitted, as PNG, black on white, and the boxes moved along; without ink all stays as it is."""
    with Image.open(io.BytesIO(data)) as image:
        fitted = fit_image(image, target)
    if fitted is None:
        return data, boxes
    corner = np.array([fitted.left, fitted.top, fitted.left, fitted.top])
    return encode_png(fitted.image), None if boxes is None else boxes * fitted.scale + corner


def fit_image(image: Image.Image, target: Fit) -> Fitted | None:
    """Crop to the ink, scale it to the wanted size of symbols, redraw its middle lines; nothing without ink."""
    ink = _contrast(image)
    mask = ink >= _INK
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    scale = _scale(mask[top:bottom, left:right], target)
    size = (max(1, round((right - left) * scale * _FINE)), max(1, round((bottom - top) * scale * _FINE)))
    cropped = Image.fromarray(ink).crop((left, top, right, bottom))
    if scale * _FINE < 1:
        large = np.asarray(cropped.resize(size, Image.Resampling.BOX)) >= _FAINT
    else:
        large = np.asarray(cropped.resize(size, Image.Resampling.BILINEAR)) >= _INK
    edge = target.padding + int(np.ceil(target.pen / 2))
    width, height = (_round_up(side / _FINE + 2 * edge, target.multiple) for side in size)
    # In the middle: the white that makes up a multiple lies on both sides.
    begin_x, begin_y = (width * _FINE - size[0]) // 2, (height * _FINE - size[1]) // 2
    canvas = np.zeros((height * _FINE, width * _FINE), dtype=bool)
    canvas[begin_y : begin_y + size[1], begin_x : begin_x + size[0]] = thin(large)
    drawn = ndimage.binary_dilation(canvas, _disc(target.pen * _FINE))
    grey = Image.fromarray(np.where(drawn, np.uint8(0), np.uint8(255))).reduce(_FINE)
    return Fitted(grey, scale, begin_x / _FINE - left * scale, begin_y / _FINE - top * scale)


def _contrast(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """How much each pixel is ink, 0 to 1."""
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    low, high = float(grey.min()), float(grey.max())
    if low == high:
        return np.zeros_like(grey)
    return (high - grey if polarity(image) == "dark_on_light" else grey - low) / np.float32(high - low)


def _scale(mask: Mask, target: Fit) -> float:
    """From the pieces of ink, without specks and dots; and so that the whole has room."""
    labels, _ = ndimage.label(mask, structure=_EIGHT_CONNECTED)
    sides = np.array([max(b.stop - b.start for b in box) for box in ndimage.find_objects(labels)], dtype=np.float64)
    large = sides[sides >= 0.2 * np.quantile(sides, 0.9)]
    scale = target.symbol / float(np.median(large))
    height, width = mask.shape
    room = (target.max_pixels / (height * width)) ** 0.5
    longest = 16 * target.max_pixels**0.5 / max(height, width)  # a lone line, of hardly any area
    return float(min(scale, room, longest))


def _round_up(length: float, multiple: int) -> int:
    return max(1, int(np.ceil(length / multiple))) * multiple


def _disc(diameter: float) -> Mask:
    reach = int(np.ceil(diameter / 2 - 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc: Mask = np.hypot(x, y) <= diameter / 2
    return disc
