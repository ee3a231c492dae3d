"""Glyphs from online ink with a marked segmentation, such as CROHME's InkML.

Not for images: see `segment_image`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mumer_data.handwriting.glyphs.components import Component
from mumer_data.handwriting.glyphs.glyph import Stroke
from mumer_data.handwriting.glyphs.segment_image import SegmentedSymbol, scale_row
from mumer_data.latex.tree import Symbol, SymbolTree

Segment = tuple[str, list[Stroke]]
"""A symbol's token and its strokes, in units of the device."""


def segment_ink(segments: Sequence[Segment], tree: SymbolTree | None) -> Iterator[SegmentedSymbol]:
    """The symbols of an expression, each scaled by the letters and digits on its baseline.

    Args:
        segments: the marked symbols.
        tree: symbol layout tree of the label; ``None``: all symbols share one baseline.
    """
    inked = [(token, strokes) for token, strokes in segments if token and strokes]
    if not inked:
        return
    strokes = [ink for _, ink in inked]
    components = [_component(number, ink) for number, ink in enumerate(strokes)]
    rows = _rows(inked, components, tree)
    if tree is None:
        rows = [[(token, [component]) for (token, _), component in zip(inked, components, strict=True)]]
    for row in rows:
        yield from scale_row(row, strokes)


def _component(number: int, strokes: Sequence[Stroke]) -> Component:
    points = np.concatenate(strokes)
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return Component(number, left, top, right, bottom)


def _rows(
    segments: Sequence[Segment], components: Sequence[Component], tree: SymbolTree | None
) -> list[list[tuple[str, list[Component]]]]:
    """The segments by baseline; equal tokens are matched from left to right.

    Empty where more than one segment in five has no match: ink and label do not belong together.
    """
    if tree is None:
        return []
    unassigned: dict[str, list[Component]] = {}
    for (token, _), component in sorted(zip(segments, components, strict=True), key=lambda pair: pair[1].left):
        unassigned.setdefault(token, []).append(component)
    rows = []
    for symbols in _baselines(tree.symbols):
        row = [(symbol.token, [unassigned[symbol.token].pop(0)]) for symbol in symbols if unassigned.get(symbol.token)]
        if row:
            rows.append(row)
    left = sum(len(components) for components in unassigned.values())
    return rows if 5 * left <= len(segments) else []


def _baselines(symbols: list[Symbol]) -> Iterator[list[Symbol]]:
    pending = [symbols]
    while pending:
        row = pending.pop()
        yield row
        pending += [branch for symbol in row for _, branch in symbol.branches]
