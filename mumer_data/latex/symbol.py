"""The node of a symbol layout tree.

Plain data; not for whole expressions: see `tree`.
"""

from __future__ import annotations

from dataclasses import dataclass

RIGHT = "right"


@dataclass(slots=True, eq=False)
class Symbol:
    """One symbol, command, group or environment, with all its branches.

    Symbols compare by identity, trees by content.

    Attributes:
        token: as in the label; ``{`` for a group, ``\\begin {cases}`` or ``\\begin{matrix}`` for an environment,
            and ``""`` for a blank: a row without a symbol (an empty argument, an empty cell, the base of bare scripts).
        relation: to the symbol before it where it is ``right`` or ``nextline``; else it opens a branch of its
            parent: ``sub sup above below inside``, and ``columns row cell`` in an environment.
            ``""`` for the first symbol of a tree.
        position: index of its token in the label; a blank has that of the token that follows.
        children: all branches, concatenated in the order of the label.
    """

    token: str
    relation: str
    position: int
    children: list[Symbol]

    @property
    def branches(self) -> list[tuple[str, list[Symbol]]]:
        """The branches as (relation, symbols on that branch): rows and cells of an environment are branches too."""
        branches: list[tuple[str, list[Symbol]]] = []
        for child in self.children:
            if child.relation in (RIGHT, "nextline"):
                branches[-1][1].append(child)
            else:
                branches.append((child.relation, [child]))
        return branches

    def branch(self, relation: str) -> list[Symbol]:
        """The symbols of the first branch with this relation; empty where there is none."""
        return next((symbols for name, symbols in self.branches if name == relation), [])

    def __repr__(self) -> str:
        return f"Symbol({self.token!r}, {self.relation!r}, {self.position}, {len(self.children)} children)"
