"""Boxes of symbols -> target class of each cell of an image, and target cells of the attention for each token.

Not for losses: see `losses`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mumer_train.from_scratch.image_store import Boxes
from mumer_train.from_scratch.vocabulary import STRUCTURE

STRIDE = 8
IGNORED = -100
_CENTRE = 0.6  # share of a box, in each direction, whose cells have the symbol as target
_SKIPPED = (*STRUCTURE, r"\limits")


def cell_classes(boxes: Boxes, symbols: Sequence[int], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Symbol per cell: that of the smallest box whose central part contains it; ``IGNORED`` at edges of boxes."""
    classes = np.zeros(shape, dtype=np.int64)
    sizes = boxes[:, 2:] - boxes[:, :2]
    order = np.argsort(-sizes.prod(axis=1), kind="stable")
    for index in order.tolist():
        left, top, right, bottom = _cells(boxes[index], 1.0)
        classes[top:bottom, left:right] = IGNORED
    for index in order.tolist():
        left, top, right, bottom = _cells(boxes[index], _CENTRE)
        classes[top:bottom, left:right] = symbols[index]
    return classes


def _cells(box: NDArray[np.float32], share: float) -> tuple[int, int, int, int]:
    """The cells whose centres lie in the central part of a box, at least one in each direction."""
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * share
    low = np.ceil((middle - half) / STRIDE - 0.5).astype(int)
    high = np.floor((middle + half) / STRIDE - 0.5).astype(int) + 1
    nearest = np.floor(middle / STRIDE).astype(int)
    low, high = np.where(high > low, low, nearest), np.where(high > low, high, nearest + 1)
    return int(max(low[0], 0)), int(max(low[1], 0)), int(max(high[0], 1)), int(max(high[1], 1))


def visible_tokens(tokens: Sequence[str]) -> list[int]:
    """Positions of the tokens that have ink of their own."""
    return [index for index, token in enumerate(tokens) if token not in _SKIPPED]


def mark_looks(looks: NDArray[np.bool_], tokens: Sequence[str], symbols: Sequence[str], boxes: Boxes) -> None:
    """Mark the cells of each visible token, if the boxes and the visible tokens have the same order."""
    visible = visible_tokens(tokens)
    if [tokens[index] for index in visible] != list(symbols):
        return
    for index, box in zip(visible, boxes, strict=True):
        left, top = np.floor(box[:2] / STRIDE).astype(int).clip(0)
        right, bottom = np.ceil(box[2:] / STRIDE).astype(int)
        looks[index, top:bottom, left:right] = True
