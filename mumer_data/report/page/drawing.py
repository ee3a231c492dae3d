"""Formulas as numbers that a page draws: every outline once, every glyph as an outline number and a box.

10,000 formulas take 10 MB in this form and 200 MB as SVG text. Not for single pictures: see `TypesetFormula.svg`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from mumer_data.typeset.formula import TypesetFormula


@dataclass
class Outlines:
    """Outlines of glyphs, each once.

    Attributes:
        paths: SVG path data, y downwards, with width and height of the box that it fills from (0, 0).
    """

    paths: list[tuple[str, float, float]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number_of(self, glyph: Any) -> int:
        """The number of a glyph's outline, which is added if it is new."""
        key = f"{glyph.index}"
        if glyph.index >= 0 and key in self._numbers:
            return self._numbers[key]
        unit = glyph.funits_to_points(1)
        drawn = glyph.svgpath(x0=-glyph.bbox.xmin * unit, y0=glyph.bbox.ymax * unit)
        path = _path_data(drawn)
        if glyph.index < 0:  # built up from parts: it has no index of its own
            key = path
        if key not in self._numbers:
            width, height = (glyph.bbox.xmax - glyph.bbox.xmin) * unit, (glyph.bbox.ymax - glyph.bbox.ymin) * unit
            self._numbers[key] = len(self.paths)
            self.paths.append((path, round(width, 3), round(height, 3)))
        return self._numbers[key]

    def drawing(self, setting: TypesetFormula, matched: set[int]) -> dict[str, Any]:
        """One formula: ``w`` and ``h`` of its ink, ``s`` of (outline, left, top, width, height, mark), ``m`` matched.

        Lengths in tenths of a pixel; the outline is -1 for a line, the mark -1 for none.
        """
        left, top, right, bottom = setting.extent
        shapes: list[int] = []
        for shape in setting.shapes:
            x0, y0, x1, y1 = shape.box
            outline = -1 if shape.drawn is None else self.number_of(shape.drawn)
            box = (x0 - left, y0 - top, x1 - x0, y1 - y0)
            shapes += [outline, *(round(value * 10) for value in box), shape.mark]
        return {
            "w": round((right - left) * 10),
            "h": round((bottom - top) * 10),
            "s": shapes,
            "m": sorted(matched),
        }


def _path_data(drawn: ElementTree.Element | None) -> str:
    """The path of a glyph: one, or those of the parts that it is built up from, one after another."""
    if drawn is None:
        return ""
    return " ".join(element.attrib["d"].strip() for element in drawn.iter("path"))
