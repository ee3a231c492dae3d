"""The symbol layout tree: symbols on baselines, and the relation of each to the one that carries it.

Plain data and iterative walks, so depth never matters; not for reading or writing any text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

RIGHT = "right"


@dataclass(slots=True, eq=False)
class Symbol:
    """One symbol, command, group or environment, with everything that it carries.

    Symbols compare by identity, trees by content.

    Attributes:
        token: as in the label; ``{`` for a group, ``\\begin {cases}`` or ``\\begin{matrix}`` for an environment,
            and ``""`` for a blank: a place with nothing in it (an empty argument, a cell, scripts on nothing).
        relation: to the symbol before it where it is ``right`` or ``nextline``; else it opens a branch of the
            symbol that carries it: ``sub sup above below inside``, and ``columns row cell`` in an environment.
            ``""`` for the first symbol of a tree.
        position: index of its token in the label; a blank has that of the token that follows.
        children: all branches, one after the other, in the order of the label.
    """

    token: str
    relation: str
    position: int
    children: list[Symbol]

    @property
    def branches(self) -> list[tuple[str, list[Symbol]]]:
        """The branches as (relation, symbols on that branch): rows and cells of an environment are branches too."""
        found: list[tuple[str, list[Symbol]]] = []
        for child in self.children:
            if child.relation in (RIGHT, "nextline"):
                found[-1][1].append(child)
            else:
                found.append((child.relation, [child]))
        return found

    def branch(self, relation: str) -> list[Symbol]:
        """The symbols of the first branch with this relation; empty where there is none."""
        return next((symbols for name, symbols in self.branches if name == relation), [])

    def __repr__(self) -> str:
        return f"Symbol({self.token!r}, {self.relation!r}, {self.position}, {len(self.children)} children)"


@dataclass(slots=True, eq=False)
class SymbolTree:
    """A whole expression: the symbols of its outermost baseline, each with what it carries."""

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
        from mumer_data.latex.to_latex import to_latex

        return f"SymbolTree({to_latex(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Pickling child by child would recurse as deep as the tree.
        return _rebuild, (self.rows(), [symbol.position for _, symbol in self.walk()])


def _rebuild(rows: list[tuple[int, str, str]], positions: list[int]) -> SymbolTree:
    return SymbolTree.from_rows(rows, positions)
