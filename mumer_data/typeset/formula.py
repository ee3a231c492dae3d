"""MathML -> positioned glyphs and lines, by ziamath; and SVG.

Not for the meaning of marks, nor for pixels.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from ziafont.fonttypes import BBox
from ziamath.drawable import Drawable, Glyph, HLine, VLine
from ziamath.nodes.mnode import Mnode
from ziamath.nodes.mrow import Mrow
from ziamath.zmath import Math, loadedfonts

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.answers import is_tokenised
from mumer_data.latex.parser import parse
from mumer_data.typeset.build import Mathml, to_mathml
from mumer_data.typeset.elements import MARK
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.raw import holds_more_than_labels, shown_label
from mumer_data.typeset.table_rules import table_rules
from mumer_data.typeset.ziamath_speed import install, parse_style

install()
_RULE = -1  # the mark of a table line, which published CDM ignores
_LINE = -1  # glyph number of a line
_STAND_IN = 1 << 24  # glyph numbers from here on: characters that the font lacks, drawn as a box
# ziamath shares one font, and one position in its file, between all callers: only one thread may typeset.
one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Shape:
    """One glyph or line.

    Attributes:
        mark: number of its mark; -1 for none.
        glyph: glyph index in the font; negative for a line; at least `_STAND_IN` for a character that the font lacks.
        box: left, top, right, bottom, in pixels; y grows downwards.
        drawn: ziafont's glyph; ``None`` for a line.
    """

    mark: int
    glyph: int
    box: tuple[float, float, float, float]
    drawn: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class TypesetFormula:
    """A typeset formula.

    Attributes:
        names: of the marks, in the order of the label.
        shapes: all visible glyphs and lines.
        size: of the font, in pixels per em.
    """

    names: list[str]
    shapes: list[Shape]
    size: float
    _label: str

    @cached_property
    def boxes(self) -> tuple[list[str], NDArray[np.float64]]:
        """Visible marks: names, and boxes (left, top, right, bottom) of shape (marks, 4), in label order."""
        box_of: dict[int, tuple[float, float, float, float]] = {}
        for shape in self.shapes:
            if shape.mark >= 0:
                old = box_of.get(shape.mark)
                box_of[shape.mark] = shape.box if old is None else _union(old, shape.box)
        order = sorted(box_of)
        return [self.names[mark] for mark in order], np.array([box_of[mark] for mark in order]).reshape(-1, 4)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the ink, in pixels."""
        boxes = np.array([shape.box for shape in self.shapes]).reshape(-1, 4)
        left, top = boxes[:, :2].min(axis=0)
        right, bottom = boxes[:, 2:].max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def svg(self) -> ElementTree.Element:
        """The drawing, cropped to the ink with a margin of a tenth of an em."""
        left, top, right, bottom = self.extent
        white = self.size / 10
        with one_at_a_time:  # laid out again: keeping nodes takes a hundred times the memory of the shapes
            svg = _Math(_root(_mathml(self._label).element), self.size).svgxml()
        width, height = f"{right - left + 2 * white:.2f}", f"{bottom - top + 2 * white:.2f}"
        for shape in self.shapes:
            if shape.mark == _RULE and shape.glyph == _LINE:
                x0, y0, x1, y1 = shape.box
                box = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}
                ElementTree.SubElement(svg, "rect", {name: f"{value:.2f}" for name, value in box.items()})
        svg.attrib.update(width=width, height=height, viewBox=f"{left - white:.2f} {top - white:.2f} {width} {height}")
        return svg


def _union(
    one: tuple[float, float, float, float], two: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    return min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3])


def set_label(label: str, size: float = 40.0) -> TypesetFormula:
    """Typeset a tokenised label in display style.

    Args:
        label: whitespace-tokenised LaTeX.
        size: pixels per em.

    Raises:
        TypesetError: it does not parse, not even as raw LaTeX; has an unsupported construct; or leaves no ink.
    """
    try:
        mathml = _mathml(label)
        with one_at_a_time:
            math = _Math(_root(mathml.element), size)
            shapes: list[Shape] = []
            _add_shapes(shapes, math.node, 0.0, 0.0)
    except RecursionError as error:
        raise TypesetError("it is nested too deep") from error
    if not shapes:
        raise TypesetError("it leaves no ink")
    return TypesetFormula(mathml.marks, [_with_stand_in(shape, mathml.marks) for shape in shapes], size, label)


def _with_stand_in(shape: Shape, marks: list[str]) -> Shape:
    """The shape; a missing glyph gets a number derived from its name, so that it equals no other glyph."""
    return shape if shape.glyph else replace(shape, glyph=_STAND_IN + zlib.crc32(marks[shape.mark].encode()))


