"""Symbol layout tree -> MathML, with TeX's spacing, in which every mark is linked to a token.

Not for positioning glyphs: ziamath does that, see `formula`.
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
        marks: name of each mark, in the order of the label; a mark is a glyph or a line of one token. Each letter of a
            function name or a text is a mark; three dots are three marks named ``.``.
    """

    element: Element
    marks: list[str]


def to_mathml(tree: SymbolTree) -> Mathml:
    """Typeset a tree; raises `TypesetError` for an unsupported construct."""
    builder = Builder()
    element = builder.row(tree.symbols, Style())
    return Mathml(element, builder.marks)


class Builder:
    """Traverses one tree and numbers the marks; ``tags``: whether equation numbers are shown."""

    tags = False

    def __init__(self) -> None:
        self.marks: list[str] = []

    def mark(self, name: str) -> str:
        """Number of a new mark."""
        self.marks.append(name)
        return str(len(self.marks) - 1)

    def row(self, symbols: Sequence[Symbol], style: Style) -> Element:
        """One baseline, or several separated by line breaks."""
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
        infix = next((n for n, symbol in enumerate(symbols) if _is_infix(symbols, n)), None)
        if infix is not None:
            return infix_fraction(self, symbols, infix, style)
        return row_of(spaced(self.pieces(symbols, style), script=style.script))

    def pieces(self, symbols: Sequence[Symbol], style: Style) -> list[Piece]:
        """The elements of a baseline, with their kinds of atom."""
        pieces: list[Piece] = []
        i = 0
        while i < len(symbols):
            font = tables()["declarations"].get(symbols[i].token)
            if font is not None:  # applies from here to the end of the row
                style = replace(style, font=font)
            i = self._next(symbols, i, style, pieces)
        return pieces

    def _next(self, symbols: Sequence[Symbol], i: int, style: Style, pieces: list[Piece]) -> int:
        """Append the piece at index ``i``; returns the index after it."""
        fenced = delimited(self, symbols, i, style)
        base, i, carriers = fenced or self._nucleus(symbols, i, style)
        while i < len(symbols) and _is_prime(symbols[i]):
            carriers.append(symbols[i])
            i += 1
        if piece := self._scripted(base, carriers, style):
            pieces.append(piece)
        return i

    def _nucleus(self, symbols: Sequence[Symbol], i: int, style: Style) -> tuple[Piece | None, int, list[Symbol]]:
        symbol = symbols[i]
        if symbol.token == "\\buildrel":
            return buildrel(self, symbols, i, style)
        following = symbols[i + 1] if i + 1 < len(symbols) else None
        if symbol.token == "\\not" and not symbol.children and following and following.relation == "right":
            return self._negated(following, style), i + 2, [following]
        kind = "environment" if symbol.token.startswith("\\begin") else class_of(symbol.token)
        if symbol.token == "{":
            kind = "group"
        if following and not symbol.children and _takes_next(symbol, following):
            return STRUCTURES[kind](self, _with_argument(symbol, following), style), i + 2, [following]
        if style.script and i == 0 and symbol.token and not symbol.token.strip("'"):
            return self._primes(symbol, style), 1, [Symbol("", symbol.relation, symbol.position, symbol.children)]
        if structure := STRUCTURES.get(kind):
            base: Piece | None = structure(self, symbol, style)
        else:
            base = self.symbol(symbol.token, style)
        if following and following.token in ("\\limits", "\\nolimits") and base and base.kind == OP:
            return replace(base, limits=following.token == "\\limits"), i + 2, [symbol, following]
        return base, i + 1, [symbol]

    def _primes(self, symbol: Symbol, style: Style) -> Piece:
        """Primes that are alone in a script, as ``\\prime`` may be."""
        return Piece(row_of([sign("′", self.mark("\\prime"), style) for _ in symbol.token]), ORD)

    def _negated(self, symbol: Symbol, style: Style) -> Piece:
        atom = atom_of(symbol.token)
        text = unicodedata.normalize("NFC", f"{atom.text}\u0338") if atom else ""
        if atom is None or len(text) != 1:
            raise TypesetError(f"\\not before {symbol.token} has no Unicode character")
        return Piece(sign(text, self.mark(f"\\not{symbol.token}"), style), atom.kind)

    def symbol(self, token: str, style: Style) -> Piece | None:
        """One ordinary token; ``None`` if it is invisible."""
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
            raise TypesetError(f"unknown command {token}")
        if len(atom.text) > 1:
            return Piece(self.letters(atom.text, style), atom.kind, limits=atom.limits)
        return Piece(self._atom(token, atom, style), atom.kind, limits=atom.limits)

    def _atom(self, token: str, atom: Atom, style: Style) -> Element:
        mark = self.mark(token)
        if atom.letter or atom.text.isdecimal():
            return letter(atom.text, mark, style)
        return sign(atom.text, mark, style, large=atom.kind == OP and style.display)

    def letters(self, text: str, style: Style) -> Element:
        """Upright letters; each is a mark."""
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


def _is_infix(symbols: Sequence[Symbol], i: int) -> bool:
    """Whether a symbol is an infix fraction such as ``\\over``; false for the ``\\over`` of a ``\\buildrel``."""
    if symbols[i].token not in _INFIX:
        return False
    before = [symbol.token for symbol in symbols[:i]]
    return symbols[i].token != "\\over" or before.count("\\buildrel") <= before.count("\\over")


def _takes_next(symbol: Symbol, following: Symbol) -> bool:
    """Whether a command without braces takes the next symbol as its argument: ``\\cancel x``."""
    known = tables()
    takes = symbol.token in known["enclosures"] or symbol.token in known["fonts"] or symbol.token in known["over"]
    return takes and following.relation == "right" and following.token not in ("", "{", "&")


def _with_argument(symbol: Symbol, following: Symbol) -> Symbol:
    """The command applied to the next symbol without its scripts."""
    arguments = [child for child in following.children if child.relation not in ("sub", "sup")]
    relation = "inside" if class_of(symbol.token) == "wrapper" else "above"
    inner = Symbol(following.token, relation, following.position, arguments)
    return Symbol(symbol.token, symbol.relation, symbol.position, [inner])


def _is_prime(symbol: Symbol) -> bool:
    return symbol.relation == "right" and symbol.token != "" and not symbol.token.strip("'")


def _is_script(carrier: Symbol, relation: str) -> bool:
    """Whether a branch is a script, not an argument."""
    return relation in ("sub", "sup") or class_of(carrier.token) == "operator"
