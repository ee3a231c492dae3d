"""`SymbolTree` -> label: the exact inverse of `parser.parse`.

Not for normalising a label: every token of the tree is written as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.symbol import RIGHT, Symbol

MARKS = {"sub": "_", "sup": "^"}
LIMITS = {"below": "_", "above": "^"}
CELLS = {"row": "\\\\", "cell": "&"}


class Rooted(Protocol):
    """Anything with a baseline of symbols, i.e. a `SymbolTree`."""

    symbols: list[Symbol]


def to_latex(tree: Rooted) -> str:
    """The label of a tree, tokens joined by single spaces; nesting depth does not matter."""
    return " ".join(to_tokens(tree.symbols))


def to_tokens(symbols: list[Symbol]) -> list[str]:
    """The tokens of one row."""
    tokens: list[str] = []
    pending = [_Open(symbols, "")]
    while pending:
        level = pending[-1]
        symbol = next(level.symbols, None)
        if symbol is None:
            tokens += level.rest()
            pending.pop()
            continue
        tokens += level.lead(symbol.relation)
        if symbol.token and symbol.token != "{":  # the braces of a group are those of its branch
            tokens += symbol.token.split(" ")
        if symbol.children:
            pending.append(_Open(symbol.children, symbol.token))
    return tokens


class _Open:
    """The state of writing the children of one symbol: which branch is open, and what closes it."""

    def __init__(self, symbols: list[Symbol], token: str) -> None:
        self.symbols = iter(symbols)
        self.token = token
        self.closer: list[str] = []
        self.end = token.replace("\\begin", "\\end", 1).split(" ") if token.startswith("\\begin") else []
        self.first_row = True

    def lead(self, relation: str) -> list[str]:
        """The tokens before a symbol with this relation: close one branch, open the next."""
        if relation in (RIGHT, ""):
            return []
        if relation == "nextline":
            return ["\\\\"]
        closer, self.closer = self.closer, []
        if relation in CELLS:
            separator = [] if self.first_row else [CELLS[relation]]
            self.first_row = False
            return closer + separator
        if relation in MARKS:  # scripts stand outside an environment
            closer, self.end = closer + self.end, []
        opener, self.closer = braces_of(self.token, relation)
        return closer + opener

    def rest(self) -> list[str]:
        """The tokens after the last child."""
        return self.closer + self.end


@lru_cache(maxsize=1 << 16)
def class_of(token: str) -> str:
    """The class of a command in ``commands.toml`` (``fraction``, ``operator``, ...), ``symbol`` for all others."""
    terminal = load_grammar().exact.get(token, "SYMBOL")
    return terminal.lower()


def braces_of(token: str, relation: str) -> tuple[list[str], list[str]]:
    """How the label opens and closes the branch ``relation`` of ``token``."""
    if relation in MARKS:
        return [MARKS[relation], "{"], ["}"]
    if class_of(token) == "operator" and relation in LIMITS:
        return [LIMITS[relation], "{"], ["}"]
    if class_of(token) == "radical" and relation == "below":
        return ["["], ["]"]
    return ["{"], ["}"]
