"""Stroke width: dilation and erosion of the ink."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.ranges import Range, Within, draw

_MIN_WIDTH = 1.6  # minimum stroke width after erosion, in pixels
_MAX_WIDTH = 0.16  # maximum stroke width after dilation, in symbol heights


class Stroke(Step):
    """Dilation or erosion with sub-pixel radius.

    Erosion leaves strokes unchanged that it would break; dilation is reduced where it would fill a loop (such as that
    of an ``e``).

    Attributes:
        width: factor on the stroke width.
    """

    phase = Phase.INK
    width: Annotated[Range, Within(0.5, 3)] = (0.8, 1.5)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Changes ink, boxes and pen."""
        target = layers.pen * draw(rng, self.width)
        minimum, maximum = min(layers.pen, _MIN_WIDTH), max(layers.pen, _MAX_WIDTH * layers.height)
        radius = (float(np.clip(target, minimum, maximum)) - layers.pen) / 2
        if abs(radius) < 0.05 or not layers.ink.any():
            return layers
        if radius < 0:
            return replace(layers, ink=thin_strokes(layers.ink, -radius), pen=layers.pen + 2 * radius)
        ink, radius = _open_loops(layers.ink, radius, layers.pen)
        pad = int(np.ceil(radius)) if radius else 0
        rows, columns = layers.shape
        low, high = layers.boxes[:, :2] - radius, layers.boxes[:, 2:] + radius
        boxes = np.concatenate(
            (np.maximum(low + pad, 0), np.minimum(high + pad, (columns + 2 * pad, rows + 2 * pad))), 1
        )
        paper = layers.paper
        if pad and paper.shape[1:] != (1, 1):
            paper = np.pad(paper, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
        return replace(layers, ink=ink, boxes=boxes, paper=paper, pen=layers.pen + 2 * radius)


def thicken(ink: Plane, radius: float) -> Plane:
    """Ink dilated by ``radius`` pixels."""
    return _repeat_fractional(ink, radius, _dilate)


def thin_strokes(ink: Plane, radius: float) -> Plane:
    """Ink eroded by ``radius`` pixels, except where it would vanish or break."""
    eroded = _repeat_fractional(ink, radius, _erode)
    steps = int(np.ceil(radius))
    opened = eroded
    for _ in range(steps):
        opened = _dilate(opened)
    # Parts that opening removes are too thin to erode; they are kept with a small surrounding that connects them.
    thin = ink - np.minimum(opened, ink)
    for _ in range(steps + 1):
        thin = _dilate(thin)
    result = np.maximum(eroded, np.where(thin > 0.25, ink, 0))
    before, after = ink > 0.5, result > 0.5
    # A break of a stroke or a loop changes the Euler number; a lost component is not reached by dilation of the rest.
    if _euler_number(before) == _euler_number(after) and not (before & ~_dilate_mask(after, steps + 1)).any():
        return result
    return ink


def _repeat_fractional(ink: Plane, radius: float, change: object) -> Plane:
    """Apply ``change`` a whole number of times, then blend with one more application for the fraction."""
    assert callable(change)
    full_steps = int(radius)
    for _ in range(full_steps):
        ink = change(ink)
    part = np.float32(radius - full_steps)
    return ink + part * (change(ink) - ink) if part else ink


def _dilate(ink: Plane) -> Plane:
    """The maximum over each pixel and its four neighbours."""
    dilated = ink.copy()
    np.maximum(dilated[1:], ink[:-1], out=dilated[1:])
    np.maximum(dilated[:-1], ink[1:], out=dilated[:-1])
    np.maximum(dilated[:, 1:], ink[:, :-1], out=dilated[:, 1:])
    np.maximum(dilated[:, :-1], ink[:, 1:], out=dilated[:, :-1])
    return dilated


def _erode(ink: Plane) -> Plane:
    return 1 - _dilate(1 - ink)


def _open_loops(ink: Plane, radius: float, pen: float) -> tuple[Plane, float]:
    """Ink dilated as far as no loop is filled, on a padded plane; and the radius."""
    background, _ = ndimage.label(ink < 0.5)
    sizes = np.bincount(background.ravel())
    sizes[0] = 0
    loops = sizes > max(4.0, pen * pen / 2)
    loops[sizes.argmax()] = False  # what is outside
    loop_pixels = np.flatnonzero(loops[background]) if loops.any() else np.empty(0, np.int64)
    owners = background.ravel()[loop_pixels]
    for candidate in (radius, radius / 2):
        pad = int(np.ceil(candidate))
        dilated = thicken(np.pad(ink, pad), candidate)
        still_open = dilated[pad:-pad, pad:-pad].ravel()[loop_pixels] < 0.5
        if len(np.unique(owners[still_open])) == loops.sum():
            return dilated, candidate
    return ink, 0.0


def _euler_number(mask: NDArray[np.bool_]) -> int:
    """The Euler number (components minus holes, 8-connected), counted in 2 x 2 squares.

    Source: S. B. Gray, Local properties of binary images in two dimensions, IEEE Trans. Computers 20 (1971).
    """
    ink = np.pad(mask, 1).view(np.uint8)
    pairs = ink[:-1] + ink[1:]
    squares = pairs[:, :-1] + pairs[:, 1:]
    diagonal = (squares == 2) & (ink[:-1, :-1] == ink[1:, 1:])
    ones, threes = np.count_nonzero(squares == 1), np.count_nonzero(squares == 3)
    return int(ones - threes - 2 * np.count_nonzero(diagonal)) // 4


def _dilate_mask(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """The mask dilated ``steps`` times with a 3 x 3 square."""
    for _ in range(steps):
        vertical = mask.copy()
        vertical[1:] |= mask[:-1]
        vertical[:-1] |= mask[1:]
        mask = vertical.copy()
        mask[:, 1:] |= vertical[:, :-1]
        mask[:, :-1] |= vertical[:, 1:]
    return mask
