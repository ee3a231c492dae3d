"""Layout of fractions, roots, accents, groups and environments.

Not for scripts, which every symbol can carry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from mumer_data.latex.tree import Symbol
from mumer_data.typeset.atoms import INNER, OP, ORD, REL, tables
from mumer_data.typeset.context import BuildContext
from mumer_data.typeset.delimiters import fence
from mumer_data.typeset.elements import Style, blank, marked, row_of, sign, wrap
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.spaces import Piece, em

_KINDS = {"\\mathop": OP, "\\operatorname": OP, "\\mathrel": REL, "\\mathbin": "bin"}
_NOTHING = {"\\label", "\\tag", "\\hspace", "\\vspace"}


def fraction(builder: BuildContext, symbol: Symbol, style: Style) -> Piece:
    """A bar between two rows, or brackets around them."""
    name = symbol.token[1:]
    inner = {"d": replace(style, display=True), "c": replace(style, display=True), "t": style.text}.get(name[0], style)
    binomial = name.endswith("binom")
    opener = _binomial_bracket(builder, "(", style) if binomial else None
    mark = "" if binomial else builder.mark("\\frac")
    parts = [builder.row(symbol.branch(relation), _part(inner)) for relation in ("above", "below")]
    element = _stacked(parts, mark)
    if name[0] in "dtc" and name != "tbinom":
        element.set("displaystyle", "false" if name[0] == "t" else "true")
    if opener is None:
        return Piece(element, INNER)
    return Piece(_bracketed(opener, element), INNER)


def _part(style: Style) -> Style:
    """The style of numerator and denominator."""
    return style.text if style.display else style.small


def _stacked(parts: list[Element], mark: str) -> Element:
    for part in parts:
        part.set("displaystyle", "false")
    element = wrap("mfrac", parts)
    if mark:
        return marked(element, mark)
    element.set("linethickness", "0")
    return element


def _binomial_bracket(builder: BuildContext, text: str, style: Style) -> Element:
    return sign(text, builder.mark("\\binom"), style, stretchy="true")


def _bracketed(opener: Element, element: Element) -> Element:
    """Brackets of a binomial: one mark for both."""
    closer = Element("mo", opener.attrib)
    closer.text = ")"
    return wrap("row", [opener, element, closer])


def infix_fraction(builder: BuildContext, symbols: list[Symbol], i: int, style: Style) -> Element:
    """``n \\choose k`` and ``a \\over b``: the symbols before the command over those after it."""
    symbol = symbols[i]
    after = [*symbol.children, *symbols[i + 1 :]]
    if symbol.token == "\\choose":
        opener = _binomial_bracket(builder, "(", style)
        rows = [builder.row(_from_start(part), _part(style)) for part in (symbols[:i], after)]
        return _bracketed(opener, _stacked(rows, ""))
    mark = builder.mark("\\frac") if symbol.token == "\\over" else ""
    rows = [builder.row(_from_start(part), _part(style)) for part in (symbols[:i], after)]
    return _stacked(rows, mark)


def _from_start(symbols: Sequence[Symbol]) -> list[Symbol]:
    return [Symbol(symbol.token, "right", symbol.position, symbol.children) for symbol in symbols]


def radical(builder: BuildContext, symbol: Symbol, style: Style) -> Piece:
    """A root with its degree, or an arrow with the rows above and below it."""
    mark = builder.mark(symbol.token)
    below = symbol.branch("below")
    if symbol.token != "\\sqrt":
        return _arrow(builder, symbol, mark, style)
    degree = builder.row(below, style.small) if below else None
    base = builder.row(symbol.branch("above"), style)
    if degree is None:
        return Piece(marked(wrap("msqrt", [base]), mark), ORD)
    return Piece(marked(wrap("mroot", [base, degree]), mark), ORD)


def _arrow(builder: BuildContext, symbol: Symbol, mark: str, style: Style) -> Piece:
    text = tables()["long"][symbol.token]
    rows = {name: symbol.branch(name) for name in ("below", "above", "inside")}
    below = builder.row(rows["below"], style.small) if rows["below"] else None
    over = rows["above"] or rows["inside"]
    above = builder.row(over, style.small) if over else blank(0)
    arrow = sign({"→": "⟶", "←": "⟵"}.get(text, text), mark, style)
    parts = [wrap("row", [part]) for part in (below, above) if part is not None]
    return Piece(wrap("munderover" if below is not None else "mover", [arrow, *parts]), REL)


def accent(builder: BuildContext, symbol: Symbol, style: Style) -> Piece:
    """A mark over or under its argument."""
    known, token = tables(), symbol.token
    mark = builder.mark(token)
    base = builder.row(symbol.branch("above") or symbol.branch("inside"), style)
    if token in known["under_wide"]:
        line = sign(known["under_wide"][token], mark, style)
        element = marked(wrap("munder", [base, line], accentunder="true"), mark)
    else:
        wide = token in known["over_wide"]
        line = sign(known["over_wide"][token] if wide else known["over"][token], mark, style)
        element = marked(wrap("mover", [base, line if wide else wrap("row", [line])], accent="true"), mark)
    brace = token in ("\\overbrace", "\\underbrace", "\\overbracket", "\\underbracket")
    return Piece(element, OP if brace else ORD, limits=brace)


def group(builder: BuildContext, symbol: Symbol, style: Style) -> Piece:
    """The content of braces, as one atom."""
    return Piece(builder.row(symbol.branch("inside"), style), ORD)


def wrapper(builder: BuildContext, symbol: Symbol, style: Style) -> Piece | None:
    """Fonts, boxes, strikeouts, and invisible commands."""
    known, token, inside = tables(), symbol.token, symbol.branch("inside")
    if token == "\\tag" and builder.tags:
        opener, row = sign("(", builder.mark("("), style), builder.row(inside, style)
        return Piece(row_of([blank(2.0), opener, row, sign(")", builder.mark(")"), style)]), ORD)
    if token in _NOTHING:
        return None
    if token in known["fonts"]:
        inner = replace(style, font=known["fonts"][token] or style.font)
        return Piece(builder.row(inside, inner), _KINDS.get(token, ORD), limits=token in ("\\mathop", "\\operatorname"))
    if token in known["enclosures"]:
        mark = builder.mark(token)
        return Piece(
            marked(wrap("menclose", [builder.row(inside, style)], notation=known["enclosures"][token]), mark), ORD
        )
    if token in known["over"] or token in known["over_wide"] or token in known["under_wide"]:
        return accent(builder, symbol, style)
    if token in known["long"]:
        if not symbol.children and not symbol.branches:
            raise TypesetError(f"{token} without an argument in braces")
        return _arrow(builder, symbol, builder.mark(token), style)
    if token in ("\\phantom", "\\hphantom", "\\vphantom"):
        width = {"width": "0"} if token == "\\vphantom" else {}
        return Piece(wrap("mphantom", [builder.row(inside, style)], **width), ORD)  # its marks leave no ink
    if token in ("\\textsuperscript", "\\textsubscript"):
        tag = "msup" if token.endswith("superscript") else "msub"
        return Piece(wrap(tag, [blank(0), builder.row(inside, style.small)]), ORD)
    if token == "\\substack":
        return Piece(builder.row(inside, style), ORD)
    if token == "\\pmod":
        opener = sign("(", builder.mark("("), style)
        parts = [opener, builder.letters("mod", style), blank(0.3), builder.row(inside, style)]
        return Piece(row_of([blank(0.4), *parts, sign(")", builder.mark(")"), style)]), ORD)
    raise TypesetError(f"unknown command {token}")


def overset(builder: BuildContext, symbol: Symbol, style: Style) -> Piece | None:
    """A small row over or under a base."""
    if not symbol.children:
        raise TypesetError(f"{symbol.token} without arguments")
    name = "below" if symbol.token == "\\underset" else "above"
    small = wrap("row", [builder.row(symbol.branch(name), style.small)])
    base = builder.row(symbol.branch("inside"), style)
    return Piece(wrap("munder" if name == "below" else "mover", [base, small]), REL)


def buildrel(builder: BuildContext, symbols: Sequence[Symbol], i: int, style: Style) -> tuple[Piece, int, list[Symbol]]:
    """``\\buildrel above \\over base``, plain TeX's `overset`; also returns the index after it."""
    over = next((n for n in range(i + 1, len(symbols)) if symbols[n].token == "\\over"), len(symbols))
    if over + 1 >= len(symbols) or over == i + 1:
        raise TypesetError("\\buildrel needs symbols, \\over, and a base")
    above = wrap("row", [builder.row(_from_start(symbols[i + 1 : over]), style.small)])
    base = builder.row(_from_start([symbols[over + 1]]), style)
    return Piece(wrap("mover", [base, above]), REL), over + 2, []


