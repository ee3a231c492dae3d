"""Label -> image: a tokenised label typeset in a mathematical font, black on white; needs no LaTeX.

Not for handwriting, and not for CDM, which uses `formula`.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from mumer_data.exceptions import ImageError
from mumer_data.io.png import encode_png

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 2000
"""Largest width and height of an image, in pixels; larger images are scaled down."""

MAX_DEPTH = 10
"""Deepest nesting of braces: ziamath lays out every row twice, so each level doubles the time; 3 s at 10."""

_OVER_AND_UNDER = re.compile(
    r"\\(?:sum|prod|coprod|lim|limsup|liminf|max|min|sup|inf|det|gcd|biguplus"
    r"|big(?:cup|cap|sqcup|vee|wedge|oplus|otimes|odot))"
)
_HUGE = 1000.0  # em: the box of an empty row keeps ziamath's initial value of +-9999 pixels
_LONG_ARROWS = {"←": "⟵", "→": "⟶"}
_TRUE_RELATIONS = {"~": "∼", "⟂": "⊥"}  # latex2mathml reads \sim as ASCII, and \perp as a rarer sign
_BRACKETS = frozenset("()⌊⌋⌈⌉‖")
_LARGE = frozenset("∏∐∑∫∬∭∮⋀⋁⋂⋃⨀⨁⨂⨄⨆")
_SPACED = frozenset("×÷∩∪∧∨⊂")
_SIGNS = frozenset("+−±∓")
_BEFORE_A_SIGN = frozenset("([{,=<>≤≥≠≈≡∈→⇒⇔")
_BLANK = frozenset(" \u00a0\u2006\u2009")
_LONE_SLASH = "⧸"
_DEFINITIONS = frozenset(("\\def", "\\newcommand", "\\renewcommand", "\\newenvironment"))

# ziamath shares one font, and one position in its file, between all callers: only one thread may typeset.
_one_at_a_time = threading.Lock()


def typeset(label: str, *, size: float = 48.0, height: int | None = None, margin: int = 8) -> bytes:
    """Typeset a label as a PNG; deterministic.

    Args:
        label: whitespace-tokenised LaTeX.
        size: font size in pixels per em; a line without fractions or scripts is about half of it high.
        height: height of the image in pixels, margins included; ``None`` to use ``size``.
        margin: white border around the ink, in pixels.

    Returns:
        8-bit greyscale PNG without metadata, at most ``MAX_SIDE`` pixels wide and high.

    Raises:
        ImageError: ``typeset_failed`` if the label cannot be typeset, has a symbol that the font lacks, or
            leaves no ink.
        ValueError: a size, height or margin that leaves no space for ink.
    """
    max_inner = MAX_SIDE - 2 * margin
    inner_height = max_inner if height is None else height - 2 * margin
    if size <= 0 or margin < 0 or not 0 < inner_height <= max_inner:
        raise ValueError(f"no room for ink: size {size}, height {height}, margin {margin} (limit {MAX_SIDE})")
    svg = _drawing(label, size)
    zoom = min(1.0, max_inner / float(svg.attrib["width"]), max_inner / float(svg.attrib["height"]))
    ink, box = _ink(svg, zoom, label)
    if height is not None:
        factor = min(inner_height / ink.height, max_inner / ink.width)
        _trim(svg, [edge / zoom for edge in box], white=2 / zoom / min(1.0, factor))
        ink, _ = _ink(svg, zoom * factor, label)
        # Rounding may have left a row of half-grey pixels too many.
        ink = ink.resize((min(ink.width, max_inner), min(ink.height, inner_height)))
    return _png(ink, height, margin)


def _failed(label: str, why: str) -> ImageError:
    shown = label if len(label) <= 200 else f"{label[:200]} ..."
    return ImageError("typeset_failed", f'cannot typeset "{shown}": {why}')


def _drawing(label: str, size: float) -> ElementTree.Element:
    """A label as SVG, with a margin of one em."""
    from ziamath.zmath import Math

    mathml = _mathml(label)
    _improve(mathml)
    with _one_at_a_time:
        try:
            # ziamath's box can be too small: with a margin of one em, no ink is cut off.
            math = Math(mathml, size=size, margin=size)
            missing = _missing_glyphs(mathml, math.font.glyphindex)
            svg = math.svgxml()
        except Exception as error:  # ziamath has no exception classes of its own
            raise _failed(label, f"ziamath cannot lay it out ({error!r})") from error
    if missing:
        raise _failed(label, f"the font has no glyph for {missing}")
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    if not 0 < min(width, height) <= max(width, height) < _HUGE * size:
        raise _failed(label, f"ziamath draws it {width:.0f} x {height:.0f} pixels large")
    return svg


def _mathml(label: str) -> ElementTree.Element:
    from ziamath.tex import tex2mml

    latex = _latex(label)
    try:
        mathml = ElementTree.fromstring(tex2mml(latex))
    except Exception as error:  # latex2mathml lets IndexError and StopIteration through beside its own
        raise _failed(label, f"latex2mathml cannot read it ({error!r})") from error
    _check_supported(mathml, label)
    return mathml


def _latex(label: str) -> str:
    """The label in the form that latex2mathml reads: environment names and numbers without spaces."""
    tokens = label.split()
    if not tokens:
        raise _failed(label, "it is empty")
    if not _DEFINITIONS.isdisjoint(tokens):  # a definition could expand to more than fits into memory
        raise _failed(label, "it defines commands")
    depth = deepest = 0
    parts: list[str] = []
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        depth += token in ("{", "\\left") or token.startswith("\\begin")
        depth -= token in ("}", "\\right") or token.startswith("\\end")
        deepest = max(deepest, depth)
        if depth < 0:
            break
        parts.append("\\%" if token == "%" else token)
        if following in ("_", "^") and _OVER_AND_UNDER.fullmatch(token):
            parts.append("\\limits")
    if depth != 0:
        raise _failed(label, "its braces, brackets of \\left or environments do not balance")
    if deepest > MAX_DEPTH:
        raise _failed(label, f"it is nested {deepest} deep, more than {MAX_DEPTH}")
    return _joined(" ".join(parts))


def _joined(text: str) -> str:
    text = re.sub(r"(\\(?:begin|end)) (?=\{[A-Za-z*]+\})", r"\1", text)
    # An environment in braces takes a script as a whole, brackets and all.
    text = re.sub(r"(\\begin\{[A-Za-z*]+\})", r"{ \1", text)
    text = re.sub(r"(\\end\{[A-Za-z*]+\})", r"\1 }", text)
    text = re.sub(r"(?<=\d) (?=\d)", "", text)
    text = re.sub(r"(?<=\d) \. (?=\d)", ".", text)
    text = re.sub(r"(\\math[a-z]+) \{ ([A-Za-z]) \}", r"\1{\2}", text)
    text = re.sub(r"\\not =", r"\\neq", text)
    words = re.compile(r"(\\(?:text[a-z]*|mbox|hbox)) \{([^{}]*)\}")
    return words.sub(lambda match: f"{match[1]} {{{''.join(match[2].split())}}}", text)


def _check_supported(mathml: ElementTree.Element, label: str) -> None:
    """Raise for constructs that the two libraries would silently omit or draw differently."""
    for element in mathml.iter():
        text = element.text or ""
        if unknown := re.search(r"\\[A-Za-z]+", text):
            raise _failed(label, f"the command {unknown[0]} is not known")
        if element.tag.endswith("mtext") and not text:
            raise _failed(label, "it has an empty text")
        if _LONE_SLASH in text:
            raise _failed(label, "this use of \\not is not known")
        if not element.attrib.keys().isdisjoint(("rowlines", "columnlines")):
            raise _failed(label, "lines in tables are not drawn")


def _improve(mathml: ElementTree.Element) -> None:
    """Adapt the MathML to LaTeX, in place: spacing in tables, brackets, names, hats, arrows."""
    for parent in mathml.iter():
        tag = _tag(parent)
        if tag == "mtable":
            parent.set("rowspacing", "0.5em")
            parent.attrib.setdefault("columnspacing", "0.8em")
        elif tag in ("mover", "munderover"):
            for arrow in parent.findall("./{*}mstyle[1]/{*}mo"):  # \xrightarrow and \xleftarrow
                arrow.text = _LONG_ARROWS.get(arrow.text or "", arrow.text)
        _fill_empty_rows(parent)
        beside_table = any(_tag(child) == "mtable" for child in parent)
        for left, child in pairwise([ElementTree.Element("mrow"), *parent]):
            _improve_operator(child, left.text or "", beside_table, accent=parent.get("accent") == "true")


def _fill_empty_rows(row: ElementTree.Element) -> None:
    """Insert a space of width 0 into every empty line: ziamath computes a wrong box for empty lines."""
    if _tag(row) not in ("mrow", "mtd"):
        return
    breaks = [i for i, child in enumerate(row) if child.get("linebreak") == "newline"]
    for before, after in reversed(list(pairwise([-1, *breaks, len(row)]))):
        if after == before + 1:
            row.insert(after, ElementTree.Element("mspace", width="0"))


def _improve_operator(operator: ElementTree.Element, left: str, beside_table: bool, accent: bool) -> None:
    text = operator.text or ""
    if text in _BRACKETS and not beside_table and "minsize" not in operator.attrib:  # \left stretches them
        operator.attrib.setdefault("stretchy", "false")
    elif text in _LARGE:  # ziamath ignores stretchy operators when it sizes brackets around them
        operator.set("stretchy", "false")
        if text == "∮":  # its ring would touch the next symbol
            operator.set("rspace", "mediummathspace")
    elif text in _SPACED:
        operator.attrib.update(lspace="mediummathspace", rspace="mediummathspace")
    elif text in _SIGNS and left in _BEFORE_A_SIGN:  # not an addition: no space after it
        operator.set("form", "prefix")
    elif _tag(operator) == "mo" and len(text) > 1 and text.isalpha():
        operator.attrib.update(lspace="thinmathspace", rspace="thinmathspace")
    elif _tag(operator) == "mi" and text in _TRUE_RELATIONS:
        operator.text = _TRUE_RELATIONS[text]
    elif text == "\u0302" and accent:  # \hat, which must not look like \widehat
        operator.text = "\u02c6"


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _missing_glyphs(mathml: ElementTree.Element, glyphindex: Callable[[str], int]) -> str:
    """The characters that the font would draw as an empty box."""
    drawn = {character for element in mathml.iter() for character in element.text or ""}
    return " ".join(sorted(character for character in drawn - _BLANK if glyphindex(character) == 0))


def _ink(svg: ElementTree.Element, zoom: float, label: str) -> tuple[Image, tuple[int, int, int, int]]:
    """The drawing, scaled by ``zoom`` and cropped to its non-white pixels, and the box of the crop."""
    import resvg_py
    from PIL import Image, ImageChops

    text = ElementTree.tostring(svg, encoding="unicode")
    png = resvg_py.svg_to_bytes(svg_string=text, background="white", skip_system_fonts=True, zoom=zoom)
    with Image.open(io.BytesIO(png)) as drawn:
        image = drawn.convert("L")
    box = ImageChops.invert(image).getbbox()
    if box is None:
        raise _failed(label, "it leaves no ink")
    if box[0] == 0 or box[1] == 0 or box[2] == image.width or box[3] == image.height:
        raise _failed(label, "its drawing is cut off")
    return image.crop(box), box


def _trim(svg: ElementTree.Element, box: list[float], white: float) -> None:
    """Crop a drawing, in place, to ``box`` and a margin: a scaled margin of one em takes seconds to draw."""
    x, y, _, _ = map(float, svg.attrib["viewBox"].split())
    left, top, right, bottom = box[0] - white, box[1] - white, box[2] + white, box[3] + white
    width, height = f"{right - left:.3f}", f"{bottom - top:.3f}"
    svg.attrib.update(width=width, height=height, viewBox=f"{x + left:.3f} {y + top:.3f} {width} {height}")


def _png(ink: Image, height: int | None, margin: int) -> bytes:
    from PIL import Image

    page_height = ink.height + 2 * margin if height is None else height
    page = Image.new("L", (ink.width + 2 * margin, page_height), 255)
    page.paste(ink, (margin, (page_height - ink.height) // 2))
    return encode_png(page, optimize=True)
