"""`SymbolTree` or label -> Tree-CoT text, in the dialects ``published``, ``slt`` and ``compact``.

Not for parsing such text: see `deserialize`.

One node per line, ``TOKEN (RELATION)``; the number of tabs is the depth. ``slt`` is the complete tree: a group is a
line ``{`` whose content is ``inside``, an environment is one line with its rows and cells as branches, and ``_`` is a
blank, a row without a symbol. ``published`` is the output of Uni-MuMER's converter; see `dialect_uni_mumer`.
``compact`` is the same tree as ``slt`` with many symbols on a line; see `dialect_compact`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from mumer_data.latex.dialect_compact import BLANK, compact_text
from mumer_data.latex.dialect_uni_mumer import published_text, published_text_of
from mumer_data.latex.expression import Expression
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.parser import parse
from mumer_data.latex.to_latex import to_latex
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

Dialect = Literal["published", "slt", "compact"]
DIALECTS: tuple[Dialect, ...] = ("published", "slt", "compact")
# What a line of ``slt`` or ``compact`` can name: the relations of a symbol layout tree.
TREE_RELATIONS = ("right", "nextline", "sub", "sup", "above", "below", "inside", "columns", "row", "cell")

# The branches that ``published`` and ``slt`` write identically, by class of command: each, and which may follow it.
Branches = dict[str, "Branches"]
IDENTICAL: dict[str, Branches] = {
    "SYMBOL": {"sub": {"sup": {}}, "sup": {}},
    "OPERATOR": {"below": {"above": {}}, "above": {}},
    "FRACTION": {"above": {"below": {}}},
    "RADICAL": {"below": {"above": {}}, "above": {}},
    "ACCENT": {"above": {}},
    "INFIX": {"above": {}},
}
SYMBOL = IDENTICAL["SYMBOL"]
TOP: Branches = {"": {}}


@lru_cache(maxsize=1)
def _identical_branches() -> dict[str, Branches]:
    """Command -> branches that ``published`` and ``slt`` write identically; other commands are plain symbols."""
    return {token: IDENTICAL.get(terminal, {}) for token, terminal in load_grammar().exact.items()}


def label_text(label: str, dialect: Dialect = "published") -> str:
    """The Tree-CoT text of a label; raises ``LatexSyntaxError``.

    For ``published`` no tree is built, so this is faster than `tree_text`.
    """
    return published_text(label) if dialect == "published" else tree_text(parse(label), dialect)


def expression_text(expression: Expression, dialect: Dialect = "published") -> str:
    """The Tree-CoT text of an expression, from its tokens or its tree; raises ``LatexSyntaxError``."""
    return published_text_of(expression.tokens) if dialect == "published" else tree_text(expression.tree, dialect)


def tree_text(tree: SymbolTree, dialect: Dialect = "published") -> str:
    """The Tree-CoT text of a tree."""
    if dialect == "slt":
        return "".join(_lines(tree.symbols))[1:]
    if dialect == "compact":
        return compact_text(tree.symbols)
    lines = _identical_lines(tree.symbols)
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


def _identical_lines(symbols: list[Symbol]) -> list[str] | None:
    """The lines of a tree that ``published`` and ``slt`` write identically; ``None`` where they differ."""
    identical = _identical_branches()
    lines: list[str] = []
    emit = lines.append
    pending: list[tuple[Iterator[Symbol], str, Branches]] = []
    row, indent, allowed = iter(symbols), "\n", TOP
    while True:
        for symbol in row:
            token, relation, children = symbol.token, symbol.relation, symbol.children
            if relation == RIGHT:
                emit(f"{indent}{token} (right)")
            elif token and relation in allowed:
                allowed = allowed[relation]
                emit(f"{indent}{token} ({relation})" if relation else indent + token)
            else:
                return None
            if not children:
                continue
            inner = identical.get(token, SYMBOL)
            if len(children) == 1 and not (only := children[0]).children:  # the commonest branch, such as ^ { 2 }
                if (not only.token or only.relation not in inner) and only.relation != RIGHT:
                    return None
                emit(f"{indent}\t{only.token} ({only.relation})")
                continue
            pending.append((row, indent, allowed))
            row, indent, allowed = iter(children), indent + "\t", inner
            break
        else:
            if not pending:
                return lines
            row, indent, allowed = pending.pop()