def _mathml(label: str) -> Mathml:
    """A label as MathML; one that is not tokenised, or not canonical (``x ^ 2``), is read as raw LaTeX."""
    reason = ""
    if is_tokenised(label):
        try:
            return to_mathml(parse(label))
        except LatexSyntaxError as error:
            reason = error.reason
        except TypesetError:
            if not holds_more_than_labels(label.split()):
                raise
    try:
        return to_mathml(parse(shown_label(label)))
    except LatexSyntaxError as error:
        raise TypesetError(reason or error.reason) from error


class _Math(Math):
    """ziamath's drawing without its preprocessing, which serializes and parses all elements again."""

    def __init__(self, element: ElementTree.Element, size: float) -> None:
        self.size, self.margin, self.title, self.eqnumber = size, 1.0, None, None
        self.font = loadedfonts["default"]
        self.mathml = self.element = element
        self.style = parse_style(element)
        self.mtag = "math"
        root: Any = self
        self.node = Mnode.fromelement(element, parent=root)


def _root(element: ElementTree.Element) -> ElementTree.Element:
    root = ElementTree.Element("row", {"displaystyle": "true"})
    root.append(element)
    return root


def _add_shapes(shapes: list[Shape], node: Mnode, x: float, y: float) -> None:
    """Add the shapes of a node at ``x``, ``y``, and free the tree of nodes."""
    del node.parent  # breaks a reference cycle, so that the tree is freed at once
    if node.mtag == "mphantom":
        return
    if node.mtag == "mtable":
        shapes += (Shape(_RULE, _LINE, box) for box in table_rules(node, x, y))
    mark = int(node.element.get(MARK, "-1"))
    for (dx, dy), child in zip(node.nodexy, node.nodes, strict=True):
        if isinstance(child, Mnode):
            _add_shapes(shapes, child, x + dx, y + dy)
        elif shape := _shape(child, mark, x + dx, y + dy):
            shapes.append(shape)


def _shape(drawable: Drawable, mark: int, x: float, y: float) -> Shape | None:
    box = drawable.bbox
    if isinstance(drawable, Glyph):
        if box.xmax <= box.xmin:
            return None
        position = (x + box.xmin, y - box.ymax, x + box.xmax, y - box.ymin)
        return Shape(mark, drawable.glyph.index, position, drawable.glyph)
    if isinstance(drawable, HLine):  # drawn below its position, regardless of its box
        return Shape(mark, _LINE, (x, y, x + drawable.length, y + drawable.lw))
    if isinstance(drawable, VLine):
        return Shape(mark, _LINE, (x - drawable.lw / 2, y, x + drawable.lw / 2, y + drawable.height))
    top, bottom = sorted((y - box.ymax, y))
    return Shape(mark, _LINE, (x, top, x + box.xmax, bottom))


class _Row(Mrow, tag="row"):
    """A row whose fences stretch to the height of its content.

    ziamath's own row lays out its content twice to measure it, which doubles the time with each level of nesting.
    """

    def _setup(self, **kwargs: Any) -> None:
        self._setup_single_line(list(self.element), **kwargs)

    def _setup_single_line(self, line: list[ElementTree.Element], **kwargs: Any) -> None:
        for name in ("rowymin", "rowymax"):
            kwargs.pop(name, None)
        for child in line:
            self.nodes.append(Mnode.fromelement(child, self, **kwargs))
        fences = [i for i, child in enumerate(line) if child.get("stretchy") == "true"]
        inner = [node.bbox for i, node in enumerate(self.nodes) if i not in fences]
        if fences and inner:
            kwargs |= {"rowymin": min(box.ymin for box in inner), "rowymax": max(box.ymax for box in inner)}
            for i in fences:
                self.nodes[i] = Mnode.fromelement(line[i], self, **kwargs)
        self._position_nodes()

    def _position_nodes(self) -> None:
        x, left, right = 0.0, 0.0, 0.0
        for node in self.nodes:
            self.nodexy.append((x, 0))
            left, right = min(left, x + node.bbox.xmin), max(right, x + node.bbox.xmax)
            x += node.xadvance()
        heights = [node.bbox for node in self.nodes if node.bbox.ymax > node.bbox.ymin]
        low, high = min((b.ymin for b in heights), default=0), max((b.ymax for b in heights), default=0)
        self.bbox = BBox(left, right, low, high)
        self._xadvance = x


_Row.mtag = "mrow"  # ziamath checks this tag to see whether a parent is a row
