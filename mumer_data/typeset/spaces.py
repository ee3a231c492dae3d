"""The space between atoms, by TeX's rules.

Source: D. E. Knuth, The TeXbook, 1984, chapter 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from mumer_data.typeset.atoms import BIN, CLOSE, INNER, OP, OPEN, ORD, PUNCT, REL

# Thin, medium and thick space, in em; small letters: not in scripts.
_WIDTHS = {".": 0.0, "T": 1 / 6, "t": 1 / 6, "m": 2 / 9, "k": 5 / 18}
_ORDER = (ORD, OP, BIN, REL, OPEN, CLOSE, PUNCT, INNER)
_BETWEEN = {
    ORD: ".Tmk...t",
    OP: "TT.k...t",
    BIN: "mm..m..m",
    REL: "kk..k..k",
    OPEN: "........",
    CLOSE: ".Tmk...t",
    PUNCT: "tt.ttttt",
    INNER: "tTmkt.tt",
}
_BEFORE_ORDINARY = {"", BIN, OP, REL, OPEN, PUNCT}  # after these, a binary operator is an ordinary sign
_AFTER_ORDINARY = {REL, CLOSE, PUNCT, ""}


_ZIAMATH_EM = 1.333


@dataclass(frozen=True, slots=True)
class Piece:
    """Something on a baseline: its MathML, its kind (``""`` for a blank), and whether its scripts are limits."""

    element: Element
    kind: str
    limits: bool = False


def em(width: float) -> str:
    """A width in em of the font, as an attribute: an em of ziamath is a third wider."""
    return f"{width / _ZIAMATH_EM:.5f}em"


def spaced(pieces: Sequence[Piece], *, script: bool) -> list[Element]:
    """The elements of a row, with blanks between them."""
    elements: list[Element] = []
    left = ""
    for piece in _reclassified(pieces):
        if left and piece.kind:
            space = _BETWEEN[left][_ORDER.index(piece.kind)]
            # ziamath itself puts a thin space beside a fraction
            fraction = piece.element.tag == "mfrac" or (bool(elements) and elements[-1].tag == "mfrac")
            width = 0.0 if (script and space.islower()) or (fraction and space in "tT") else _WIDTHS[space]
            if width:
                elements.append(Element("mspace", {"width": em(width)}))
        elements.append(piece.element)
        left = piece.kind or left
    return elements


def _reclassified(pieces: Sequence[Piece]) -> list[Piece]:
    """Binary operators without an operand on both sides become ordinary signs."""
    pieces_out: list[Piece] = []
    left = ""
    for i, piece in enumerate(pieces):
        if piece.kind == BIN:
            after = next((other.kind for other in pieces[i + 1 :] if other.kind), "")
            if left in _BEFORE_ORDINARY or after in _AFTER_ORDINARY:
                piece = replace(piece, kind=ORD)
        pieces_out.append(piece)
        left = piece.kind or left
    return pieces_out
