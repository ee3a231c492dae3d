"""How high letters and digits of real handwriting are, and where they lie on the line.

For the scale of a row of real ink and the sizes of the glyphs of fonts. Not for drawn shapes: these have sizes of their
own, see `builtin`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Glyph, transform_strokes

Extent = tuple[str, float, float]
"""A token and the top and bottom of its ink, in any unit, downwards."""

_CLASSES: dict[str, tuple[float, float]] = {
    "12345689": (1.0, -0.5),
    "7": (1.06, -0.5),
    "0": (0.84, -0.44),
    "acemnorsuvwx": (0.71, -0.41),
    "z": (0.82, -0.39),
    "bdhl": (1.24, -0.6),
    "k": (1.06, -0.53),
    "t": (1.12, -0.51),
    "gpqy": (1.28, -0.15),
    "f": (1.85, -0.47),
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ": (1.17, -0.53),
}
_MEASURED: dict[str, tuple[float, float]] = {
    **{letter: measures for letters, measures in _CLASSES.items() for letter in letters},
    **dict.fromkeys(("\\alpha", "α"), (0.87, -0.44)),
    **dict.fromkeys(("\\beta", "β"), (1.4, -0.44)),
    **dict.fromkeys(("\\gamma", "γ"), (1.14, -0.39)),
    **dict.fromkeys(("\\theta", "θ"), (1.0, -0.5)),
    **dict.fromkeys(("\\pi", "π"), (0.9, -0.44)),
}
"""Height and vertical centre, in heights of a digit: medians of CROHME train over the writers with an even CRC-32.

The heights of symbols and the scales of rows were fitted by turns, each the median given the others.
"""

_OTHER = (1.0, -0.5)  # of letters of other scripts
_UNRELIABLE = frozenset("ij")  # with and without a dot
_ON_AXIS = {"+": -0.44, "-": -0.44, "=": -0.42, "\\times": -0.36, "\\pm": -0.45}  # vertical centres of signs
_SIGNS = {
    "(": 1.59,
    ")": 1.69,
    "[": 1.71,
    "]": 1.73,
    "|": 1.62,
    "/": 1.57,
    "!": 1.05,
    "+": 0.68,
    "-": 0.66,
    "−": 0.66,
    "=": 0.57,
    "<": 0.81,
    ">": 0.79,
    "×": 0.6,
    "÷": 1.03,
    "±": 1.04,
    "≤": 1.23,
    "≥": 1.35,
    "≠": 1.32,
    "i": 1.04,
}
"""Longer side of signs and of i, in heights of a digit: medians over the same writers."""

_WIDTHS_TEXT = """
    ( 0.36 ) 0.3 + 0.66 - 0.66 / 0.64 0 0.78 1 0.74 2 0.94 3 0.64 4 0.61 5 0.72 6 0.58 7 0.73 8 0.59 9 0.55 < 0.78 =
    0.57 > 0.63 A 0.73 B 0.82 C 0.9 E 0.84 F 0.82 G 0.91 H 0.86 I 0.82 L 0.86 M 1.2 N 0.92 P 0.61 R 0.84 S 0.71 V
    0.91 X 0.75 Y 0.65 [ 0.63 α 0.97 β 0.76 ÷ 1.03 γ 1.0 ≥ 1.14 ∫ 0.8 ≤ 0.99 ≠ 0.98 π 1.09 ± 0.97 ∑ 1.33 θ 0.74 ×
    0.58 ] 0.59 a 0.75 b 0.63 c 0.71 d 0.68 e 0.57 f 0.87 g 0.58 h 0.63 i 0.37 k 0.72 m 1.1 n 0.74 o 0.59 p 0.69 q
    0.71 r 0.51 t 0.67 u 0.73 v 0.71 w 1.08 x 0.78 y 0.59 z 0.73
"""
_WIDTHS = dict(zip(_WIDTHS_TEXT.split()[::2], map(float, _WIDTHS_TEXT.split()[1::2]), strict=True))
"""Widths of symbols, likewise."""

_FONT_SIZE = 1.2  # of the glyphs of fonts: thinned outlines are smaller than the capital that they are scaled by
_TOWARDS = 0.8  # exponent: how far the size of each is moved towards the usual one; the rest is the font's own
_WIDTH_TOWARDS = 0.4  # the same of widths
_ASPECT = 1.2  # by which writers widen all glyphs, see `writer.WriterStyle`


def measures_of(token: str) -> tuple[float, float] | None:
    """Usual height and vertical centre of a letter or digit, in heights of a digit; ``None`` for other tokens.

    The baseline is 0, and the centre is negative above it.
    """
    if token in _MEASURED:
        return _MEASURED[token]
    return _OTHER if len(token) == 1 and token.isalnum() and token not in _UNRELIABLE else None


def row_scale(row: Sequence[Extent]) -> tuple[float, float] | None:
    """Height of a digit and position of the baseline, in the unit of the extents; ``None`` without letter or digit.

    Each letter or digit is compared with its usual height: a row of digits, of capitals or of low letters alone has the
    same scale as a row of all of them.
    """
    known = [(measures, top, bottom) for token, top, bottom in row if (measures := measures_of(token)) and bottom > top]
    if not known:
        return None
    height = float(np.median([(bottom - top) / usual for (usual, _), top, bottom in known]))
    lines = [(top + bottom) / 2 - height * centre for (_, centre), top, bottom in known]
    lines += [(top + bottom) / 2 - height * _ON_AXIS[token] for token, top, bottom in row if token in _ON_AXIS]
    return height, float(np.median(lines))


def sized(text: str, glyph: Glyph) -> Glyph:
    """The glyph of a font, most of the way to the usual height and width of its symbol.

    Designers draw signs, digits and letters at sizes that differ from those of handwriting. Letters are scaled about
    the baseline, signs about their centres.
    """
    left, top, right, bottom = glyph.box
    measures, side = _MEASURED.get(text), max(right - left, bottom - top)
    usual, own = (measures[0], bottom - top) if measures else (_SIGNS.get(text, 0.0), side)
    scale = wide = _FONT_SIZE * (usual / (_FONT_SIZE * own)) ** _TOWARDS if usual and own > 0 else _FONT_SIZE
    if text in _WIDTHS and right > left:
        wide *= (_WIDTHS[text] / (_ASPECT * scale * (right - left))) ** _WIDTH_TOWARDS
    lift = (_FONT_SIZE - scale) * (top + bottom) / 2 if text in _SIGNS and text != "i" else 0.0
    strokes = transform_strokes(glyph.strokes, y=lift, kx=wide, ky=scale)
    return Glyph(tuple(strokes), glyph.real, glyph.loose, glyph.source)
