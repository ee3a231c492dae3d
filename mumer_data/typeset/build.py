"""Symbol layout tree -> MathML, with TeX's spaces, in which every mark is known to come from a token.

Not for placing glyphs: ziamath does that, see `setting`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from mumer_data.latex.to_latex import class_of
from mumer_data.latex.tree import Symbol, SymbolTree
from mumer_data.typeset.atoms import INNER, OP, ORD, Atom, atom_of, tables
from mumer_data.typeset.delimiters import delimited
from mumer_data.typeset.elements import Style, attach, blank, letter, row_of, sign, wrap
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.spaces import Piece, em, spaced
from mumer_data.typeset.structures import STRUCTURES, buildrel, infix_fraction


@dataclass(frozen=True, slots=True)
class Mathml:
    """A formula as MathML.

    Attributes:
        element: the outermost row.
        marks: name of each mark, in the order of the label; a mark is a glyph or a line that one token makes. Names
            of functions and texts are marks letter by letter, three dots are three marks named ``.``.
    """

    element: Element
    marks: list[str]


def to_mathml(tree: SymbolTree) -> Mathml:
    """Set a tree; raises `TypesetError` for what has no known look."""
    builder = Builder()
    element = builder.row(tree.symbols, Style())
    return Mathml(element, builder.marks)


class Builder:
    """Walks one tree and numbers the marks on the way; ``tags``: whether numbers of equations are shown."""

    tags = False

    def __init__(self) -> None:
        self.marks: list[str] = []

    def mark(self, name: str) -> str:
        """Number of a new mark."""
        self.marks.append(name)
        return str(len(self.marks) - 1)

    def row(self, symbols: Sequence[Symbol], style: Style) -> Element:
        """One baseline, or several parted by line breaks."""
        lines: list[list[Symbol]] = [[]]
        for symbol in symbols:
            if symbol.relation == "nextline":
                lines.append([])
            lines[-1].append(symbol)
        if len(lines) == 1:
            return self._line(lines[0], style)
        rows = [wrap("mtr", [wrap("row", [self._line(line, style)])]) for line in lines]
        return wrap("mtable", rows, columnalign="left", rowspacing=em(0.5))

    def _line(self, symbols: list[Symbol], style: Style) -> Element:
        infix = next((n for n, symbol in enumerate(symbols) if _parts_the_row(symbols, n)), None)
        if infix is not None:
            return infix_fraction(self, symbols, infix, style)
        return row_of(spaced(self.pieces(symbols, style), script=style.script))

    def pieces(self, symbols: Sequence[Symbol], style: Style) -> list[Piece]:
        """What stands on a baseline, with its kinds."""
        found: list[Piece] = []
        place = 0
        while place < len(symbols):
            font = tables()["declarations"].get(symbols[place].token)
            if font is not None:  # holds from here to the end of the row
                style = replace(style, font=font)
            place = self._next(symbols, place, style, found)
        return found

    def _next(self, symbols: Sequence[Symbol], place: int, style: Style, found: list[Piece]) -> int:
        """Set what begins at ``place``; gives the place after it."""
        fenced = delimited(self, symbols, place, style)
        base, place, carriers = fenced or self._nucleus(symbols, place, style)
        while place < len(symbols) and _is_prime(symbols[place]):
            carriers.append(symbols[place])
            place += 1
        if piece := self._scripted(base, carriers, style):
            found.append(piece)
        return place

    def _nucleus(self, symbols: Sequence[Symbol], place: int, style: Style) -> tuple[Piece | None, int, list[Symbol]]:
        symbol = symbols[place]
        if symbol.token == "\\buildrel":
            return buildrel(self, symbols, place, style)
        following = symbols[place + 1] if place + 1 < len(symbols) else None
        if symbol.token == "\\not" and not symbol.children and following and following.relation == "right":
            return self._negated(following, style), place + 2, [following]
        kind = "environment" if symbol.token.startswith("\\begin") else class_of(symbol.token)
        if symbol.token == "{":
            kind = "group"
        if following and not symbol.children and _takes_next(symbol, following):
            return STRUCTURES[kind](self, _with_argument(symbol, following), style), place + 2, [following]
        if style.script and place == 0 and symbol.token and not symbol.token.strip("'"):
            return self._primes(symbol, style), 1, [Symbol("", symbol.relation, symbol.position, symbol.children)]
        if structure := STRUCTURES.get(kind):
            base: Piece | None = structure(self, symbol, style)
        else:
            base = self.symbol(symbol.token, style)
        if following and following.token in ("\\limits", "\\nolimits") and base and base.kind == OP:
            return replace(base, limits=following.token == "\\limits"), place + 2, [symbol, following]
        return base, place + 1, [symbol]

    def _primes(self, symbol: Symbol, style: Style) -> Piece:
        """Primes that stand alone in a script, where ``\\prime`` may stand too."""
        return Piece(row_of([sign("′", self.mark("\\prime"), style) for _ in symbol.token]), ORD)

    def _negated(self, symbol: Symbol, style: Style) -> Piece:
        atom = atom_of(symbol.token)
        text = unicodedata.normalize("NFC", f"{atom.text}\u0338") if atom else ""
        if atom is None or len(text) != 1:
            raise TypesetError(f"\\not before {symbol.token} has no sign of its own")
        return Piece(sign(text, self.mark(f"\\not{symbol.token}"), style), atom.kind)

    def symbol(self, token: str, style: Style) -> Piece | None:
        """One ordinary token; ``None`` where it sets nothing."""
        known = tables()
        if not token.strip("'") or token in known["silent"]:
            return None
        if token in known["spaces"]:
            return Piece(blank(known["spaces"][token]), "")
        if token in known["low_dots"] or token in known["high_dots"]:
            return self._dots(token in known["high_dots"], style)
        if token == "\\idotsint":
            return self._many_integrals(style)
        atom = atom_of(token)
        if atom is None:
            raise TypesetError(f"nothing is known of how {token} looks")
        if len(atom.text) > 1:
            return Piece(self.letters(atom.text, style), atom.kind, limits=atom.limits)
        return Piece(self._atom(token, atom, style), atom.kind, limits=atom.limits)

    def _atom(self, token: str, atom: Atom, style: Style) -> Element:
        mark = self.mark(token)
        if atom.letter or atom.text.isdecimal():
            return letter(atom.text, mark, style)
        return sign(atom.text, mark, style, large=atom.kind == OP and style.display)

    def letters(self, text: str, style: Style) -> Element:
        """Upright letters, each a mark."""
        upright = replace(style, font=style.font or "normal")
        return row_of([letter(character, self.mark(character), upright) for character in text])

    def _dots(self, high: bool, style: Style) -> Piece:
        dots = [sign("⋅" if high else ".", self.mark("."), style) for _ in range(3)]
        parts = [part for dot in dots for part in (dot, blank(1 / 6))][:-1]
        return Piece(row_of(parts), INNER)

    def _many_integrals(self, style: Style) -> Piece:
        """An integral sign, dots, another one: one mark."""
        mark = self.mark("\\idotsint")
        signs = [sign(text, mark, style, large=text == "∫" and style.display) for text in "∫⋯∫"]
        return Piece(row_of(signs), OP)

    def _scripted(self, base: Piece | None, carriers: list[Symbol], style: Style) -> Piece | None:
        """A nucleus with the scripts of its carriers: itself, ``\\limits``, primes."""
        below: list[Element] = []
        above: list[Element] = []
        for carrier in carriers:
            if not carrier.token.strip("'"):
                above += [sign("′", self.mark("\\prime"), style.small) for _ in carrier.token]
            for relation, symbols in carrier.branches:
                if relation in ("sub", "below") and _is_script(carrier, relation):
                    below.append(self.row(symbols, style.small))
                elif relation in ("sup", "above") and _is_script(carrier, relation):
                    above.append(self.row(symbols, style.small))
        if not below and not above:
            return base
        limits = base is not None and base.limits and (style.display or carriers[-1].token == "\\limits")
        nucleus = base.element if base is not None else blank(0)
        kind = base.kind if base is not None else ORD
        return Piece(attach(nucleus, below, above, limits=limits), kind)


_INFIX = {"\\choose", "\\over", "\\atop", "\\brace", "\\brack"}


def _parts_the_row(symbols: Sequence[Symbol], place: int) -> bool:
    """Whether a symbol sets what is before it over what is after; not the ``\\over`` of a ``\\buildrel``."""
    if symbols[place].token not in _INFIX:
        return False
    before = [symbol.token for symbol in symbols[:place]]
    return symbols[place].token != "\\over" or before.count("\\buildrel") <= before.count("\\over")


def _takes_next(symbol: Symbol, following: Symbol) -> bool:
    """Whether a command without braces has the next symbol as its argument: ``\\cancel x``."""
    known = tables()
    takes = symbol.token in known["enclosures"] or symbol.token in known["fonts"] or symbol.token in known["over"]
    return takes and following.relation == "right" and following.token not in ("", "{", "&")


def _with_argument(symbol: Symbol, following: Symbol) -> Symbol:
    """The command around the next symbol, whose scripts stay outside."""
    arguments = [child for child in following.children if child.relation not in ("sub", "sup")]
    relation = "inside" if class_of(symbol.token) == "wrapper" else "above"
    inner = Symbol(following.token, relation, following.position, arguments)
    return Symbol(symbol.token, symbol.relation, symbol.position, [inner])


def _is_prime(symbol: Symbol) -> bool:
    return symbol.relation == "right" and symbol.token != "" and not symbol.token.strip("'")


def _is_script(carrier: Symbol, relation: str) -> bool:
    """Whether a branch is a script, not an argument."""
    return relation in ("sub", "sup") or class_of(carrier.token) == "operator"
