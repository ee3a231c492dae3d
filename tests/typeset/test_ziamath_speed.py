"""The faster functions of ziamath return what the originals return."""

from __future__ import annotations

import gc
from typing import Any
from xml.etree import ElementTree

import pytest
from ziamath.nodes import mnode, moperator
from ziamath.nodes.mnode import Mnode
from ziamath.nodes.mnumber import Mnumber
from ziamath.zmath import Math

from mumer_data.latex.parser import parse
from mumer_data.typeset import ziamath_speed as speed
from mumer_data.typeset.build import to_mathml
from mumer_data.typeset.formula import Shape, _add_shapes, _root, set_label

LABELS = [
    r"x ^ { 2 } + y _ { i } ^ { \prime } = \frac { 1 } { \sqrt { 2 } }",
    r"\mathbf { f } ( \mathcal { X } ) \leq \sum _ { i = 1 } ^ { n } a _ { i }",
    r"\begin {array} { c c } a & b \\ c & d \end {array}",
    r"\left ( \frac { \hat { j } } { \overline { f g } } \right ) ^ { f ^ { * } }",
]


def test_styles_equal_the_originals() -> None:
    parent = speed.original_parse_style(ElementTree.Element("row", {"displaystyle": "true", "scriptlevel": "1"}))
    for attributes in (
        {},
        {"displaystyle": "false"},
        {"mathvariant": "bold italic"},
        {"mathvariant": "double"},
        {"scriptlevel": "2", "mathsize": "3em", "mathcolor": "red", "mathbackground": "blue"},
        {"style": "color: red; background: blue"},
    ):
        element = ElementTree.Element("mi", attributes)
        assert speed.parse_style(element, parent) == speed.original_parse_style(element, parent)


@pytest.mark.parametrize("size", ["thinmathspace", "0.5em", "3px", "2mu", "1cm", "", "12", "negativethinmathspace"])
def test_lengths_equal_the_originals(size: str) -> None:
    assert speed._pixels(size, 33.2) == speed._size_of(None, size, 33.2)


@pytest.mark.parametrize("label", LABELS)
def test_layouts_equal_those_of_the_originals(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [(shape.mark, shape.box) for shape in set_label(label).shapes]
    _use_originals(monkeypatch)
    original = Math(_root(to_mathml(parse(label)).element), size=40.0)
    theirs: list[Shape] = []
    _add_shapes(theirs, original.node, 0.0, 0.0)
    assert ours == [(shape.mark, shape.box) for shape in theirs]


@pytest.mark.parametrize(
    "label",
    [
        r"x x ^ { x x _ { x x } } \frac { x 1 } { x } \mathbf { x } \, x \quad x ' - x ^ { - x }",
        r"x \phantom { x } x",
        r"\widehat { x y } \widehat { x y z w } \hat { x } \overbrace { x + y } \xrightarrow { x } \big ( x (",
        r"\sum _ { x } \textstyle \frac { \sum _ { x } x } { x } ^ { \sum x }",
    ],
)
def test_copied_leaves_equal_new_ones(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves that were laid out before, at another size and in other places, do not change a drawing."""
    set_label(label, 20.0)
    ours = set_label(label)
    drawing = ElementTree.tostring(ours.svg())
    monkeypatch.setattr(Mnode, "fromelement", speed.original_fromelement)
    theirs = set_label(label)
    assert ours.shapes == theirs.shapes
    assert drawing == ElementTree.tostring(theirs.svg())


def test_nothing_of_a_layout_outlives_it() -> None:
    """The tree of nodes is freed without the garbage collector; only leaves without parents are kept."""
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(one, Mnode) for one in gc.get_objects())
        kept = [set_label(label) for label in LABELS]
        assert sum(isinstance(one, Mnode) for one in gc.get_objects()) == before
        assert len(kept) == len(LABELS)
    finally:
        gc.enable()


def _use_originals(monkeypatch: pytest.MonkeyPatch) -> None:
    originals: list[tuple[Any, str, Any]] = [
        (mnode, "parse_style", speed.original_parse_style),
        (Mnode, "size_px", speed.original_size_px),
        (Mnumber, "_setup", speed.original_number_setup),
        (moperator, "subglyph", speed.original_subglyph),
        (Mnode, "fromelement", speed.original_fromelement),
    ]
    for owner, name, original in originals:
        monkeypatch.setattr(owner, name, original)
