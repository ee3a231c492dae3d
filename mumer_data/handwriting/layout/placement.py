"""MathML -> boxes of ink: rows, scripts, limits, fractions, roots; by TeX's rules, as loosely as a hand keeps them.

Source of the rules: D. E. Knuth, The TeXbook, 1984, appendix G. Not for brackets, accents and tables (see `grown`,
`tables`).
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

import numpy as np

from mumer_data.exceptions import ImageError
from mumer_data.handwriting.glyphs.glyph import Stroke
from mumer_data.handwriting.layout.boxes import AXIS, Box
from mumer_data.handwriting.layout.stretchy import accented, fence, fenced, lengthened
from mumer_data.handwriting.layout.tables import enclosed, table
from mumer_data.handwriting.writer import Writer
from mumer_data.typeset.elements import MARK

EM = 1.52  # heights of a capital
_ATTRIBUTE = 4 / 3 * EM  # what an `em` of an attribute is, see `mathml.spaces.em`
_LARGE = {"∑": 1.7, "∏": 1.7, "∐": 1.7, "∫": 2.2, "∬": 2.2, "∭": 2.2, "⨌": 2.2, "∮": 2.2, "∯": 2.2, "∰": 2.2}
_BESIDE_LIMITS = 0.12  # white after limits, which else run into what follows
_TIGHT = 0.35  # share of the usual white between the letters of a name
_FAR = 0.7  # between the end of a letter and the beginning of the next, if the pen is not lifted


def _near(end: tuple[float, float], begin: Stroke) -> bool:
    right, down = begin.tolist()
    return bool(0 < right - end[0] < _FAR and abs(down - end[1]) < _FAR)


def _ligature(end: tuple[float, float], begin: Stroke) -> Stroke:
    """The pen's way from one letter to the next, first along the line, then up."""
    middle = (0.6 * end[0] + 0.4 * begin[0], 0.8 * end[1] + 0.2 * begin[1] + 0.02)
    return np.array((end, middle, begin))


