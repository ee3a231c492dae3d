"""Faster replacements of ziamath's slowest functions, with the same results.

Not for any change of layout: `tests/typeset` compares each of them with its original.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from ziafont.fonttypes import BBox
from ziamath import styles
from ziamath.config import config
from ziamath.drawable import Glyph
from ziamath.mathfont import MathFont
from ziamath.nodes import mnode, moperator, nodetools
from ziamath.nodes.mnode import Mnode
from ziamath.nodes.mnumber import Mnumber

from mumer_data.typeset.elements import MARK

original_parse_style = styles.parse_style
original_size_px = Mnode.size_px
original_number_setup = Mnumber._setup
original_subglyph = nodetools.subglyph
original_fromelement: Any = Mnode.fromelement

_size_of: Any = original_size_px  # takes no node where the size of the font is given

_MAX_LEAVES = 1 << 14
_leaves: dict[tuple[Any, ...], dict[str, Any]] = {}  # attributes of a leaf, without its element and its parent

_Variant = tuple[str, bool, bool, bool]  # style, italic, bold, normal


def parse_style(element: ElementTree.Element, parent: Any = None) -> Any:
    """The style of an element below ``parent``, which the original converts to a dictionary for each element."""
    get = element.attrib.get
    if parent is None or get("style"):
        return original_parse_style(element, parent)
    displaystyle, inherited = get("displaystyle"), parent.mathvariant
    variant = get("mathvariant", config.math.variant)
    if variant:
        own = styles.parse_variant(variant, inherited)
    else:
        own = styles.MathVariant(inherited.style, inherited.italic, inherited.bold, inherited.normal)
    return styles.MathStyle(
        mathvariant=own,
        displaystyle=parent.displaystyle if displaystyle is None else displaystyle == "true",
        mathcolor=get("mathcolor", parent.mathcolor),
        mathbackground=get("mathbackground", parent.mathbackground),
        mathsize=get("mathsize", parent.mathsize),
        scriptlevel=int(get("scriptlevel", parent.scriptlevel)),
    )


def size_px(node: Mnode, size: str, fontsize: float | None = None) -> float:
    """Pixels of a length, which the original reads from its text again for each element."""
    return _pixels(size, node.glyphsize if fontsize is None else fontsize)


@lru_cache(maxsize=1 << 12)
def _pixels(size: str, fontsize: float) -> float:
    return float(_size_of(None, size, fontsize))


def number_setup(node: Mnumber, **kwargs: Any) -> None:
    """Lay out one letter or digit; the original looks its glyph up again each time. Longer texts are left to it."""
    if len(node.string) != 1 or ((left := node.leftsibling()) and left.mtag == "mfenced"):
        original_number_setup(node, **kwargs)
        return
    variant = node.style.mathvariant
    key = (variant.style, variant.italic, variant.bold, variant.normal)
    script = bool(kwargs.get("sup") or kwargs.get("sub"))
    glyph, advance = _glyph(node.font, node.string, key, script)
    drawn = Glyph(glyph, node.string, node.glyphsize, node.style, **kwargs)
    unit, box, inner = node._glyph_pts_per_unit, drawn.bbox, glyph.path.bbox
    x = -box.xmin if box.xmin < 0 else 0.0
    node.nodes.append(drawn)
    node.nodexy.append((x, 0))
    node.bbox = BBox(box.xmin, x + max(box.xmax, advance * unit), inner.ymin * unit, inner.ymax * unit)


@lru_cache(maxsize=1 << 12)
def _glyph(font: MathFont, character: str, key: _Variant, script: bool) -> tuple[Any, float]:
    """The glyph of a character, as a script or not, and its advance in font units."""
    style, italic, bold, normal = key
    glyph = font.findglyph(character, styles.MathVariant(style, italic, bold, normal))
    if script:
        glyph = subglyph(glyph, font)
    return glyph, glyph.advance()


@lru_cache(maxsize=1 << 12)
def subglyph(glyph: Any, font: MathFont) -> Any:
    """The form of a glyph in scripts, which the original looks up in the font's table again each time."""
    return original_subglyph(glyph, font)


def fromelement(cls: type[Mnode], /, element: ElementTree.Element, parent: Mnode, **kwargs: Any) -> Mnode:
    """The node of an element. A letter, a sign that does not grow, or a blank is laid out once and then copied."""
    key = _leaf_key(element, parent, kwargs)
    if key is None:
        node: Mnode = original_fromelement(element, parent, **kwargs)
        return node
    known = _leaves.get(key)
    if known is None:
        node = original_fromelement(element, parent, **kwargs)
        if len(_leaves) >= _MAX_LEAVES:
            _leaves.clear()
        _leaves[key] = {"kind": type(node), **vars(node), "element": None, "parent": None}
        return node
    node = object.__new__(known["kind"])
    vars(node).update(known, element=element, parent=parent)
    return node


def _leaf_key(element: ElementTree.Element, parent: Mnode, kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
    """Everything that the layout of a leaf depends on; ``None`` for other nodes."""
    tag, attributes, text = element.tag, element.attrib, element.text
    if tag != "mspace":
        single = tag in ("mn", "mi", "mo") and MARK in attributes and text is not None and len(text) == 1
        grows = attributes.get("stretchy", "false") != "false" or "width" in kwargs or "height" in kwargs
        if grows or not single:
            return None
    style = parent.style
    variant = style.mathvariant
    return (
        *(tag, text, parent.size, parent.font, kwargs.get("phantom"), bool(kwargs.get("sup") or kwargs.get("sub"))),
        *(variant.style, variant.italic, variant.bold, variant.normal, style.displaystyle, style.scriptlevel),
        *(style.mathsize, style.mathcolor, style.mathbackground),
        *(item for item in attributes.items() if item[0] != MARK),
    )


def install() -> None:
    """Replace the original functions."""
    replaced: list[tuple[Any, str, Any]] = [
        (mnode, "parse_style", parse_style),
        (Mnode, "size_px", size_px),
        (Mnumber, "_setup", number_setup),
        (moperator, "subglyph", subglyph),
        (Mnode, "fromelement", classmethod(fromelement)),
    ]
    for owner, name, function in replaced:
        setattr(owner, name, function)
