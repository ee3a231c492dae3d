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

_THINNEST = 1.6  # minimum stroke width after erosion, in pixels
_THICKEST = 0.16  # maximum stroke width after dilation, in symbol heights


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
        least, most = min(layers.pen, _THINNEST), max(layers.pen, _THICKEST * layers.height)
        reach = (float(np.clip(target, least, most)) - layers.pen) / 2
        if abs(reach) < 0.05 or not layers.ink.any():
            return layers
        if reach < 0:
            return replace(layers, ink=thin_strokes(layers.ink, -reach), pen=layers.pen + 2 * reach)
        ink, reach = _open_loops(layers.ink, reach, layers.pen)
        pad = int(np.ceil(reach)) if reach else 0
        rows, columns = layers.shape
        low, high = layers.boxes[:, :2] - reach, layers.boxes[:, 2:] + reach
        boxes = np.concatenate(
            (np.maximum(low + pad, 0), np.minimum(high + pad, (columns + 2 * pad, rows + 2 * pad))), 1
        )
        paper = layers.paper
        if pad and paper.shape[1:] != (1, 1):
            paper = np.pad(paper, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
        return replace(layers, ink=ink, boxes=boxes, paper=paper, pen=layers.pen + 2 * reach)


def thicken(ink: Plane, reach: float) -> Plane:
    """Ink dilated by ``reach`` pixels."""
    return _repeat_fractional(ink, reach, _dilate)


def thin_strokes(ink: Plane, reach: float) -> Plane:
    """Ink eroded by ``reach`` pixels, except where it would vanish or break."""
    eroded = _repeat_fractional(ink, reach, _erode)
    steps = int(np.ceil(reach))
    opened = eroded
    for _ in range(steps):
        opened = _dilate(opened)
    # Parts that opening removes are too thin to erode; they are kept with a small surrounding that connects them.
    thin = ink - np.minimum(opened, ink)
    for _ in range(steps + 1):
        thin = _dilate(thin)
    kept = np.maximum(eroded, np.where(thin > 0.25, ink, 0))
    before, after = ink > 0.5, kept > 0.5
    # A break of a stroke or a loop changes the Euler number; a lost component is not reached by dilation of the rest.
    if _euler_number(before) == _euler_number(after) and not (before & ~_dilate_mask(after, steps + 1)).any():
        return kept
    return ink


def _repeat_fractional(ink: Plane, reach: float, change: object) -> Plane:
    """Apply ``change`` a whole number of times, then blend with one more application for the fraction."""
    assert callable(change)
    whole = int(reach)
    for _ in range(whole):
        ink = change(ink)
    part = np.float32(reach - whole)
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


def _open_loops(ink: Plane, reach: float, pen: float) -> tuple[Plane, float]:
    """Ink dilated as far as no loop is filled, on a padded plane; and the radius."""
    background, _ = ndimage.label(ink < 0.5)
    sizes = np.bincount(background.ravel())
    sizes[0] = 0
    loops = sizes > max(4.0, pen * pen / 2)
    loops[sizes.argmax()] = False  # what is outside
    loop_pixels = np.flatnonzero(loops[background]) if loops.any() else np.empty(0, np.int64)
    owners = background.ravel()[loop_pixels]
    for attempt in (reach, reach / 2):
        pad = int(np.ceil(attempt))
        grown = thicken(np.pad(ink, pad), attempt)
        still = grown[pad:-pad, pad:-pad].ravel()[loop_pixels] < 0.5
        if len(np.unique(owners[still])) == loops.sum():
            return grown, attempt
    return ink, 0.0


def _euler_number(mask: NDArray[np.bool_]) -> int:
    """The Euler number (components minus holes, 8-connected), counted in 2 x 2 squares.

    Source: S. B. Gray, Local properties of binary images in two dimensions, IEEE Trans. Computers 20 (1971).
    """
    ink = np.pad(mask, 1).view(np.uint8)
    pairs = ink[:-1] + ink[1:]
    squares = pairs[:, :-1] + pairs[:, 1:]
    askew = (squares == 2) & (ink[:-1, :-1] == ink[1:, 1:])
    ones, threes = np.count_nonzero(squares == 1), np.count_nonzero(squares == 3)
    return int(ones - threes - 2 * np.count_nonzero(askew)) // 4


def _dilate_mask(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """The mask dilated ``steps`` times with a 3 x 3 square."""
    for _ in range(steps):
        tall = mask.copy()
        tall[1:] |= mask[:-1]
        tall[:-1] |= mask[1:]
        mask = tall.copy()
        mask[:, 1:] |= tall[:, :-1]
        mask[:, :-1] |= tall[:, 1:]
    return mask
