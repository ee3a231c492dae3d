"""The visible differences between two formulas: which symbols differ, and the kind of each difference.

A minimum-cost alignment of the symbols of both; not an edit script of tokens: see `mumer_data.alignment`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mumer_data.metrics.rating.symbols import Node, names

KINDS = (
    "style", "font", "alike", "punctuation", "delimiter", "accent_changed", "accent", "letter", "digit", "operator",
    "missing", "extra", "structure", "relation",
)  # fmt: skip
"""Kinds of differences, in the order of the columns of features."""

MAX_CELLS = 250_000
"""With more pairs of differing symbols, only counts of symbols are compared."""

# Costs used by the alignment only; the fitted weights are in ``weights.toml``.
_COSTS = {"style": 0.02, "font": 0.2, "alike": 0.5, "punctuation": 0.6, "delimiter": 0.8, "accent_changed": 0.6}
_RELATION, _DEPTH, _REPEATED = 0.5, 0.1, 0.3
_STYLE_REPEATED = 0.1
_ALPHABETS = ("double", "script", "fraktur")  # a letter in these is another letter; bold or upright it is the same


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: ``kind`` in `KINDS`, the symbols (``""`` for none), and its amount (1; less where repeated)."""

    kind: str
    reference: str
    prediction: str
    amount: float = 1.0


def differences(reference: Sequence[Node], prediction: Sequence[Node]) -> list[Difference]:
    """All visible differences of two lists of symbols."""
    begin, end = _common(reference, prediction)
    reference_rest, prediction_rest = reference[begin : len(reference) - end], prediction[begin : len(prediction) - end]
    if len(reference_rest) * len(prediction_rest) > MAX_CELLS:
        raw = _by_counts(reference_rest, prediction_rest)
    else:
        raw = _aligned(reference_rest, prediction_rest)
    counts: dict[tuple[str, str, str], int] = {}
    result = []
    for kind, one, two in raw:
        key = (kind, "", "") if kind == "style" else (kind, one, two)
        repeated = _STYLE_REPEATED if kind == "style" else _REPEATED
        counts[key] = counts.get(key, 0) + 1
        result.append(Difference(kind, one, two, 1.0 if counts[key] == 1 else repeated))
    return result


def _common(one: Sequence[Node], two: Sequence[Node]) -> tuple[int, int]:
    limit = min(len(one), len(two))
    begin = next((n for n in range(limit) if one[n] != two[n]), limit)
    limit -= begin
    end = next((n for n in range(limit) if one[-1 - n] != two[-1 - n]), limit)
    return begin, end


def _by_counts(one: Sequence[Node], two: Sequence[Node]) -> list[tuple[str, str, str]]:
    counts_one, counts_two = (Counter(node.name for node in side) for side in (one, two))
    missing, extra = (counts_one - counts_two).elements(), (counts_two - counts_one).elements()
    return [*((_lone(n, "missing"), n, "") for n in missing), *((_lone(n, "extra"), "", n) for n in extra)]


def _aligned(one: Sequence[Node], two: Sequence[Node]) -> list[tuple[str, str, str]]:
    rows, columns = len(one), len(two)
    drop = [_cost(_lone(node.name, "missing")) for node in one]
    add = [_cost(_lone(node.name, "extra")) for node in two]
    table = np.zeros((rows + 1, columns + 1)).tolist()
    for i in range(rows):
        table[i + 1][0] = table[i][0] + drop[i]
    for j in range(columns):
        table[0][j + 1] = table[0][j] + add[j]
    swap = [[_pair_cost(a, b) for b in two] for a in one]
    for i in range(rows):
        above, line, costs, lost = table[i], table[i + 1], swap[i], drop[i]
        for j in range(columns):
            line[j + 1] = min(above[j] + costs[j], above[j + 1] + lost, line[j] + add[j])
    return _differences_along(one, two, _path(table, swap, drop))


def _path(table: list[list[float]], swap: list[list[float]], drop: list[float]) -> list[tuple[int, int]]:
    """The cheapest alignment as positions in both lists, -1 where a symbol has no counterpart."""
    path: list[tuple[int, int]] = []
    i, j = len(table) - 1, len(table[0]) - 1
    while i or j:
        here = table[i][j]
        if i and j and here == table[i - 1][j - 1] + swap[i - 1][j - 1]:
            i, j = i - 1, j - 1
            path.append((i, j))
        elif i and here == table[i - 1][j] + drop[i - 1]:
            i -= 1
            path.append((i, -1))
        else:
            j -= 1
            path.append((-1, j))
    return path[::-1]


