"""`SymbolTree` or label -> Tree-CoT text, in the dialects ``published`` and ``slt``.

Not for reading such text: that is `read_text`.

One node a line, ``TOKEN (RELATION)``, tabs show depth. ``slt`` writes the tree as it is: a group is a line ``{`` whose
content is ``inside``, an environment one line with its rows and cells as branches, and ``_`` is a blank, a place with
nothing in it. ``published`` is what Uni-MuMER's converter makes of the label; see `published`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from mumer_data.latex.dialect_uni_mumer import published_text, published_text_of
from mumer_data.latex.expression import Expression
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.parser import parse
from mumer_data.latex.to_latex import to_latex
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

Dialect = Literal["published", "slt"]
DIALECTS: tuple[Dialect, ...] = ("published", "slt")
BLANK = "_"

# What a symbol carries where both dialects write it alike, by class of command: each branch, and what may follow it.
Carried = dict[str, "Carried"]
ALIKE: dict[str, Carried] = {
    "SYMBOL": {"sub": {"sup": {}}, "sup": {}},
    "OPERATOR": {"below": {"above": {}}, "above": {}},
    "FRACTION": {"above": {"below": {}}},
    "RADICAL": {"below": {"above": {}}, "above": {}},
    "ACCENT": {"above": {}},
    "INFIX": {"above": {}},
}
SYMBOL = ALIKE["SYMBOL"]
TOP: Carried = {"": {}}


@lru_cache(maxsize=1)
def _alike() -> dict[str, Carried]:
    """Command -> what it carries alike; commands that are missing here are plain symbols."""
    return {token: ALIKE.get(terminal, {}) for token, terminal in load_grammar().exact.items()}


def label_text(label: str, dialect: Dialect = "published") -> str:
    """The Tree-CoT text of a label; raises ``LatexSyntaxError``.

    For ``published`` this is the fastest way: no tree is built.
    """
    return published_text(label) if dialect == "published" else tree_text(parse(label), dialect)


def expression_text(expression: Expression, dialect: Dialect = "published") -> str:
    """The Tree-CoT text of an expression, from its tokens or its tree; raises ``LatexSyntaxError``."""
    return published_text_of(expression.tokens) if dialect == "published" else tree_text(expression.tree, dialect)


def tree_text(tree: SymbolTree, dialect: Dialect = "published") -> str:
    """The Tree-CoT text of a tree."""
    if dialect == "slt":
        return "".join(_lines(tree.symbols))[1:]
    lines = _alike_lines(tree.symbols)
    return published_text(to_latex(tree)) if lines is None else "".join(lines)[1:]


def _lines(symbols: list[Symbol]) -> list[str]:
    lines: list[str] = []
    pending: list[tuple[Iterator[Symbol], str]] = []
    row, indent = iter(symbols), "\n"
    while True:
        for symbol in row:
            token, relation = symbol.token or BLANK, symbol.relation
            lines.append(f"{indent}{token} ({relation})" if relation else indent + token)
            if symbol.children:
                pending.append((row, indent))
                row, indent = iter(symbol.children), indent + "\t"
                break
        else:
            if not pending:
                return lines
            row, indent = pending.pop()


def _alike_lines(symbols: list[Symbol]) -> list[str] | None:
    """The lines of a tree that both dialects write alike; ``None`` where they differ."""
    alike = _alike()
    lines: list[str] = []
    emit = lines.append
    pending: list[tuple[Iterator[Symbol], str, Carried]] = []
    row, indent, carried = iter(symbols), "\n", TOP
    while True:
        for symbol in row:
            token, relation = symbol.token, symbol.relation
            if relation == RIGHT:
                emit(f"{indent}{token} (right)")
            elif token and relation in carried:
                carried = carried[relation]
                emit(f"{indent}{token} ({relation})" if relation else indent + token)
            else:
                return None
            if symbol.children:
                pending.append((row, indent, carried))
                row, indent, carried = iter(symbol.children), indent + "\t", alike.get(token, SYMBOL)
                break
        else:
            if not pending:
                return lines
            row, indent, carried = pending.pop()
