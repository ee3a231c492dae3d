"""Assignment of connected components of ink to the symbols of a tree, where their numbers agree.

A row is split at the gaps in its ink. Not for components that touch, nor for strokes.
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

Row = list[tuple[str, list["Component"]]]


@dataclass(frozen=True, slots=True)
class Component:
    """A connected component: its number and its bounding box, in pixels."""

    number: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Vertical centre, in pixels from the top."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class _Item:
    """A symbol with its branches; ``\\limits`` belongs to the operator before it."""

    token: str
    branches: dict[str, list[Symbol]]

    def either(self, one: str, other: str) -> list[Symbol]:
        return self.branches.get(one) or self.branches.get(other) or []


def assign(symbols: Sequence[Symbol], components: Sequence[Component]) -> list[Row]:
    """Rows of (token, its components), one per baseline that could be segmented; empty where none could."""
    rows: list[Row] = []
    _row(symbols, components, rows)
    return rows


def _items(symbols: Sequence[Symbol]) -> list[_Item]:
    items: list[_Item] = []
    for symbol in symbols:
        branches = dict(symbol.branches)
        if symbol.token == "\\limits" and items:
            items[-1] = _Item(items[-1].token, items[-1].branches | branches)
        else:
            items.append(_Item(symbol.token, branches))
    return items


def _row(symbols: Sequence[Symbol], components: Sequence[Component], rows: list[Row]) -> None:
    items = _items(symbols)
    counts = [_count(item) for item in items]
    columns = _columns(components)
    if None in counts or sum(count or 0 for count in counts) != len(columns):
        return
    row: Row = []
    begin = 0
    for item, count in zip(items, counts, strict=True):
        item_columns = columns[begin : begin + (count or 0)]
        begin += count or 0
        if own := _own_components(item, item_columns, rows):
            row.append((item.token, own))
    rows.append(row)


def _columns(components: Sequence[Component]) -> list[list[Component]]:
    """Components grouped by overlapping x ranges, from left to right."""
    columns: list[list[Component]] = []
    end = float("-inf")
    for component in sorted(components, key=lambda component: component.left):
        if component.left < end:
            columns[-1].append(component)
        else:
            columns.append([component])
        end = max(end, component.right)
    return columns


def _count(item: _Item) -> int | None:
    """The number of ink columns of a symbol and its scripts; ``None`` where it is unknown."""
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


def _own_components(item: _Item, columns: list[list[Component]], rows: list[Row]) -> list[Component]:
    """The symbol's own components; appends the rows of its branches to ``rows``."""
    token, base = item.token, _LETTERED.get(item.token, 1)
    own = [component for column in columns[:base] for component in column]
    script_components = [component for column in columns[base:] for component in column]
    if token in _COVERING:
        return []
    if token in _FRACTIONS:
        _fraction(item, own, rows)
        return []
    if token == "\\sqrt":
        _root(item, own, rows)
        return []
    if token in _LARGE and item.branches:
        return _limits(item, own, rows)
    if script_components:
        _scripts(item, script_components, rows)
    return own


def _scripts(item: _Item, components: list[Component], rows: list[Row]) -> None:
    sub, sup = item.either("sub", "below"), item.either("sup", "above")
    if not (sub and sup):
        _row(sub or sup, components, rows)
        return
    middle = sum(component.middle for component in components) / len(components)
    upper = [component for component in components if component.middle < middle]
    lower = [component for component in components if component.middle >= middle]
    if upper and lower:
        _row(sup, upper, rows)
        _row(sub, lower, rows)


def _fraction(item: _Item, components: list[Component], rows: list[Row]) -> None:
    wide = max(component.right for component in components) - min(component.left for component in components)
    bars = [p for p in components if p.right - p.left >= 0.6 * wide and p.bottom - p.top < 0.4 * (p.right - p.left)]
    if len(bars) != 1 or not {"above", "below"} <= item.branches.keys():
        return
    bar = bars[0]
    upper = [component for component in components if component is not bar and component.middle < bar.middle]
    lower = [component for component in components if component is not bar and component.middle >= bar.middle]
    if upper and lower:
        _row(item.branches["above"], upper, rows)
        _row(item.branches["below"], lower, rows)


def _root(item: _Item, components: list[Component], rows: list[Row]) -> None:
    widest = max(components, key=lambda component: component.right - component.left)
    if item.branches.keys() != {"above"} or widest.left != min(component.left for component in components):
        return
    _row(item.branches["above"], [component for component in components if component is not widest], rows)


def _limits(item: _Item, components: list[Component], rows: list[Row]) -> list[Component]:
    sign = max(components, key=lambda component: component.bottom - component.top)
    high = sign.bottom - sign.top
    upper = [
        component for component in components if component is not sign and component.bottom <= sign.top + 0.2 * high
    ]
    lower = [
        component for component in components if component is not sign and component.top >= sign.bottom - 0.2 * high
    ]
    above, below = item.either("sup", "above"), item.either("sub", "below")
    if len(upper) + len(lower) + 1 != len(components) or bool(above) != bool(upper) or bool(below) != bool(lower):
        return []
    for part, its in ((above, upper), (below, lower)):
        if part:
            _row(part, its, rows)
    return [sign]
