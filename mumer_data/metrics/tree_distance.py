"""Edit distance between two symbol layout trees: the fewest symbols to insert, delete or replace.

Not for aligning tokens. Implemented here because the libraries on PyPI (apted, zss) are no longer maintained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from mumer_data.latex.tree import SymbolTree

MAX_CELLS = 2_000_000
"""Largest number of table cells per pair (one or two seconds); beyond it an upper bound is returned."""


@dataclass(frozen=True, slots=True)
class TreeDistance:
    """The distance of two trees; if not ``exact``, an upper bound because the trees are too large."""

    edits: int
    exact: bool = True


def tree_distance(one: SymbolTree, two: SymbolTree) -> int:
    """The ordered tree edit distance, every edit costing 1; a node is a symbol with its relation.

    Source: K. Zhang and D. Shasha, Simple Fast Algorithms for the Editing Distance between Trees, 1989.
    """
    return bounded_tree_distance(one, two).edits


def bounded_tree_distance(one: SymbolTree, two: SymbolTree, max_cells: int = MAX_CELLS) -> TreeDistance:
    """`tree_distance`, and whether it is exact or, beyond ``max_cells``, an upper bound.

    Equal subtrees at either end of both baselines, and equal symbols that are alone on both, are removed first. This
    does not change the distance, and for a typical error only a few symbols remain.
    """
    left, right = _Forest(one), _Forest(two)
    rest = _differing(left, right)
    if left.flat(rest[0]) and right.flat(rest[1]):
        one_row, two_row = [left.nodes[k] for k in rest[0]], [right.nodes[k] for k in rest[1]]
        return TreeDistance(Levenshtein.distance(one_row, two_row))
    first, second = _Postorder(left, rest[0]), _Postorder(right, rest[1])
    if not rest[0] or not rest[1]:
        return TreeDistance(len(first.nodes) + len(second.nodes) - 2)
    if first.cells * second.cells > max_cells:
        return TreeDistance(max(len(first.nodes), len(second.nodes)), exact=False)
    table = [[0] * len(second.nodes) for _ in first.nodes]
    for i in first.keyroots:
        for j in second.keyroots:
            _fill(first, second, i, j, table)
    return TreeDistance(table[-1][-1])


_Subtrees = dict[tuple[str, str, tuple[int, ...]], int]


class _Forest:
    """The symbols of a tree in preorder, each with its children and the id of its subtree.

    Attributes:
        nodes: (token, relation) of each symbol; the last is the root above the baseline.
        children: positions of the children of each.
        subtree: id of each subtree; equal subtrees have the same id.
    """

    def __init__(self, tree: SymbolTree) -> None:
        self.nodes: list[tuple[str, str]] = []
        self.children: list[list[int]] = []
        baseline: list[int] = []
        path = [baseline]
        for number, (depth, symbol) in enumerate(tree.walk()):
            self.nodes.append((symbol.token, symbol.relation))
            self.children.append([])
            del path[depth + 1 :]
            path[depth].append(number)
            path.append(self.children[number])
        self.nodes.append(("", ""))
        self.children.append(baseline)
        self.subtree = [0] * len(self.nodes)

    def flat(self, row: list[int]) -> bool:
        """Whether no symbol of a row has children."""
        return not any(self.children[i] for i in row)

    def number(self, numbers: _Subtrees) -> None:
        """Fill `subtree`, children first, with numbers that both trees share through ``numbers``."""
        for i in range(len(self.nodes) - 2, -1, -1):
            key = (*self.nodes[i], tuple([self.subtree[child] for child in self.children[i]]))
            self.subtree[i] = numbers.setdefault(key, len(numbers))


def _differing(left: _Forest, right: _Forest) -> tuple[list[int], list[int]]:
    """The parts of both baselines that differ.

    Equal first (or last) trees can be removed, as common prefixes of strings can: a mapping that sends a part of one
    tree elsewhere leaves at least as many symbols of the other unmatched.
    """
    numbers: _Subtrees = {}
    left.number(numbers)
    right.number(numbers)
    one, two = left.children[-1], right.children[-1]
    while True:
        begin, most = 0, min(len(one), len(two))
        while begin < most and left.subtree[one[begin]] == right.subtree[two[begin]]:
            begin += 1
        end = 0
        while end < most - begin and left.subtree[one[-1 - end]] == right.subtree[two[-1 - end]]:
            end += 1
        one, two = one[begin : len(one) - end], two[begin : len(two) - end]
        if len(one) != 1 or len(two) != 1 or left.nodes[one[0]] != right.nodes[two[0]]:
            return one, two
        one, two = left.children[one[0]], right.children[two[0]]


class _Postorder:
    """A row of trees as arrays, children before parents; the last node is a root above them.

    Attributes:
        nodes: (token, relation) of each node.
        leftmost: position of the first leaf below each node.
        keyroots: the root, and the nodes that are not a first child.
        cells: number of table rows; a pair of trees fills the product of their cells.
    """

    def __init__(self, forest: _Forest, row: list[int]) -> None:
        self.nodes: list[tuple[str, str]] = []
        self.leftmost: list[int] = []
        path: list[tuple[int, Iterator[int], int]] = [(len(forest.nodes) - 1, iter(row), 0)]
        while path:
            node, children, first = path[-1]
            child = next(children, None)
            if child is not None:
                path.append((child, iter(forest.children[child]), len(self.nodes)))
                continue
            path.pop()
            self.leftmost.append(first)
            self.nodes.append(forest.nodes[node])
        self.keyroots = sorted({leaf: i for i, leaf in enumerate(self.leftmost)}.values())
        self.cells = sum(root - self.leftmost[root] + 1 for root in self.keyroots)


def _fill(left: _Postorder, right: _Postorder, i: int, j: int, table: list[list[int]]) -> None:
    """Distances of all pairs of subtrees whose leftmost leaves are those of ``i`` and ``j``."""
    first, second = left.leftmost[i], right.leftmost[j]
    columns = range(second, j + 1)
    above = list(range(len(columns) + 1))
    rows = [above]
    for x in range(first, i + 1):
        whole_left = left.leftmost[x] == first
        node, line, before = left.nodes[x], table[x], rows[-1]
        row = [before[0] + 1]
        for y in columns:
            column = y - second
            best = min(before[column + 1], row[column]) + 1
            if whole_left and right.leftmost[y] == second:
                best = min(best, before[column] + (node != right.nodes[y]))
                line[y] = best
            else:
                best = min(best, rows[left.leftmost[x] - first][right.leftmost[y] - second] + line[y])
            row.append(best)
        rows.append(row)
