"""The interface that one construct needs to build its MathML: numbers of marks, and the MathML of inner symbols.

Not an implementation: `build.Builder` is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from xml.etree.ElementTree import Element

from mumer_data.latex.symbol import Symbol
from mumer_data.typeset.elements import Style
from mumer_data.typeset.spaces import Piece


class BuildContext(Protocol):
    """Builds inner symbols and numbers their marks.

    Attributes:
        tags: whether numbers of equations are shown.
    """

    tags: bool

    def mark(self, name: str) -> str:
        """The number of a new mark."""

    def row(self, symbols: Sequence[Symbol], style: Style) -> Element:
        """The MathML of one baseline, or of several separated by line breaks."""

    def pieces(self, symbols: Sequence[Symbol], style: Style) -> list[Piece]:
        """The elements of a baseline, with their kinds of atom."""

    def letters(self, text: str, style: Style) -> Element:
        """Upright letters in a row, each a mark of its own."""
