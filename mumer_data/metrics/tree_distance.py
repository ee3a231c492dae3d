"""Edit distance between two symbol layout trees: the fewest symbols to insert, delete or replace.

Not for aligning tokens. Our own code, since the libraries on PyPI (apted, zss) have not been kept for years.
"""

from __future__ import annotations

from dataclasses import dataclass

from mumer_data.latex.tree import SymbolTree

MAX_CELLS = 2_000_000
"""Most cells that one pair may fill, one second or two: beyond, the distance is bounded from above instead."""


@dataclass(frozen=True, slots=True)
class TreeDistance:
    """The distance of two trees; where it is not ``exact``, a bound from above: their trees are too large."""

    edits: int
    exact: bool = True


def tree_distance(one: SymbolTree, two: SymbolTree) -> int:
    """The ordered tree edit distance, every edit costing 1; a node is a symbol with its relation.

    Source: K. Zhang and D. Shasha, Simple Fast Algorithms for the Editing Distance between Trees, 1989.
    """
    return bounded_tree_distance(one, two).edits


def bounded_tree_distance(one: SymbolTree, two: SymbolTree) -> TreeDistance:
    """`tree_distance`, with whether it is exact or, beyond `MAX_CELLS`, a bound from above."""
    left, right = _Postorder(one), _Postorder(two)
    if left.cells * right.cells > MAX_CELLS:
        same = left.nodes == right.nodes and left.leftmost == right.leftmost
        return TreeDistance(0 if same else max(len(left.nodes), len(right.nodes)), same)
    table = [[0] * len(right.nodes) for _ in left.nodes]
    for i in left.keyroots:
        for j in right.keyroots:
            _fill(left, right, i, j, table)
    return TreeDistance(table[-1][-1])


@dataclass(slots=True)
class _Open:
    """A node whose children are still being read."""

    depth: int
    node: tuple[str, str]
    leftmost: int = -1


class _Postorder:
    """A tree as arrays, children before parents; the last node is a root above the baseline.

    Attributes:
        nodes: (token, relation) of each node.
        leftmost: place of the first leaf below each node.
        keyroots: the nodes that are nobody's first child, and the root.
        cells: rows of the tables that it takes part in; a pair of trees fills the product of theirs.
    """

    def __init__(self, tree: SymbolTree) -> None:
        self.nodes: list[tuple[str, str]] = []
        self.leftmost: list[int] = []
        path = [_Open(-1, ("", ""))]
        for depth, symbol in tree.walk():
            while path[-1].depth >= depth:
                self._close(path)
            path.append(_Open(depth, (symbol.token, symbol.relation)))
        while path:
            self._close(path)
        self.keyroots = sorted({leaf: place for place, leaf in enumerate(self.leftmost)}.values())
        self.cells = sum(root - self.leftmost[root] + 1 for root in self.keyroots)

    def _close(self, path: list[_Open]) -> None:
        node = path.pop()
        leaf = len(self.nodes) if node.leftmost < 0 else node.leftmost
        self.nodes.append(node.node)
        self.leftmost.append(leaf)
        if path and path[-1].leftmost < 0:
            path[-1].leftmost = leaf


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
            place = y - second
            best = min(before[place + 1], row[place]) + 1
            if whole_left and right.leftmost[y] == second:
                best = min(best, before[place] + (node != right.nodes[y]))
                line[y] = best
            else:
                best = min(best, rows[left.leftmost[x] - first][right.leftmost[y] - second] + line[y])
            row.append(best)
        rows.append(row)