def _differences_along(
    one: Sequence[Node], two: Sequence[Node], path: list[tuple[int, int]]
) -> list[tuple[str, str, str]]:
    """The differences along an alignment."""
    result: list[tuple[str, str, str]] = []
    last_offset, after_change = 0, False  # difference in depth; whether the previous symbol was changed
    for i, j in path:
        if j < 0 or i < 0:
            node = one[i] if j < 0 else two[j]
            kind = _lone(node.name, "missing" if j < 0 else "extra")
            result.append((kind, node.name, "") if j < 0 else (kind, "", node.name))
            after_change = True
            continue
        result += _kinds(one[i], two[j])
        offset = one[i].depth - two[j].depth
        if offset and offset != last_offset and not after_change and one[i].relation == two[j].relation:
            result.append(("relation", f"{one[i].name} (inside)", f"{two[j].name} (outside)"))
        last_offset, after_change = offset, one[i].name != two[j].name
    return result


def _cost(kind: str) -> float:
    return _COSTS.get(kind, 1.0)


def _pair_cost(one: Node, two: Node) -> float:
    cost = 0.0 if one.name == two.name else min(1.9, 1.2 * _cost(_changed(one.name, two.name)))
    if one.font != two.font:
        cost += _cost(_font_kind(one, two))
    return cost + (_RELATION if one.relation != two.relation else _DEPTH * (one.depth != two.depth))


def _kinds(one: Node, two: Node) -> list[tuple[str, str, str]]:
    kinds = []
    if one.name != two.name:
        kinds.append((_changed(one.name, two.name), one.name, two.name))
    elif one.font != two.font:
        kinds.append((_font_kind(one, two), _with_font(one), _with_font(two)))
    if one.relation != two.relation:
        kinds.append(("relation", f"{one.name} ({one.relation})", f"{two.name} ({two.relation})"))
    return kinds


def _with_font(node: Node) -> str:
    return f"{node.name} ({node.font or 'italic'})"


def _font_kind(one: Node, two: Node) -> str:
    return "font" if one.font in _ALPHABETS or two.font in _ALPHABETS else "style"


@lru_cache(maxsize=1)
def _groups() -> tuple[dict[str, set[int]], dict[str, frozenset[str]]]:
    table = names()["groups"]
    alike: dict[str, set[int]] = {}
    for number, group in enumerate(table["alike"]):
        for name in group.split():
            alike.setdefault(name, set()).add(number)
    classes = {name: frozenset(value.split()) for name, value in table.items() if name != "alike"}
    return alike, classes


@lru_cache(maxsize=1 << 16)
def _changed(one: str, two: str) -> str:
    """The kind of difference where a symbol is replaced by another."""
    alike, classes = _groups()
    if len(one) == len(two) == 1 and _letter(one) == _letter(two):
        return "alike"
    if alike.get(one, set()) & alike.get(two, set()):
        return "alike"
    for kind, name in (("accent_changed", "accents"), ("delimiter", "delimiters"), ("punctuation", "punctuation")):
        if one in classes[name] and two in classes[name]:
            return kind
    if one in classes["structures"] or two in classes["structures"]:
        return "structure"
    if one in classes["accents"] or two in classes["accents"]:
        return "accent"
    if one.isdecimal() or two.isdecimal():
        return "digit"
    if one in classes["operators"] or two in classes["operators"]:
        return "operator"
    return "letter"


def _letter(character: str) -> str:
    """A letter without its accent and its case."""
    return unicodedata.normalize("NFD", character)[0].lower()


@lru_cache(maxsize=1 << 14)
def _lone(name: str, kind: str) -> str:
    """The kind of difference where a symbol is missing or extra."""
    _, classes = _groups()
    for own, group in (("punctuation", "punctuation"), ("delimiter", "delimiters"), ("structure", "structures")):
        if name in classes[group]:
            return own
    return "accent" if name in classes["accents"] or name == "\\prime" else kind