def environment(builder: BuildContext, symbol: Symbol, style: Style) -> Piece:
    """A table, in its fences."""
    name = symbol.token.removeprefix("\\begin").strip(" {}").rstrip("*")
    known = tables()
    aligned = name in ("align", "aligned", "alignat", "alignedat", "split", "gather", "gathered", "eqnarray")
    opener, closer = known["fences"].get(name, (".", "."))
    left = fence(builder, "\\left", opener, style)
    rules = _rules(builder, symbol)
    table = _table(builder, symbol, replace(style, display=aligned and style.display))
    table.set("columnalign", _columns(symbol, known["columns"].get(name, "center")))
    if rules:
        table.set("rules", rules)
    parts = [part for part in (left, table, fence(builder, "\\right", closer, style)) if part is not None]
    return Piece(row_of(parts), INNER if len(parts) > 1 else ORD)


def _columns(symbol: Symbol, default: str) -> str:
    names = {"l": "left", "c": "center", "r": "right"}
    return " ".join(names[s.token] for s in symbol.branch("columns") if s.token in names) or default


def _rules(builder: BuildContext, symbol: Symbol) -> str:
    """Vertical lines of a table, each as the number of columns before it and its mark."""
    rules, columns = [], 0
    for column in symbol.branch("columns"):
        columns += column.token in ("l", "c", "r")
        if column.token == "|":
            rules.append(f"{columns}:{builder.mark('|')}")
    return " ".join(rules)


def _table(builder: BuildContext, symbol: Symbol, style: Style) -> Element:
    rows: list[list[Element]] = []
    lines: list[list[str]] = []  # marks of the lines over each row, and under the last
    for relation, symbols in symbol.branches:
        if relation not in ("row", "cell"):
            continue
        if relation == "row":
            ruled = next((n for n, one in enumerate(symbols) if one.token != "\\hline"), len(symbols))
            lines.append([builder.mark("\\hline") for _ in symbols[:ruled]])
            if ruled and ruled == len(symbols):
                continue  # only lines: not a row, unless cells follow
            symbols = symbols[ruled:]
        if len(lines) > len(rows):
            rows.append([])
        cell = builder.row(_from_start(symbols), style)
        cell.set("displaystyle", str(style.display).lower())
        rows[-1].append(wrap("row", [cell]))
    if not rows:
        raise TypesetError(f"{symbol.token} is empty")
    elements = [wrap("mtr", row) for row in rows]
    for element, marks in zip(elements, lines, strict=False):
        if marks:
            element.set("over", " ".join(marks))
    if len(lines) > len(rows):
        elements[-1].set("under", " ".join(lines[-1]))
    return wrap("mtable", elements, rowspacing=em(0.5), columnspacing=em(1.0))


STRUCTURES: dict[str, Callable[[BuildContext, Symbol, Style], Piece | None]] = {
    "fraction": fraction,
    "radical": radical,
    "accent": accent,
    "group": group,
    "wrapper": wrapper,
    "overset": overset,
    "underset": overset,
    "environment": environment,
}
