"""The symbol layout tree: symbols on baselines, and the relation of each to its parent.

Plain data and iterative walks, so depth is not limited; not for parsing or writing text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mumer_data.latex.symbol import RIGHT, Symbol
from mumer_data.latex.to_latex import to_latex

__all__ = ["RIGHT", "Symbol", "SymbolTree"]


@dataclass(slots=True, eq=False)
class SymbolTree:
    """A whole expression: the symbols of its outermost baseline, each with its branches."""

    symbols: list[Symbol]

    def walk(self) -> Iterator[tuple[int, Symbol]]:
        """Every symbol with its depth (0 on the outermost baseline), parents before children, left to right."""
        pending = [iter(self.symbols)]
        while pending:
            symbol = next(pending[-1], None)
            if symbol is None:
                pending.pop()
                continue
            yield len(pending) - 1, symbol
            if symbol.children:
                pending.append(iter(symbol.children))

    def rows(self) -> list[tuple[int, str, str]]:
        """The tree as flat (depth, token, relation) rows; two trees are equal where these are."""
        return [(depth, symbol.token, symbol.relation) for depth, symbol in self.walk()]

    @classmethod
    def from_rows(cls, rows: list[tuple[int, str, str]], positions: Sequence[int] | None = None) -> SymbolTree:
        """The inverse of `rows`; the row's number is the position unless ``positions`` says otherwise.

        Raises:
            ValueError: a depth jumps by more than one.
        """
        tree = cls([])
        levels = [tree.symbols]
        for number, (depth, token, relation) in enumerate(rows):
            if depth >= len(levels):
                raise ValueError(f"row {number} is {depth - len(levels) + 1} levels too deep")
            del levels[depth + 1 :]
            symbol = Symbol(token, relation, positions[number] if positions else number, [])
            levels[depth].append(symbol)
            levels.append(symbol.children)
        return tree

    @property
    def depth(self) -> int:
        """The deepest level of nesting; 0 for a single baseline."""
        return max((depth for depth, _ in self.walk()), default=0)

    def pretty(self) -> str:
        """The tree as indented text, one symbol per line with its relation."""
        from mumer_data.latex.drawing import pretty

        return pretty(self)

    def __rich__(self) -> object:
        from mumer_data.latex.drawing import rich_tree

        return rich_tree(self)

    def _repr_svg_(self) -> str:
        from mumer_data.latex.drawing import svg

        return svg(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolTree) and self.rows() == other.rows()

    def __hash__(self) -> int:
        return hash(tuple(self.rows()))

    def __repr__(self) -> str:
        return f"SymbolTree({to_latex(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Pickling child by child would recurse as deep as the tree.
        return _rebuild, (self.rows(), [symbol.position for _, symbol in self.walk()])


def _rebuild(rows: list[tuple[int, str, str]], positions: list[int]) -> SymbolTree:
    return SymbolTree.from_rows(rows, positions)
