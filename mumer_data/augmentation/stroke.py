"""Strokes made thicker or thinner, as by another pen."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.ranges import Range, Within, draw

_THINNEST = 1.6  # pixels: no pen is made thinner than this
_THICKEST = 0.16  # heights of a symbol: no pen is made thicker than this


class Stroke(Step):
    """Dilation or erosion, by parts of a pixel too.

    Where thinning would break a stroke the stroke stays as it is; where thickening would fill a loop (of an ``e``,
    say) less is done, or nothing.

    Attributes:
        width: of the pen, over the original's.
    """

    phase = Phase.INK
    width: Annotated[Range, Within(0.5, 3)] = (0.8, 1.5)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Changes ink, boxes and pen."""
        wanted = sheet.pen * draw(rng, self.width)
        least, most = min(sheet.pen, _THINNEST), max(sheet.pen, _THICKEST * sheet.height)
        reach = (float(np.clip(wanted, least, most)) - sheet.pen) / 2
        if abs(reach) < 0.05 or not sheet.ink.any():
            return sheet
        if reach < 0:
            return replace(sheet, ink=thinned(sheet.ink, -reach), pen=sheet.pen + 2 * reach)
        ink, reach = _open_loops(sheet.ink, reach, sheet.pen)
        pad = int(np.ceil(reach)) if reach else 0
        rows, columns = sheet.shape
        low, high = sheet.boxes[:, :2] - reach, sheet.boxes[:, 2:] + reach
        boxes = np.concatenate(
            (np.maximum(low + pad, 0), np.minimum(high + pad, (columns + 2 * pad, rows + 2 * pad))), 1
        )
        paper = sheet.paper
        if pad and paper.shape[1:] != (1, 1):
            paper = np.pad(paper, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
        return replace(sheet, ink=ink, boxes=boxes, paper=paper, pen=sheet.pen + 2 * reach)


def thickened(ink: Plane, reach: float) -> Plane:
    """Ink grown by ``reach`` pixels on all sides."""
    return _blended(ink, reach, _highest)


def thinned(ink: Plane, reach: float) -> Plane:
    """Ink worn off by ``reach`` pixels on all sides, except where it would be gone or come apart."""
    worn = _blended(ink, reach, _lowest)
    steps = int(np.ceil(reach))
    opened = worn
    for _ in range(steps):
        opened = _highest(opened)
    # What opening loses is too thin to be worn off; with a little of its surroundings it keeps its hold on the rest.
    thin = ink - np.minimum(opened, ink)
    for _ in range(steps + 1):
        thin = _highest(thin)
    kept = np.maximum(worn, np.where(thin > 0.25, ink, 0))
    before, after = ink > 0.5, kept > 0.5
    # A stroke or a loop that breaks adds one to pieces less holes; a piece that is gone is reached by nothing.
    if _euler(before) == _euler(after) and not (before & ~_reached(after, steps + 1)).any():
        return kept
    return ink


def _blended(ink: Plane, reach: float, change: object) -> Plane:
    """Whole steps of ``change``, then a part of one."""
    assert callable(change)
    whole = int(reach)
    for _ in range(whole):
        ink = change(ink)
    part = np.float32(reach - whole)
    return ink + part * (change(ink) - ink) if part else ink


def _highest(ink: Plane) -> Plane:
    """The highest of each pixel and its four neighbours."""
    found = ink.copy()
    np.maximum(found[1:], ink[:-1], out=found[1:])
    np.maximum(found[:-1], ink[1:], out=found[:-1])
    np.maximum(found[:, 1:], ink[:, :-1], out=found[:, 1:])
    np.maximum(found[:, :-1], ink[:, 1:], out=found[:, :-1])
    return found


def _lowest(ink: Plane) -> Plane:
    return 1 - _highest(1 - ink)


def _open_loops(ink: Plane, reach: float, pen: float) -> tuple[Plane, float]:
    """Ink grown as far as no loop fills, on a larger sheet; and how far that was."""
    background, _ = ndimage.label(ink < 0.5)
    sizes = np.bincount(background.ravel())
    sizes[0] = 0
    loops = sizes > max(4.0, pen * pen / 2)
    loops[sizes.argmax()] = False  # what is outside
    places = np.flatnonzero(loops[background]) if loops.any() else np.empty(0, np.int64)
    owners = background.ravel()[places]
    for attempt in (reach, reach / 2):
        pad = int(np.ceil(attempt))
        grown = thickened(np.pad(ink, pad), attempt)
        still = grown[pad:-pad, pad:-pad].ravel()[places] < 0.5
        if len(np.unique(owners[still])) == loops.sum():
            return grown, attempt
    return ink, 0.0


def _euler(mask: NDArray[np.bool_]) -> int:
    """Pieces less holes, of ink that hangs together at corners too; counted in squares of four pixels.

    Source: S. B. Gray, Local properties of binary images in two dimensions, IEEE Trans. Computers 20 (1971).
    """
    ink = np.pad(mask, 1).view(np.uint8)
    pairs = ink[:-1] + ink[1:]
    squares = pairs[:, :-1] + pairs[:, 1:]
    askew = (squares == 2) & (ink[:-1, :-1] == ink[1:, 1:])
    ones, threes = np.count_nonzero(squares == 1), np.count_nonzero(squares == 3)
    return int(ones - threes - 2 * np.count_nonzero(askew)) // 4


def _reached(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """The mask and all pixels up to ``steps`` to its sides and askew."""
    for _ in range(steps):
        tall = mask.copy()
        tall[1:] |= mask[:-1]
        tall[:-1] |= mask[1:]
        mask = tall.copy()
        mask[:, 1:] |= tall[:, :-1]
        mask[:, :-1] |= tall[:, 1:]
    return mask
