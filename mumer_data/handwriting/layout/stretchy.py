"""Stretchy elements: brackets, accents and long arrows, whose size depends on their neighbours.

Not for elements of fixed size: see `placement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Stroke, transform_strokes
from mumer_data.handwriting.layout.boxes import AXIS, Box
from mumer_data.handwriting.layout.context import LayoutContext
from mumer_data.typeset.elements import MARK

_LINE = "―"
_LONG = frozenset("←→↔⇐⇒⇔↦↪↩⇌⇋=⟵⟶⟷")
_SHORT = {"⟶": "→", "⟵": "←", "⟷": "↔", "\u20d7": "→", "\u0302": "ˆ", "\u0303": "˜", "\u20db": "…", "\u20dc": "…"}
_FLAT = 0.32  # greatest height of an accent


def stretchy_row(layout: LayoutContext, element: Element) -> list[Box]:
    """The boxes of a row; its stretchy brackets span the height of the other boxes, symmetrically about the axis."""
    others = {index: layout.box(part) for index, part in enumerate(element) if part.get("stretchy") != "true"}
    inked = [box for box in others.values() if not box.blank]
    half = max([0.62, *(max(box.up - AXIS, box.down + AXIS) for box in inked)]) * layout.writer.vary(0.1)
    return [
        others[index] if index in others else stretchy_delimiter(layout, part, half + 0.06)
        for index, part in enumerate(element)
    ]


def stretchy_delimiter(layout: LayoutContext, element: Element, half: float) -> Box:
    """A bracket that extends ``half`` above and below the axis; its width grows less than its height."""
    text, mark, result = element.text or "", int(element.get(MARK, -1)), Box()
    token = layout.names[mark]
    glyph = (
        layout.writer.glyph(text, text)
        if layout.writer.glyphs_for(text, text, "")
        else layout.writer.glyph(token, text)
    )
    _, top, _, bottom = glyph.box
    tall = 2 * half / max(bottom - top, 0.1)
    wide = min(2.0, max(1.0, tall**0.4)) * layout.writer.vary(0.2)
    strokes = [(stroke - (0.0, (top + bottom) / 2)) * (wide, tall) - (0.0, AXIS) for stroke in glyph.strokes]
    result.draw(mark, strokes, real=glyph.real)
    return result


def stretched_base(layout: LayoutContext, element: Element, width: float) -> Box:
    """The base of limits: an arrow is stretched to the width of its limits, other bases are unchanged."""
    text = element.text or ""
    if element.tag != "mo" or text not in _LONG:
        return layout.box(element)
    strokes = stretched_sign(layout, text, max(width + 0.3, 0.8))
    result = Box()
    result.draw(int(element.get(MARK, -1)), strokes)
    return result


def stretched_sign(layout: LayoutContext, text: str, width: float) -> list[Stroke]:
    """A sign stretched to ``width``: its ends keep their shape, its middle is lengthened."""
    if text == _LINE:
        return [layout.writer.line((0.0, 0.0), (width, layout.writer.shift(0.08)))]
    name = _SHORT.get(text, text)
    glyph = layout.writer.glyph(name, name)
    if text not in _LONG and glyph.width < width:
        return [stroke * (width / max(glyph.width, 0.1), 1.0) for stroke in glyph.strokes]
    more, middle = width - glyph.width, glyph.width / 2
    return [_widened(stroke, middle, more) for stroke in glyph.strokes]


def _widened(stroke: Stroke, middle: float, more: float) -> Stroke:
    """A stroke whose points right of ``middle`` are moved right by ``more``."""
    right = stroke[:, 0] > middle
    moved = stroke + np.outer(right, (more, 0.0))
    return np.asarray(moved)


def accent_box(layout: LayoutContext, element: Element) -> Box:
    """An accent over or under a base; stretched to the width of the base where the accent is an operator."""
    base, under = layout.box(element[0]), element.get("accentunder") == "true"
    wide = element[1].tag == "mo"
    sign = element[1] if wide else element[1][0]
    text, mark = sign.text or "", int(sign.get(MARK, -1))
    writer = layout.writer
    if wide:
        strokes = stretched_sign(layout, text, base.width * writer.vary(0.15) + 0.1)
    else:
        name = _SHORT.get(text, text)
        strokes = [stroke * (0.9, 0.9) for stroke in writer.glyph(name, name).strokes]
    strokes = _limit_height(strokes)
    result = Box()
    left, top, right, bottom = _extent(strokes)
    shift = max(0.0, (right - left - base.width) / 2)
    result.put(base, shift, 0.0)
    gap = 0.1 * writer.vary(0.8) + 0.04
    y = base.down + gap - top if under else -max(base.up, 0.4) - gap - bottom
    x = shift + (base.width - (right - left)) / 2 - left
    result.draw(mark, transform_strokes(strokes, x=x, y=y))
    result.width = max(base.width, right - left)
    return result


def _limit_height(strokes: Sequence[Stroke]) -> list[Stroke]:
    _, top, _, bottom = _extent(strokes)
    return [stroke * (1.0, min(1.0, _FLAT / max(bottom - top, 1e-6))) for stroke in strokes]


def _extent(strokes: Sequence[Stroke]) -> tuple[float, float, float, float]:
    points = np.concatenate(strokes)
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom
