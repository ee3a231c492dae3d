"""Pieces of ink (what hangs together) given to the symbols of a tree, where their numbers agree.

A row is cut at the gaps in its ink; not for pieces that touch, nor for strokes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mumer_data.latex.tree import Symbol

_LETTERED = {"\\sin": 3, "\\cos": 3, "\\tan": 3, "\\log": 3, "\\exp": 3, "\\ldots": 3, "\\cdots": 3}
_LARGE = frozenset(("\\sum", "\\prod", "\\bigcup", "\\bigcap"))
_FRACTIONS = frozenset(("\\frac", "\\dfrac"))
_COVERING = frozenset(("\\overline", "\\hat", "\\vec", "\\dot", "\\bar", "\\underline", "\\tilde", "\\widehat"))
_UNCOUNTABLE = frozenset(("\\lim", "\\max", "\\min", "\\arctan", "\\prime", "\\binom", "{", ""))

Row = list[tuple[str, list["Piece"]]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A connected component: its number and its box."""

    number: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Its height in the image."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class _Item:
    """A symbol with its branches; ``\\limits`` is part of the operator before it."""

    token: str
    branches: dict[str, list[Symbol]]

    def either(self, one: str, other: str) -> list[Symbol]:
        return self.branches.get(one) or self.branches.get(other) or []


def assign(symbols: Sequence[Symbol], pieces: Sequence[Piece]) -> list[Row]:
    """Rows of (token, its pieces), one for each baseline that could be cut; none where nothing could."""
    found: list[Row] = []
    _row(symbols, pieces, found)
    return found


def _items(symbols: Sequence[Symbol]) -> list[_Item]:
    found: list[_Item] = []
    for symbol in symbols:
        branches = dict(symbol.branches)
        if symbol.token == "\\limits" and found:
            found[-1] = _Item(found[-1].token, found[-1].branches | branches)
        else:
            found.append(_Item(symbol.token, branches))
    return found


def _row(symbols: Sequence[Symbol], pieces: Sequence[Piece], found: list[Row]) -> None:
    items = _items(symbols)
    counts = [_count(item) for item in items]
    columns = _columns(pieces)
    if None in counts or sum(count or 0 for count in counts) != len(columns):
        return
    row: Row = []
    begin = 0
    for item, count in zip(items, counts, strict=True):
        mine = columns[begin : begin + (count or 0)]
        begin += count or 0
        if own := _own(item, mine, found):
            row.append((item.token, own))
    found.append(row)


def _columns(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces that stand over one another, from left to right."""
    found: list[list[Piece]] = []
    end = float("-inf")
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if piece.left < end:
            found[-1].append(piece)
        else:
            found.append([piece])
        end = max(end, piece.right)
    return found


def _count(item: _Item) -> int | None:
    """How many columns of ink a symbol has with its scripts; ``None`` where it cannot be said."""
    token, branches = item.token, item.branches
    if token.startswith("\\begin") or token in _UNCOUNTABLE:
        return None
    if token in _COVERING or token in _LARGE or token in _FRACTIONS:
        return 1
    if token == "\\sqrt" and not branches.keys() & {"sub", "sup"}:
        return 1
    if token == "\\int" and branches:
        return 2 if all(_total(part) == 1 for part in branches.values()) else None
    sub, sup = _total(branches.get("sub", [])), _total(branches.get("sup", []))
    base = _LETTERED.get(token, 1)
    if sub is None or sup is None:
        return None
    if sub and sup:
        return base + 1 if sub == sup == 1 else None
    return base + sub + sup


def _total(symbols: Sequence[Symbol]) -> int | None:
    counts = [_count(item) for item in _items(symbols)]
    return None if None in counts else sum(count or 0 for count in counts)


def _own(item: _Item, columns: list[list[Piece]], found: list[Row]) -> list[Piece]:
    """The symbol's own pieces; what it carries is cut on its way."""
    token, base = item.token, _LETTERED.get(item.token, 1)
    own = [piece for column in columns[:base] for piece in column]
    rest = [piece for column in columns[base:] for piece in column]
    if token in _COVERING:
        return []
    if token in _FRACTIONS:
        _fraction(item, own, found)
        return []
    if token == "\\sqrt":
        _root(item, own, found)
        return []
    if token in _LARGE and item.branches:
        return _limits(item, own, found)
    if rest:
        _scripts(item, rest, found)
    return own


def _scripts(item: _Item, pieces: list[Piece], found: list[Row]) -> None:
    sub, sup = item.either("sub", "below"), item.either("sup", "above")
    if not (sub and sup):
        _row(sub or sup, pieces, found)
        return
    middle = sum(piece.middle for piece in pieces) / len(pieces)
    upper = [piece for piece in pieces if piece.middle < middle]
    lower = [piece for piece in pieces if piece.middle >= middle]
    if upper and lower:
        _row(sup, upper, found)
        _row(sub, lower, found)


def _fraction(item: _Item, pieces: list[Piece], found: list[Row]) -> None:
    wide = max(piece.right for piece in pieces) - min(piece.left for piece in pieces)
    bars = [p for p in pieces if p.right - p.left >= 0.6 * wide and p.bottom - p.top < 0.4 * (p.right - p.left)]
    if len(bars) != 1 or not {"above", "below"} <= item.branches.keys():
        return
    bar = bars[0]
    upper = [piece for piece in pieces if piece is not bar and piece.middle < bar.middle]
    lower = [piece for piece in pieces if piece is not bar and piece.middle >= bar.middle]
    if upper and lower:
        _row(item.branches["above"], upper, found)
        _row(item.branches["below"], lower, found)


def _root(item: _Item, pieces: list[Piece], found: list[Row]) -> None:
    widest = max(pieces, key=lambda piece: piece.right - piece.left)
    if item.branches.keys() != {"above"} or widest.left != min(piece.left for piece in pieces):
        return
    _row(item.branches["above"], [piece for piece in pieces if piece is not widest], found)


def _limits(item: _Item, pieces: list[Piece], found: list[Row]) -> list[Piece]:
    sign = max(pieces, key=lambda piece: piece.bottom - piece.top)
    high = sign.bottom - sign.top
    upper = [piece for piece in pieces if piece is not sign and piece.bottom <= sign.top + 0.2 * high]
    lower = [piece for piece in pieces if piece is not sign and piece.top >= sign.bottom - 0.2 * high]
    above, below = item.either("sup", "above"), item.either("sub", "below")
    if len(upper) + len(lower) + 1 != len(pieces) or bool(above) != bool(upper) or bool(below) != bool(lower):
        return []
    for part, its in ((above, upper), (below, lower)):
        if part:
            _row(part, its, found)
    return [sign]
