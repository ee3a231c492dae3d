"""MathML -> glyphs and lines at their places, by ziamath; and the same as SVG.

Not for saying what a mark means, nor for pixels.
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
_RULE = -1  # the mark of a line of a table: CDM, as published, has none for it
_LINE = -1  # stands for the number of a glyph where a line is drawn
_STAND_IN = 1 << 24  # from here on: what the font lacks, set as a box
# ziamath shares one font, and one position in its file, between all callers: only one thread may set type.
one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Shape:
    """One glyph or line.

    Attributes:
        mark: number of the mark that it belongs to; -1 for none.
        glyph: number in the font; negative for what is drawn, not taken from it; above all others for a character that
            it lacks.
        box: left, top, right, bottom, in pixels; y grows downwards.
        drawn: ziafont's glyph; ``None`` for a line.
    """

    mark: int
    glyph: int
    box: tuple[float, float, float, float]
    drawn: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class TypesetFormula:
    """A formula set in type.

    Attributes:
        names: of the marks, in the order of the label.
        shapes: everything that leaves ink.
        size: of the font, in pixels an em.
    """

    names: list[str]
    shapes: list[Shape]
    size: float
    _label: str

    @cached_property
    def boxes(self) -> tuple[list[str], NDArray[np.float64]]:
        """Marks that leave ink: names, and boxes (left, top, right, bottom) of shape (marks, 4), in label order."""
        found: dict[int, tuple[float, float, float, float]] = {}
        for shape in self.shapes:
            if shape.mark >= 0:
                old = found.get(shape.mark)
                found[shape.mark] = shape.box if old is None else _union(old, shape.box)
        order = sorted(found)
        return [self.names[mark] for mark in order], np.array([found[mark] for mark in order]).reshape(-1, 4)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the ink, in pixels."""
        boxes = np.array([shape.box for shape in self.shapes]).reshape(-1, 4)
        left, top = boxes[:, :2].min(axis=0)
        right, bottom = boxes[:, 2:].max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def svg(self) -> ElementTree.Element:
        """The drawing, cut to the ink and a little white."""
        left, top, right, bottom = self.extent
        white = self.size / 10
        with one_at_a_time:  # laid out again: nodes would take a hundred times the memory of the shapes
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
    """Set a tokenised label in display style.

    Args:
        label: whitespace-tokenised LaTeX.
        size: pixels an em.

    Raises:
        TypesetError: it does not parse, not even as raw LaTeX; has something of unknown look; or leaves no ink.
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
    return TypesetFormula(mathml.marks, [_known(shape, mathml.marks) for shape in shapes], size, label)


def _known(shape: Shape, marks: list[str]) -> Shape:
    """The shape; the box of a lacking glyph with a number made from its name, so that it equals no other."""
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
    """ziamath's drawing of elements that need none of its preparations: it serializes and parses them again."""

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
    """Add what a node draws at ``x``, ``y``, and take the tree of nodes apart."""
    del node.parent  # a cycle: without it, the tree is freed at once, not when the garbage collector finds it
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
        place = (x + box.xmin, y - box.ymax, x + box.xmax, y - box.ymin)
        return Shape(mark, drawable.glyph.index, place, drawable.glyph)
    if isinstance(drawable, HLine):  # drawn below its place, whatever its box says
        return Shape(mark, _LINE, (x, y, x + drawable.length, y + drawable.lw))
    if isinstance(drawable, VLine):
        return Shape(mark, _LINE, (x - drawable.lw / 2, y, x + drawable.lw / 2, y + drawable.height))
    top, bottom = sorted((y - box.ymax, y))
    return Shape(mark, _LINE, (x, top, x + box.xmax, bottom))


class _Row(Mrow, tag="row"):
    """A row whose fences grow with what stands between them.

    ziamath's own row lays out everything in it twice to measure it, so that time doubles with each level.
    """

    def _setup(self, **kwargs: Any) -> None:
        self._setup_single_line(list(self.element), **kwargs)

    def _setup_single_line(self, line: list[ElementTree.Element], **kwargs: Any) -> None:
        for name in ("rowymin", "rowymax"):
            kwargs.pop(name, None)
        for child in line:
            self.nodes.append(Mnode.fromelement(child, self, **kwargs))
        fences = [place for place, child in enumerate(line) if child.get("stretchy") == "true"]
        inner = [node.bbox for place, node in enumerate(self.nodes) if place not in fences]
        if fences and inner:
            kwargs |= {"rowymin": min(box.ymin for box in inner), "rowymax": max(box.ymax for box in inner)}
            for place in fences:
                self.nodes[place] = Mnode.fromelement(line[place], self, **kwargs)
        self._place()

    def _place(self) -> None:
        x, left, right = 0.0, 0.0, 0.0
        for node in self.nodes:
            self.nodexy.append((x, 0))
            left, right = min(left, x + node.bbox.xmin), max(right, x + node.bbox.xmax)
            x += node.xadvance()
        heights = [node.bbox for node in self.nodes if node.bbox.ymax > node.bbox.ymin]
        low, high = min((b.ymin for b in heights), default=0), max((b.ymax for b in heights), default=0)
        self.bbox = BBox(left, right, low, high)
        self._xadvance = x


_Row.mtag = "mrow"  # what ziamath asks for where it matters that a parent is a row
