"""Corrections of single symbols: a wrong symbol is crossed out and the right one written after it, or is overwritten.

Ink of the wrong symbol and of the crossing-out is ``struck``: it does not belong to a symbol of the label.
"""

from __future__ import annotations

import string

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke
from mumer_data.handwriting.layout.boxes import Box, Inked
from mumer_data.handwriting.writer import Writer

_CONFUSED = (string.digits, string.ascii_lowercase, string.ascii_uppercase, "αβγδθλμπφω")
_OVERWRITTEN = 0.4  # share of corrections; the others are crossed out
_BEGUN = (0.25, 0.5)  # share of the wrong symbol's first stroke that is there when it is overwritten
_OVERHANG = 0.12  # of the crossing-out beyond the wrong symbol


def corrected(box: Box, mark: int, text: str, writer: Writer) -> Box:
    """The box of a symbol, mostly unchanged, sometimes with a correction.

    Args:
        box: the right symbol.
        mark: its number.
        text: the character that it shows; others than letters and digits are never corrected.
        writer: corrects as often as its style says.
    """
    kind = next((kind for kind in _CONFUSED if text in kind), "") if len(text) == 1 else ""
    if not kind or not writer.style.corrections:
        return box
    hand = writer.correcting
    if hand.rng.random() >= writer.style.corrections:
        return box
    known = [other for other in kind if other != text and hand.glyphs_for(other, other, "")]
    if not known:
        return box
    wrong = known[int(hand.rng.integers(len(known)))]
    glyph = hand.glyph(wrong, wrong)
    if hand.rng.random() < _OVERWRITTEN:
        return _overwritten(box, mark, glyph, hand)
    return _crossed_out(box, mark, glyph, hand.letter_size(wrong, glyph), hand)


def _crossed_out(box: Box, mark: int, glyph: Glyph, size: float, hand: Writer) -> Box:
    strokes = [stroke * (size * hand.style.aspect, size) for stroke in glyph.strokes]
    lines = _scribble(strokes, hand)
    left = min(0.0, *(float(line[:, 0].min()) for line in lines))
    result = Box()
    result.draw(mark, [stroke - (left, 0.0) for stroke in strokes + lines], real=glyph.real, struck=True)
    result.put(box, result.width + max(0.12, hand.gap()), 0.0)
    return result


def _scribble(strokes: list[Stroke], hand: Writer) -> list[Stroke]:
    """The strokes that cross out a symbol: a zigzag or at least three lines, across the whole symbol."""
    points = np.concatenate(strokes)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    grown = max(0.0, 0.4 - (bottom - top)) / 2  # a flat symbol, such as a minus sign
    top, bottom, left, right = top - grown, bottom + grown, left - _OVERHANG, right + _OVERHANG
    rng, high = hand.rng, bottom - top

    def at(share: float) -> float:
        return float(top + high * (share + np.clip(rng.normal(0.0, 0.05), -0.1, 0.1)))

    if rng.random() < 0.6:
        turns = int(rng.integers(6, 10))
        sides = [(left if turn % 2 else right) + 0.05 * float(rng.normal()) for turn in range(turns)]
        corners = [(x, at(0.12 + 0.76 * turn / (turns - 1))) for turn, x in enumerate(sides)]
        return [hand.line(*corners)]
    tilt = float(rng.uniform(0.3, 0.8)) * (1 if rng.random() < 0.3 else -1)
    shares = np.linspace(0.2, 0.8, int(rng.integers(3, 6))).tolist()
    return [hand.line((left, at(share + tilt / 2)), (right, at(share - tilt / 2))) for share in shares]


def _overwritten(box: Box, mark: int, glyph: Glyph, hand: Writer) -> Box:
    """The right symbol over the beginning of the wrong one, its lines drawn two or three times."""
    points = np.concatenate([inked.stroke for inked in box.ink])
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    left, top, right, bottom = glyph.box
    scale = float(np.clip(extent[1] / max(bottom - top, 0.1), 0.4, 1.5))
    middle = low + extent / 2 - np.array(((left + right) / 2, (top + bottom) / 2)) * scale
    result, begun = Box(), glyph.strokes[0]
    begun = begun[: max(2, int(len(begun) * hand.rng.uniform(*_BEGUN)))]
    result.draw(mark, [begun * scale + middle], real=glyph.real, struck=True)
    centre, pen = low + extent / 2, hand.style.pen
    for _ in range(int(hand.rng.integers(1, 3))):
        grown, moved = 1 + 0.02 * hand.rng.normal(size=2), np.clip(hand.rng.normal(size=2), -2, 2) * 0.35 * pen
        result.ink += [
            Inked(mark, (inked.stroke - centre) * grown + centre + moved, inked.real, lifted=True) for inked in box.ink
        ]
    result.put(box, 0.0, 0.0)
    return result
