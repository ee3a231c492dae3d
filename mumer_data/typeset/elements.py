"""The MathML elements of a formula: signs, letters, blanks, rows, scripts.

Not for traversing a tree: see `build`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from mumer_data.typeset.spaces import em

MARK = "at"  # attribute of an element: the number of the mark of its glyphs and lines


@dataclass(frozen=True, slots=True)
class Style:
    """Style of a row: large operators and limits, size of scripts, font."""

    display: bool = True
    script: bool = False
    font: str = ""

    @property
    def text(self) -> Style:
        """The style of numerators and cells."""
        return replace(self, display=False)

    @property
    def small(self) -> Style:
        """The style of scripts."""
        return replace(self, display=False, script=True)


def attach(base: Element, below: list[Element], above: list[Element], *, limits: bool) -> Element:
    """Scripts on a base: at its side, or below and above it."""
    names = {(True, True): "munderover", (True, False): "munder", (False, True): "mover"}
    if not limits:
        names = {(True, True): "msubsup", (True, False): "msub", (False, True): "msup"}
    scripts = [row_of(part) for part in (below, above) if part]
    for script in scripts:
        script.set("displaystyle", "false")
    if limits:  # ziamath stretches a sign that is alone over a base
        scripts = [wrap("row", [script]) for script in scripts]
    return wrap(names[bool(below), bool(above)], [base, *scripts])


def row_of(parts: Sequence[Element]) -> Element:
    """A row of elements; a single element is returned unchanged, no element is a blank."""
    if len(parts) == 1:
        return parts[0]
    return wrap("row", parts) if parts else blank(0)


def wrap(tag: str, parts: Sequence[Element], **attributes: str) -> Element:
    """An element around others."""
    element = Element(tag, attributes)
    element.extend(parts)
    return element


def blank(width: float) -> Element:
    """A blank, ``width`` em wide."""
    return Element("mspace", {"width": em(width)})


def letter(text: str, mark: str, style: Style) -> Element:
    """One letter or digit."""
    element = Element("mn" if text.isdecimal() else "mi", {MARK: mark})
    element.set("mathvariant", style.font or ("normal" if text.isdecimal() or not _is_italic(text) else "italic"))
    element.text = text
    return element


def _is_italic(text: str) -> bool:
    return text.isalpha() and not ("\u0391" <= text <= "\u03a9")  # TeX's Greek capitals are upright


def sign(text: str, mark: str, style: Style, *, large: bool = False, **attributes: str) -> Element:
    """One sign that is not a letter, without space around it."""
    plain = {"form": "infix", "lspace": "0", "rspace": "0", "stretchy": "false", "movablelimits": "false"}
    element = Element("mo", plain | {"largeop": str(large).lower(), MARK: mark} | attributes)
    if style.font:
        element.set("mathvariant", style.font)
    element.text = text
    return element


def marked(element: Element, mark: str) -> Element:
    """The element with its lines and glyphs assigned to ``mark``."""
    element.set(MARK, mark)
    return element
