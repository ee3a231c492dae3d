"""The single-line fonts of the Hershey set (package ``Hershey-Fonts``): letters, digits, Greek, common signs.

Source: A. V. Hershey, Calligraphy for Computers, 1967. Not for symbols that the set does not have.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke
from mumer_data.seeding import hash64

_CAPITAL = 21.0  # units from baseline to the top of a capital
_BASELINE = 9.0
_LOWER, _UPPER = "αβγδεζηϑικλμνξοπρστυφχψω", "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"
_PLAIN = string.ascii_letters + string.digits + "!%&()+,./:;<=>?"

# font -> (characters of the formula, characters of the font), one for one
_CHARTS: tuple[tuple[str, str, str], ...] = (
    ("futural", _PLAIN + "∗−′˙", _PLAIN + "*-'."),
    ("scripts", string.ascii_lowercase, string.ascii_lowercase),
    ("cursive", "GTUVWX", "GTUVWX"),
    ("greeks", _LOWER + _UPPER, string.ascii_lowercase[:24] + string.ascii_uppercase[:24]),
    ("greeks", "εφ∑", "epR"),
    ("mathlow", "±∓×⋅∝∞°⊂∪⊃∩∈→↑←↓∃÷‖⟂⊥∠∴", '!"#$^_`defghijklvxyzz|~'),
)
_CURSIVE = frozenset(string.ascii_lowercase)


class Hershey:
    """The fonts as an `Alphabet`; without bold or other variants."""

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        return _shapes().get(text, ()) if font in ("", "normal", "italic") else ()


class Cursive:
    """The cursive letters of the set, for the share of letters that a writer writes in cursive."""

    def __init__(self, share: float, writer: int) -> None:
        self._share, self._writer = share, writer

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        if font not in ("", "normal", "italic") or not self._share or text not in _CURSIVE:
            return ()
        chosen = hash64(f"{self._writer}\0{text}\0cursive") < self._share * 2.0**64
        return _shapes()[text][-1:] if chosen else ()


@lru_cache(maxsize=1)
def _shapes() -> dict[str, tuple[Glyph, ...]]:
    from HersheyFonts import HersheyFonts

    shapes: dict[str, tuple[Glyph, ...]] = {}
    fonts = HersheyFonts()
    for font, shown, stored in _CHARTS:
        fonts.load_default_font(font)
        for text, name in zip(shown, stored, strict=True):
            strokes = tuple(_strokes(fonts.all_glyphs[name]))
            if text in "ij":
                strokes = strokes[::-1]  # the set draws the dot first, writers draw it last
            if strokes:
                shapes[text] = (*shapes.get(text, ()), Glyph(strokes))
    return shapes


def _strokes(glyph: Any) -> Iterator[Stroke]:
    for line in glyph.strokes:
        points = np.array(line, dtype=np.float64).reshape(-1, 2)
        if len(points):
            yield (points - (0.0, _BASELINE)) / _CAPITAL
