"""Symbols cut out of images whose labels are known, where the ink falls into as many pieces as the label has symbols.

Weak segmentation: about half of all expressions come apart so, and what is cut is right 97 times in 100; `doubt`
drops what looks odd. Not for ink whose symbols are marked: see `segmented`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mumer_data.handwriting.glyphs.components import Piece, assign
from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke
from mumer_data.images.skeleton import Mask, smooth, thin, trace
from mumer_data.latex.tree import SymbolTree

_CAPITAL = 0.8  # median height of letters and digits in a row, in heights of a capital
_CENTRE = -0.38  # their middle


@dataclass(frozen=True, slots=True)
class Cut:
    """One symbol found in an image: its token and strokes, in units of a capital."""

    token: str
    glyph: Glyph


def cut(mask: Mask, tree: SymbolTree) -> Iterator[Cut]:
    """The symbols of an expression that can be told apart.

    Args:
        mask: where there is ink, shape (height, width).
        tree: of the label.
    """
    if not mask.any():
        return
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    boxes = ndimage.find_objects(labels)
    pieces = [
        Piece(number + 1, box[1].start, box[0].start, box[1].stop, box[0].stop) for number, box in enumerate(boxes)
    ]
    rows = [row for row in assign(tree.symbols, pieces) if row]
    if not rows:
        return
    strokes = _strokes(mask, labels, count)
    for row in rows:
        yield from scaled(row, strokes)


def _strokes(mask: Mask, labels: NDArray[np.int32], count: int) -> list[list[Stroke]]:
    """The strokes of each piece, by its number."""
    found: list[list[Stroke]] = [[] for _ in range(count + 1)]
    for stroke in trace(thin(mask), spur=3):
        x, y = stroke[0].astype(int)
        found[labels[y, x]].append(smooth(stroke))
    return found


def scaled(row: Sequence[tuple[str, list[Piece]]], strokes: Sequence[list[Stroke]]) -> Iterator[Cut]:
    """The symbols of one baseline, scaled by the letters and digits among them; none where there are none."""
    boxes = [_around(pieces) for _, pieces in row]
    sizes = [bottom - top for (token, _), (top, bottom) in zip(row, boxes, strict=True) if _tells_size(token)]
    middles = [(top + bottom) / 2 for (token, _), (top, bottom) in zip(row, boxes, strict=True) if _tells_middle(token)]
    if not sizes or not middles:
        return
    scale, middle = _CAPITAL / float(np.median(sizes)), float(np.median(middles))
    for token, pieces in row:
        ink = [stroke for piece in pieces for stroke in strokes[piece.number]]
        if ink:
            moved = tuple((stroke - (0.0, middle)) * scale + (0.0, _CENTRE) for stroke in ink)
            yield Cut(token, Glyph(moved, real=True))


def _around(pieces: Sequence[Piece]) -> tuple[float, float]:
    return min(piece.top for piece in pieces), max(piece.bottom for piece in pieces)


def _tells_size(token: str) -> bool:
    """Letters and digits, but for those that are high, deep or thin."""
    return (len(token) == 1 and token.isalnum() and token not in "ijl") or token in _LETTERS


def _tells_middle(token: str) -> bool:
    return _tells_size(token) or token in ("+", "-", "=", "\\times", "\\pm")


_LETTERS = frozenset(("\\alpha", "\\beta", "\\theta", "\\pi"))
