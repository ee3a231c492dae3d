"""What grows with its neighbours: brackets, accents, long arrows.

Not for what keeps its size: see `place`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Stroke, placed
from mumer_data.handwriting.layout.boxes import AXIS, Box
from mumer_data.typeset.elements import MARK

if TYPE_CHECKING:
    from mumer_data.handwriting.layout.placement import Placer

_LINE = "―"
_LONG = frozenset("←→↔⇐⇒⇔↦↪↩⇌⇋=⟵⟶⟷")
_SHORT = {"⟶": "→", "⟵": "←", "⟷": "↔", "\u20d7": "→", "\u0302": "ˆ", "\u0303": "˜", "\u20db": "…", "\u20dc": "…"}
_FLAT = 0.32  # greatest height of an accent


def fenced(placer: Placer, element: Element) -> list[Box]:
    """The boxes of a row: those of its growing brackets are as high as the others, evenly about the axis."""
    others = {place: placer.box(part) for place, part in enumerate(element) if part.get("stretchy") != "true"}
    inked = [box for box in others.values() if not box.blank]
    half = max([0.62, *(max(box.up - AXIS, box.down + AXIS) for box in inked)]) * placer.hand.vary(0.1)
    return [
        others[place] if place in others else fence(placer, part, half + 0.06) for place, part in enumerate(element)
    ]


def fence(placer: Placer, element: Element, half: float) -> Box:
    """A bracket that reaches ``half`` over and under the axis; wider where it is higher, but not in proportion."""
    text, mark, found = element.text or "", int(element.get(MARK, -1)), Box()
    token = placer.names[mark]
    glyph = placer.hand.glyph(text, text) if placer.hand.known(text, text, "") else placer.hand.glyph(token, text)
    _, top, _, bottom = glyph.box
    tall = 2 * half / max(bottom - top, 0.1)
    wide = min(2.0, max(1.0, tall**0.4)) * placer.hand.vary(0.2)
    strokes = [(stroke - (0.0, (top + bottom) / 2)) * (wide, tall) - (0.0, AXIS) for stroke in glyph.strokes]
    found.draw(mark, strokes, real=glyph.real)
    return found


def lengthened(placer: Placer, element: Element, width: float) -> Box:
    """The base of limits: an arrow is made at least as long as they are, all else stays as it is."""
    text = element.text or ""
    if element.tag != "mo" or text not in _LONG:
        return placer.box(element)
    strokes = long_sign(placer, text, max(width + 0.3, 0.8))
    found = Box()
    found.draw(int(element.get(MARK, -1)), strokes)
    return found


def long_sign(placer: Placer, text: str, width: float) -> list[Stroke]:
    """A sign with ends that keep their shape, and a middle as long as it takes; on its own height."""
    if text == _LINE:
        return [placer.hand.line((0.0, 0.0), (width, placer.hand.shift(0.08)))]
    name = _SHORT.get(text, text)
    glyph = placer.hand.glyph(name, name)
    if text not in _LONG and glyph.width < width:
        return [stroke * (width / max(glyph.width, 0.1), 1.0) for stroke in glyph.strokes]
    more, middle = width - glyph.width, glyph.width / 2
    return [_opened(stroke, middle, more) for stroke in glyph.strokes]


def _opened(stroke: Stroke, middle: float, more: float) -> Stroke:
    """Everything beyond the middle moved to the right."""
    right = stroke[:, 0] > middle
    moved = stroke + np.outer(right, (more, 0.0))
    return np.asarray(moved)


def accented(placer: Placer, element: Element) -> Box:
    """A mark over or under a base: as wide as the base if the mark stands alone, else as it is."""
    base, under = placer.box(element[0]), element.get("accentunder") == "true"
    wide = element[1].tag == "mo"
    sign = element[1] if wide else element[1][0]
    text, mark = sign.text or "", int(sign.get(MARK, -1))
    hand = placer.hand
    if wide:
        strokes = long_sign(placer, text, base.width * hand.vary(0.15) + 0.1)
    else:
        name = _SHORT.get(text, text)
        strokes = [stroke * (0.9, 0.9) for stroke in hand.glyph(name, name).strokes]
    strokes = _flattened(strokes)
    found = Box()
    left, top, right, bottom = _extent(strokes)
    shift = max(0.0, (right - left - base.width) / 2)
    found.put(base, shift, 0.0)
    gap = 0.1 * hand.vary(0.8) + 0.04
    y = base.down + gap - top if under else -max(base.up, 0.4) - gap - bottom
    x = shift + (base.width - (right - left)) / 2 - left
    found.draw(mark, placed(strokes, x=x, y=y))
    found.width = max(base.width, right - left)
    return found


def _flattened(strokes: Sequence[Stroke]) -> list[Stroke]:
    _, top, _, bottom = _extent(strokes)
    return [stroke * (1.0, min(1.0, _FLAT / max(bottom - top, 1e-6))) for stroke in strokes]


def _extent(strokes: Sequence[Stroke]) -> tuple[float, float, float, float]:
    points = np.concatenate(strokes)
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom
