"""MathML -> boxes of ink: rows, scripts, limits, fractions and roots, by TeX's rules with random deviations.

Source of the rules: D. E. Knuth, The TeXbook, 1984, appendix G. Not for brackets, accents and tables (see `stretchy`,
`tables`).
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

import numpy as np

from mumer_data.exceptions import ImageError
from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke
from mumer_data.handwriting.layout.boxes import AXIS, Box
from mumer_data.handwriting.layout.corrections import corrected
from mumer_data.handwriting.layout.stretchy import accent_box, stretched_base, stretchy_delimiter, stretchy_row
from mumer_data.handwriting.layout.tables import enclosure_box, table_box
from mumer_data.handwriting.writer import Writer
from mumer_data.typeset.elements import MARK

EM = 1.52  # heights of a capital
_ATTRIBUTE = 4 / 3 * EM  # length of an `em` of an attribute, see `typeset.spaces.em`
_LARGE = {"∑": 1.7, "∏": 1.7, "∐": 1.7, "∫": 2.2, "∬": 2.2, "∭": 2.2, "⨌": 2.2, "∮": 2.2, "∯": 2.2, "∰": 2.2}
_BESIDE_LIMITS = 0.12  # space after limits, so that they do not touch the next symbol
_BEYOND = 1.2  # most by which the line of a fraction or root exceeds its content at one end
_TIGHT = 0.35  # space between the letters of a function name, as a fraction of the space between symbols
_APART = 0.05  # least space between them besides the pen's width: "log" whose letters touch reads as "bog"
_WORD = 0.75  # size of the letters of a function name; those with an ascender get _TALL: "log" must not read as "eog"
_TALL, _NARROW = 1.0, 0.92
_ASCENDERS = frozenset("bdfhklt")
_FAR = 0.7  # largest distance between two letters that are joined without lifting the pen,
_LEVEL = 0.35  # and the largest difference in height: a stroke up to the top of "n" would make it an "m"


def _near(end: tuple[float, float], begin: Stroke) -> bool:
    right, down = begin.tolist()
    return bool(0 < right - end[0] < _FAR and abs(down - end[1]) < _LEVEL)


def _ligature(end: tuple[float, float], begin: Stroke) -> Stroke:
    """The connecting stroke from one letter to the next: along the line, then up."""
    middle = (0.6 * end[0] + 0.4 * begin[0], 0.8 * end[1] + 0.2 * begin[1] + 0.02)
    return np.array((end, middle, begin))


class LayoutEngine:
    """Lays out one expression with one writer; ``names`` holds the token of each mark."""

    def __init__(self, writer: Writer, names: list[str]) -> None:
        self.writer, self.names = writer, names
        self._level = 0

    def box(self, element: Element) -> Box:
        """The box of an element and everything in it.

        Raises:
            ImageError: ``glyph_missing``, or ``layout_failed`` for an unknown element.
        """
        rule = _RULES.get(element.tag)
        if rule is None:
            raise ImageError("layout_failed", f"no rule places <{element.tag}>")
        return rule(self, element)

    def row(self, element: Element) -> Box:
        """Boxes side by side on one baseline; brackets are stretched to the height of their content."""
        if any(part.get("stretchy") == "true" for part in element):
            boxes = stretchy_row(self, element)
        else:
            boxes = [self.box(part) for part in element]
        return self.beside(boxes)

    def beside(self, boxes: list[Box]) -> Box:
        """Boxes side by side, separated by the writer's spacing."""
        result, x, inked = Box(), 0.0, False
        for box in boxes:
            if box.blank:
                x += box.width
                continue
            if inked:
                x += self.writer.gap()
            result.put(box, x, self.writer.shift(0.09))
            x += box.width
            inked = True
        result.width = max(result.width, x)
        result.blank = not inked
        return result

    def letters(self, element: Element) -> Box:
        """A letter, a digit or a function name."""
        text, mark, font = element.text or "", int(element.get(MARK, -1)), element.get("mathvariant", "")
        token = self.names[mark]
        if len(text) == 1 or self.writer.glyphs_for(token, text, font):
            return self._glyph(mark, token, text, font)
        result, x, joined = Box(), 0.0, self.writer.rng.random() < self.writer.style.joins
        ends: list[tuple[float, float]] = []
        for character in text:
            glyph = self.writer.glyph(character, character, font)
            word = _TALL if character in _ASCENDERS else _WORD
            width, height = (size * word for size in self._size(character, glyph))
            width *= _NARROW
            shift = self.writer.shift(0.06)
            strokes = [stroke * (width, height) + (x, shift) for stroke in glyph.strokes]
            ligature = joined and bool(ends) and _near(ends[-1], strokes[0][0])
            if ligature:
                result.draw(mark, [_ligature(ends[-1], strokes[0][0])], real=glyph.real)
            result.draw(mark, strokes, real=glyph.real, lifted=not ligature)
            ends.append(tuple(strokes[0][-1].tolist()))
            x += glyph.width * width + _TIGHT * self.writer.gap() + _APART + self.writer.style.pen
        return result

    def _size(self, text: str, glyph: Glyph) -> tuple[float, float]:
        """Width and height factors of the next glyph."""
        height = self.writer.letter_size(text, glyph) * self.writer.vary(0.4)
        return height * self.writer.style.aspect * self.writer.vary(0.2), height

    def _glyph(self, mark: int, token: str, text: str, font: str = "") -> Box:
        glyph, box = self.writer.glyph(token, text, font), Box()
        scale = self._size(text, glyph)
        box.draw(mark, [stroke * scale for stroke in glyph.strokes], real=glyph.real)
        return corrected(box, mark, text, self.writer)

    def sign(self, element: Element) -> Box:
        """An operator; large operators are scaled about the axis."""
        text, mark = element.text or "", int(element.get(MARK, -1))
        token = self.names[mark]
        if element.get("minsize"):
            return stretchy_delimiter(
                self, element, float(element.get("minsize", "").removesuffix("em")) * _ATTRIBUTE / 2
            )
        font = element.get("mathvariant", "")
        if element.get("largeop") != "true":
            return self._glyph(mark, token, text, font)
        box = self._glyph(mark, token, text, font)
        target_height = _LARGE.get(text, 1.5) * self.writer.vary(0.2)
        scale = target_height / max(box.up + box.down, 0.2)
        result = Box()
        result.put(box, 0.0, -AXIS - scale * (box.down - box.up) / 2, scale)
        return result

    def space(self, element: Element) -> Box:
        """Horizontal space."""
        return Box(width=float(element.get("width", "0").removesuffix("em")) * _ATTRIBUTE, blank=True)

    def fraction(self, element: Element) -> Box:
        """Numerator over denominator, with a fraction bar unless its thickness is 0."""
        over, under = self.box(element[0]), self.box(element[1])
        writer, result = self.writer, Box()
        shrink = 1.0 if self._plain(element) else 0.85
        content = max(over.width, under.width) * shrink
        before, after = (
            float(np.clip(0.16 * writer.vary(2.4) + writer.shift(0.6), -0.2 * content, _BEYOND)) for _ in range(2)
        )
        left, begin = max(0.0, before), max(0.0, -before)  # of the content and of the bar
        above, below = 0.2 * writer.vary(1.3) + 0.05, 0.34 * writer.vary(1.3) + 0.05
        axis = -AXIS
        for box, y in ((over, axis - above - over.down * shrink), (under, axis + below + under.up * shrink)):
            x = (content - box.width * shrink) * float(np.clip(0.5 + writer.shift(0.3), 0.0, 1.0))
            result.put(box, left + x, y, shrink)
        if element.get("linethickness") != "0":
            end = left + content + after
            line = writer.line((begin, axis + writer.shift(0.06)), (end, axis + writer.shift(0.06)))
            result.draw(int(element.get(MARK, -1)), [line])
        result.width = max(result.width, left + content + 0.1)
        return result

    @staticmethod
    def _plain(element: Element) -> bool:
        """Whether numerator and denominator keep the size of the surrounding row."""
        return element.get("displaystyle") != "false"

    def root(self, element: Element) -> Box:
        """A radical sign around a row, with its degree."""
        inner, writer, result = self.box(element[0]), self.writer, Box()
        top = -max(inner.up, 0.7) - min(1.0, 0.48 * writer.vary(1.5))
        bottom = max(inner.down, 0.0) + 0.08 * writer.vary(1.0)
        high, lead = bottom - top, 0.55 * writer.vary(0.5)
        degree = self.box(element[1]) if len(element) > 1 else None
        x, scale = 0.0, 0.85 * writer.style.script
        if degree is not None:
            x = max(0.0, degree.width * scale - 0.5 * lead)
            result.put(
                degree, max(0.0, 0.5 * lead - degree.width * scale), bottom - 0.6 * high - degree.down * scale, scale
            )
        covered = max(0.7 * inner.width, inner.width + writer.shift(0.7))
        end = x + lead + covered + min(_BEYOND, 0.4 * writer.vary(1.8)) + 0.1
        corners = [
            (x, bottom - 0.38 * high),
            (x + 0.3 * lead, bottom - 0.5 * high),
            (x + 0.62 * lead, bottom),
            (x + lead, top),
            (end, top + writer.shift(0.08)),
        ]
        result.draw(int(element.get(MARK, -1)), [writer.line(*corners)])
        result.put(inner, x + lead + 0.12, 0.0)
        return result

    def scripts(self, element: Element) -> Box:
        """Subscripts and superscripts beside a base."""
        base, writer, result = self.box(element[0]), self.writer, Box()
        boxes, size = self._scripts(element, _SIDES)
        result.put(base, 0.0, 0.0)
        x = base.width + (0.0 if base.empty else 0.08 * writer.vary(1.2))
        up, down = (base.up, base.down) if not base.empty else (0.75, 0.0)
        up, down = max(up, 0.45), max(down, 0.0 if up < 1.2 else down)
        middle, over = (up - down) / 2, up / 2 if up < 1.2 else (up - down) / 2  # descenders do not lower superscripts
        wobble = 0.5 if len(boxes) == 1 else 0.2
        for name, box in boxes.items():
            scale, white = size * writer.vary(0.5), 0.0
            if name == "sup":
                lowest = max(over + 0.12, up - 0.12 * writer.vary(0.9) - 0.25 * max(0.0, box.up - 1.0))
                if box.down < 0:  # a prime or a star: its ink lies above the baseline
                    lowest, white = max(lowest, 0.45), 0.1
                y = min(-lowest + writer.shift(wobble), 0.05 - over) - min(box.down, 0.35) * scale
            else:
                highest = min(middle - 0.06, 0.5 * writer.vary(0.6) - down)
                y = max(down + 0.08, -highest + min(box.up, 1.1) * scale + writer.shift(wobble))
            result.put(box, x + white, y, scale)
        return result

    def _scripts(self, element: Element, positions: dict[str, tuple[str, ...]]) -> tuple[dict[str, Box], float]:
        """The scripts by position, and their scale; nested scripts shrink less, to stay legible."""
        self._level += 1
        boxes = {name: self.box(part) for name, part in zip(positions[element.tag], element[1:], strict=True)}
        self._level -= 1
        script = self.writer.style.script
        return boxes, script if not self._level else max(script, 0.8 if self._level == 1 else 0.92)

    def limits(self, element: Element) -> Box:
        """Limits below and above a base; accents are drawn by `stretchy`."""
        if element.get("accent") or element.get("accentunder"):
            return accent_box(self, element)
        writer, result = self.writer, Box()
        boxes, size = self._scripts(element, _ENDS)
        scale = size * writer.vary(0.15)
        base = stretched_base(self, element[0], max(box.width for box in boxes.values()) * scale)
        width = max(base.width, *(box.width * scale for box in boxes.values()))
        result.put(base, (width - base.width) / 2, 0.0)
        for name, box in boxes.items():
            gap = 0.15 * writer.vary(0.8) + 0.05
            y = -base.up - gap - box.down * scale if name == "over" else base.down + gap + box.up * scale
            result.put(box, max(0.0, (width - box.width * scale) / 2 + writer.shift(0.2)), y, scale)
        result.width += _BESIDE_LIMITS
        return result

    def phantom(self, element: Element) -> Box:
        """Space as wide as the hidden content."""
        width = self.row(element).width
        return Box(width=0.0 if element.get("width") == "0" else width, blank=True)


_SIDES = {"msub": ("sub",), "msup": ("sup",), "msubsup": ("sub", "sup")}
_ENDS = {"munder": ("under",), "mover": ("over",), "munderover": ("under", "over")}
_RULES: dict[str, Callable[[LayoutEngine, Element], Box]] = {
    "row": LayoutEngine.row,
    "mrow": LayoutEngine.row,
    "mi": LayoutEngine.letters,
    "mn": LayoutEngine.letters,
    "mo": LayoutEngine.sign,
    "mspace": LayoutEngine.space,
    "mfrac": LayoutEngine.fraction,
    "msqrt": LayoutEngine.root,
    "mroot": LayoutEngine.root,
    **dict.fromkeys(_SIDES, LayoutEngine.scripts),
    **dict.fromkeys(_ENDS, LayoutEngine.limits),
    "mphantom": LayoutEngine.phantom,
    "mtable": table_box,
    "menclose": enclosure_box,
}