class Placer:
    """Lays one expression out with one hand; ``names`` are those of the marks."""

    def __init__(self, hand: Writer, names: list[str]) -> None:
        self.hand, self.names = hand, names
        self._level = 0

    def box(self, element: Element) -> Box:
        """An element with all that is in it.

        Raises:
            ImageError: ``glyph_missing``, or ``layout_failed`` for an element that is not known.
        """
        place = _RULES.get(element.tag)
        if place is None:
            raise ImageError("layout_failed", f"no rule places <{element.tag}>")
        return place(self, element)

    def row(self, element: Element) -> Box:
        """Side by side on one baseline; brackets grow with what stands between."""
        if any(part.get("stretchy") == "true" for part in element):
            boxes = fenced(self, element)
        else:
            boxes = [self.box(part) for part in element]
        return self.beside(boxes)

    def beside(self, boxes: list[Box]) -> Box:
        """Boxes with the hand's white between them."""
        found, x, inked = Box(), 0.0, False
        for box in boxes:
            if box.blank:
                x += box.width
                continue
            if inked:
                x += self.hand.gap()
            found.put(box, x, self.hand.shift(0.12))
            x += box.width
            inked = True
        found.width = max(found.width, x)
        found.blank = not inked
        return found

    def letters(self, element: Element) -> Box:
        """A letter, a digit, or the name of a function."""
        text, mark, font = element.text or "", int(element.get(MARK, -1)), element.get("mathvariant", "")
        token = self.names[mark]
        if len(text) == 1 or self.hand.known(token, text, font):
            return self._glyph(mark, token, text, font)
        found, x, joined = Box(), 0.0, self.hand.rng.random() < self.hand.style.joins
        ends: list[tuple[float, float]] = []
        for character in text:
            glyph, (width, height) = self.hand.glyph(character, character, font), self._size()
            shift = self.hand.shift(0.06)
            strokes = [stroke * (width, height) + (x, shift) for stroke in glyph.strokes]
            if joined and ends and _near(ends[-1], strokes[0][0]):
                found.draw(mark, [_ligature(ends[-1], strokes[0][0])], real=glyph.real)
            found.draw(mark, strokes, real=glyph.real)
            ends.append(tuple(strokes[0][-1].tolist()))
            x += glyph.width * width + _TIGHT * self.hand.gap()
        return found

    def _size(self, size: float = 1.0) -> tuple[float, float]:
        """Width and height to give to the next glyph."""
        height = size * self.hand.vary(0.3)
        return height * self.hand.style.aspect * self.hand.vary(0.2), height

    def _glyph(self, mark: int, token: str, text: str, font: str = "", size: float = 1.0) -> Box:
        glyph, box = self.hand.glyph(token, text, font), Box()
        scale = self._size(size)
        box.draw(mark, [stroke * scale for stroke in glyph.strokes], real=glyph.real)
        return box

    def sign(self, element: Element) -> Box:
        """A sign that is no letter; large operators are scaled about the axis."""
        text, mark = element.text or "", int(element.get(MARK, -1))
        token = self.names[mark]
        if element.get("minsize"):
            return fence(self, element, float(element.get("minsize", "").removesuffix("em")) * _ATTRIBUTE / 2)
        font = element.get("mathvariant", "")
        if element.get("largeop") != "true":
            return self._glyph(mark, token, text, font)
        box = self._glyph(mark, token, text, font)
        wanted = _LARGE.get(text, 1.5) * self.hand.vary(0.2)
        scale = wanted / max(box.up + box.down, 0.2)
        found = Box()
        found.put(box, 0.0, -AXIS - scale * (box.down - box.up) / 2, scale)
        return found

    def space(self, element: Element) -> Box:
        """White."""
        return Box(width=float(element.get("width", "0").removesuffix("em")) * _ATTRIBUTE, blank=True)

    def fraction(self, element: Element) -> Box:
        """One row over another, with a bar between unless it has no thickness."""
        over, under = self.box(element[0]), self.box(element[1])
        hand, found = self.hand, Box()
        shrink = 1.0 if self._plain(element) else 0.85
        width = max(over.width, under.width) * shrink + 0.25 * hand.vary(1.0)
        above, below = (0.2 * hand.vary(0.8) + 0.05 for _ in range(2))
        axis = -AXIS
        for box, y in ((over, axis - above - over.down * shrink), (under, axis + below + under.up * shrink)):
            x = (width - box.width * shrink) * (0.5 + hand.shift(0.2))
            found.put(box, max(0.0, x), y, shrink)
        if element.get("linethickness") != "0":
            line = hand.line((0.0, axis + hand.shift(0.06)), (width, axis + hand.shift(0.06)))
            found.draw(int(element.get(MARK, -1)), [line])
        found.width = width
        return found

    @staticmethod
    def _plain(element: Element) -> bool:
        """Whether numerator and denominator are as large as what stands beside."""
        return element.get("displaystyle") != "false"

    def root(self, element: Element) -> Box:
        """A radical around a row, with its degree."""
        inner, hand, found = self.box(element[0]), self.hand, Box()
        top = -max(inner.up, 0.7) - 0.18 * hand.vary(0.8)
        bottom = max(inner.down, 0.0) + 0.08 * hand.vary(1.0)
        high, lead = bottom - top, 0.55 * hand.vary(0.5)
        degree = self.box(element[1]) if len(element) > 1 else None
        x, scale = 0.0, 0.85 * hand.style.script
        if degree is not None:
            x = max(0.0, degree.width * scale - 0.5 * lead)
            found.put(
                degree, max(0.0, 0.5 * lead - degree.width * scale), bottom - 0.6 * high - degree.down * scale, scale
            )
        end = x + lead + inner.width + 0.2 * hand.vary(1.0) + 0.1
        corners = [
            (x, bottom - 0.38 * high),
            (x + 0.3 * lead, bottom - 0.5 * high),
            (x + 0.62 * lead, bottom),
            (x + lead, top),
            (end, top + hand.shift(0.08)),
        ]
        found.draw(int(element.get(MARK, -1)), [hand.line(*corners)])
        found.put(inner, x + lead + 0.12, 0.0)
        return found

    def scripts(self, element: Element) -> Box:
        """Sub- and superscripts at the side of a base."""
        base, hand, found = self.box(element[0]), self.hand, Box()
        boxes, size = self._scripts(element, _SIDES)
        found.put(base, 0.0, 0.0)
        x = base.width + (0.0 if base.empty else 0.08 * hand.vary(1.2))
        up, down = (base.up, base.down) if not base.empty else (0.75, 0.0)
        up, down = max(up, 0.45), max(down, 0.0 if up < 1.2 else down)
        middle, over = (up - down) / 2, up / 2 if up < 1.2 else (up - down) / 2  # a tail lowers no superscript
        for name, box in boxes.items():
            scale, white = size * hand.vary(0.2), 0.0
            if name == "sup":
                lowest = max(over + 0.12, up - 0.38 * hand.vary(0.5) - 0.25 * max(0.0, box.up - 1.0))
                if box.down < 0:  # a prime or a star, which stands free over the line
                    lowest, white = max(lowest, 0.45), 0.1
                y = -lowest - min(box.down, 0.35) * scale
            else:
                highest = min(middle - 0.12, 0.3 * hand.vary(0.6) - down)
                y = -highest + min(box.up, 1.1) * scale
            found.put(box, x + white, y + hand.shift(0.1), scale)
        return found

    def _scripts(self, element: Element, places: dict[str, tuple[str, ...]]) -> tuple[dict[str, Box], float]:
        """The scripts by their places, and their size: scripts of scripts are hardly smaller, to stay legible."""
        self._level += 1
        boxes = {name: self.box(part) for name, part in zip(places[element.tag], element[1:], strict=True)}
        self._level -= 1
        script = self.hand.style.script
        return boxes, script if not self._level else max(script, 0.8 if self._level == 1 else 0.92)

    def limits(self, element: Element) -> Box:
        """Rows below and above a base; a mark of an accent is drawn by `grown`."""
        if element.get("accent") or element.get("accentunder"):
            return accented(self, element)
        hand, found = self.hand, Box()
        boxes, size = self._scripts(element, _ENDS)
        scale = size * hand.vary(0.15)
        base = lengthened(self, element[0], max(box.width for box in boxes.values()) * scale)
        width = max(base.width, *(box.width * scale for box in boxes.values()))
        found.put(base, (width - base.width) / 2, 0.0)
        for name, box in boxes.items():
            gap = 0.15 * hand.vary(0.8) + 0.05
            y = -base.up - gap - box.down * scale if name == "over" else base.down + gap + box.up * scale
            found.put(box, max(0.0, (width - box.width * scale) / 2 + hand.shift(0.2)), y, scale)
        found.width += _BESIDE_LIMITS
        return found

    def phantom(self, element: Element) -> Box:
        """White of the size of what it hides."""
        width = self.row(element).width
        return Box(width=0.0 if element.get("width") == "0" else width, blank=True)


_SIDES = {"msub": ("sub",), "msup": ("sup",), "msubsup": ("sub", "sup")}
_ENDS = {"munder": ("under",), "mover": ("over",), "munderover": ("under", "over")}
_RULES: dict[str, Callable[[Placer, Element], Box]] = {
    "row": Placer.row,
    "mrow": Placer.row,
    "mi": Placer.letters,
    "mn": Placer.letters,
    "mo": Placer.sign,
    "mspace": Placer.space,
    "mfrac": Placer.fraction,
    "msqrt": Placer.root,
    "mroot": Placer.root,
    **dict.fromkeys(_SIDES, Placer.scripts),
    **dict.fromkeys(_ENDS, Placer.limits),
    "mphantom": Placer.phantom,
    "mtable": table,
    "menclose": enclosed,
}
