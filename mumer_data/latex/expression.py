"""`Expression`: one label with its tokens and its symbol layout tree, so that a row is split and parsed only once.

Not for normalising raw LaTeX: the label is taken as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mumer_data.latex.diagnostics import explain
from mumer_data.latex.grammar import lalr_table
from mumer_data.latex.parser import refuse_unknown_commands, try_parse
from mumer_data.latex.tree import SymbolTree


class Expression:
    """A label that filters, tasks, metrics and typesetting share: immutable, compared by its tokens.

    Tokens and tree are computed when they are first read, and kept.
    """

    __slots__ = ("_label", "_tokens", "_tree")

    def __init__(self, label: str) -> None:
        """Take a tokenised label; nothing is parsed yet."""
        self._label = label
        self._tokens: tuple[str, ...] | None = None
        self._tree: SymbolTree | Literal[False] | None = None  # False: the label does not parse

    @classmethod
    def from_tokens(cls, tokens: Sequence[str]) -> Expression:
        """The expression whose label is these tokens, joined by single spaces."""
        expression = cls(" ".join(tokens))
        expression._tokens = tuple(tokens)
        return expression

    @classmethod
    def of(cls, label: str | Expression) -> Expression:
        """The expression of a label; an expression is returned unchanged, with what it has cached."""
        return label if isinstance(label, Expression) else cls(label)

    @property
    def label(self) -> str:
        """The tokenised label, as it was passed."""
        return self._label

    @property
    def tokens(self) -> tuple[str, ...]:
        """The label split at whitespace."""
        if self._tokens is None:
            self._tokens = tuple(self._label.split())
        return self._tokens

    @property
    def tree(self) -> SymbolTree:
        """The symbol layout tree; not to be modified.

        Raises:
            LatexSyntaxError: the label does not parse.
        """
        tree = self.tree_or_none
        if tree is None:
            raise explain(list(self.tokens), lalr_table())
        return tree

    @property
    def tree_or_none(self) -> SymbolTree | None:
        """The symbol layout tree, or ``None`` where the label does not parse (no error message is computed)."""
        if self._tree is None:
            tree = try_parse(self.tokens)
            self._tree = False if tree is None else tree
        return None if self._tree is False else self._tree

    @property
    def depth(self) -> int:
        """The deepest level of nesting, 0 for a single baseline; raises ``LatexSyntaxError``."""
        return self.tree.depth

    def validate(self, *, strict: bool = False) -> None:
        """Raise ``LatexSyntaxError`` where the label does not parse or, with ``strict``, has an unknown command."""
        _ = self.tree
        if strict:
            refuse_unknown_commands(self.tokens)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        return f"Expression({self._label!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return Expression, (self._label,)
