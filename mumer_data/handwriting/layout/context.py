"""The interface that the layout of one construct needs: the writer, the symbol names and the layout of inner elements.

Not an implementation: `placement.LayoutEngine` is.
"""

from __future__ import annotations

from typing import Protocol
from xml.etree.ElementTree import Element

from mumer_data.handwriting.layout.boxes import Box
from mumer_data.handwriting.writer import Writer


class LayoutContext(Protocol):
    """Lays out inner elements with one writer.

    Attributes:
        writer: draws glyphs and lines.
        names: token of each mark, by mark number.
    """

    writer: Writer
    names: list[str]

    def box(self, element: Element) -> Box:
        """The box of an element and everything in it; raises ``ImageError``."""

    def row(self, element: Element) -> Box:
        """The boxes of the children of an element side by side on one baseline."""
