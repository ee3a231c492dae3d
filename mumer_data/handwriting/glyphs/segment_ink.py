"""Symbols out of ink whose strokes are marked symbol by symbol, such as CROHME's InkML.

Not for images: see `cut`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mumer_data.handwriting.glyphs.components import Piece
from mumer_data.handwriting.glyphs.glyph import Stroke
from mumer_data.handwriting.glyphs.segment_image import Cut, scaled
from mumer_data.latex.tree import Symbol, SymbolTree

Segment = tuple[str, list[Stroke]]
"""A symbol's token, and its strokes in the units of the device."""


def symbols_of(segments: Sequence[Segment], tree: SymbolTree | None) -> Iterator[Cut]:
    """The symbols of an expression, each scaled by the letters and digits on its baseline.

    Args:
        segments: as marked.
        tree: of the label; without one all stand on one baseline.
    """
    there = [(token, strokes) for token, strokes in segments if token and strokes]
    if not there:
        return
    strokes = [ink for _, ink in there]
    pieces = [_piece(number, ink) for number, ink in enumerate(strokes)]
    rows = _rows(there, pieces, tree)
    if tree is None:
        rows = [[(token, [piece]) for (token, _), piece in zip(there, pieces, strict=True)]]
    for row in rows:
        yield from scaled(row, strokes)


def _piece(number: int, strokes: Sequence[Stroke]) -> Piece:
    points = np.concatenate(strokes)
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return Piece(number, left, top, right, bottom)


def _rows(
    segments: Sequence[Segment], pieces: Sequence[Piece], tree: SymbolTree | None
) -> list[list[tuple[str, list[Piece]]]]:
    """The segments by baseline: those of one token, from the left, are its places in the label, in their order.

    Nothing where more than one in five has no place: ink and label do not belong together.
    """
    if tree is None:
        return []
    waiting: dict[str, list[Piece]] = {}
    for (token, _), piece in sorted(zip(segments, pieces, strict=True), key=lambda pair: pair[1].left):
        waiting.setdefault(token, []).append(piece)
    found = []
    for symbols in _baselines(tree.symbols):
        row = [(symbol.token, [waiting[symbol.token].pop(0)]) for symbol in symbols if waiting.get(symbol.token)]
        if row:
            found.append(row)
    left = sum(len(pieces) for pieces in waiting.values())
    return found if 5 * left <= len(segments) else []


def _baselines(symbols: list[Symbol]) -> Iterator[list[Symbol]]:
    pending = [symbols]
    while pending:
        row = pending.pop()
        yield row
        pending += [branch for symbol in row for _, branch in symbol.branches]
