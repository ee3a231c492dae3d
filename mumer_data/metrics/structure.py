"""Figures of structure, from symbol layout trees: same shape, same symbols, validity, tree edit distance.

A prediction that does not parse has no tree: it counts as wrong in shape, and its distance is that of an empty tree.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import zip_longest
from logging import getLogger

import numpy as np

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.parser import parse
from mumer_data.latex.tree import SymbolTree
from mumer_data.metrics import Floats, ratio
from mumer_data.metrics.pairs import Pairs
from mumer_data.metrics.tree_distance import TreeDistance, bounded_tree_distance

_log = getLogger(__name__)
_LAYOUT = ("{", "}", "^", "_")  # tokens of layout, which are not symbols
_OPENERS = {"}": "{", "\\}": "\\{", "\\right": "\\left"}
_BRACKETS = {*_OPENERS, *_OPENERS.values()}


class Structure:
    """``struct_rate``, ``symbol_rate``, ``valid_rate``, ``bracket_rate`` (0-100), ``tree_edit_distance`` (a ratio)."""

    signature = "tok:whitespace|tree:slt-zhang-shasha"

    def statistics(self, pairs: Pairs) -> Floats:
        """1, same shape, same symbols, parses, brackets close, edits, nodes of the label's tree, edits only bounded."""
        rows = []
        sides = zip(pairs.labels, pairs.predictions, pairs.exact.tolist(), strict=True)
        for i, (label, prediction, exact) in enumerate(sides):
            rows.append(_row(label, prediction, exact))
            if rows[-1][-1]:
                _log.warning("row %s: trees too large to compare; their distance is an upper bound", pairs.rows[i].id)
        return np.array(rows, np.float64).reshape(len(pairs), 8)

    def counts(self, statistics: Floats) -> dict[str, int]:
        """Number of pairs whose tree edit distance is only an upper bound; empty if there are none."""
        bounded = int(statistics[:, 7].sum())
        return {"tree_edit_distance_bounded": bounded} if bounded else {}

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """The five figures; ``tree_edit_distance`` is the number of edits per node of the labels' trees."""
        names = ("struct_rate", "symbol_rate", "valid_rate", "bracket_rate")
        rates = {name: ratio(sums[..., column], sums[..., 0]) * 100 for column, name in enumerate(names, 1)}
        return {**rates, "tree_edit_distance": ratio(sums[..., 5], sums[..., 6])}


@lru_cache(maxsize=1 << 14)  # labels repeat: in several samples per image, and in many data sets
def _row(label: str, text: str, exact: bool) -> tuple[float, ...]:
    tree = _tree(label)
    other = tree if exact else _tree(text)
    nodes = 0 if tree is None else sum(1 for _ in tree.walk())
    if exact:
        return 1, 1, 1, other is not None, brackets_close(text), 0, nodes, 0
    same_shape = tree is not None and other is not None and _shape(tree) == _shape(other)
    same_symbols = _symbols(label) == _symbols(text)
    distance = TreeDistance(0) if tree is None else bounded_tree_distance(tree, other or SymbolTree([]))
    valid, close = other is not None, brackets_close(text)
    return 1, same_shape, same_symbols, valid, close, distance.edits, nodes, not distance.exact


def _tree(text: str) -> SymbolTree | None:
    try:
        return parse(text)
    except LatexSyntaxError:
        return None


def _shape(tree: SymbolTree) -> list[tuple[int, str]]:
    return [(depth, symbol.relation) for depth, symbol in tree.walk()]


def _symbols(text: str) -> Counter[str]:
    return Counter(token for token in text.split() if token not in _LAYOUT)


def brackets_close(text: str) -> bool:
    """Whether braces, ``\\{ \\}``, ``\\left \\right`` and environments are properly nested.

    False for an empty text.
    """
    openers: list[str] = []
    tokens = text.split()
    for token, following in zip_longest(tokens, tokens[1:], fillvalue=""):
        if token.startswith(("\\begin", "\\end")):
            kind = "\\begin" if token.startswith("\\begin") else "\\end"
            name = token.removeprefix(kind) or following
            if kind == "\\begin":
                openers.append(name)
            elif not openers or openers.pop() != name:
                return False
        elif token in _OPENERS:
            if not openers or openers.pop() != _OPENERS[token]:
                return False
        elif token in _BRACKETS:
            openers.append(token)
    return bool(tokens) and not openers
