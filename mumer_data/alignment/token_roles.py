"""Token roles for alignment: symbol or structure, and which tokens belong together.

Works on tokens alone, so also on predictions that do not parse; not for trees: see `latex.parser`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache

from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.lalr import terminal_of


class TokenRole(IntEnum):
    """Roles of tokens; from `MARK` on they are structure, not symbols."""

    LETTER = 0
    DIGIT = 1
    COMMAND = 2
    SIGN = 3
    MARK = 4
    BRACE = 5
    CARRIER = 6
    SEPARATOR = 7
    ENVIRONMENT = 8


_STRUCTURE = {
    "SUB": TokenRole.MARK,
    "SUP": TokenRole.MARK,
    "LBRACE": TokenRole.BRACE,
    "RBRACE": TokenRole.BRACE,
    "NEWLINE": TokenRole.SEPARATOR,
    "AMPERSAND": TokenRole.SEPARATOR,
    **dict.fromkeys(("FRACTION", "ACCENT", "RADICAL", "INFIX", "WRAPPER", "OVERSET", "UNDERSET"), TokenRole.CARRIER),
    **dict.fromkeys(("BEGIN", "END", "NAME", "ARRAY_NAME", "BEGIN_JOINED", "END_JOINED"), TokenRole.ENVIRONMENT),
    **dict.fromkeys(("BEGIN_JOINED_ARRAY", "END_JOINED_ARRAY"), TokenRole.ENVIRONMENT),
}
_ARGUMENTS = {"FRACTION": 2, "OVERSET": 2, "UNDERSET": 2}
_CLOSERS = {")": "(", "]": "[", "\\}": "\\{", "\\right": "\\left", "\\end": "\\begin", "}": "{"}
_BRACKETS = frozenset(_CLOSERS) | frozenset(_CLOSERS.values())
_STRONG, _WEAK = 2, 1


@lru_cache(maxsize=16_384)
def role_of(token: str) -> TokenRole:
    """The role of one token; commands without arguments, known or not, are symbols."""
    grammar = load_grammar()
    role = _STRUCTURE.get(terminal_of(token, grammar.exact, grammar.regexes))
    if role is not None:
        return role
    if token.startswith("\\"):
        return TokenRole.COMMAND
    if token.isalpha():
        return TokenRole.LETTER
    return TokenRole.DIGIT if token.isdigit() else TokenRole.SIGN


@lru_cache(maxsize=16_384)
def is_structure(token: str) -> bool:
    """Whether a token shapes the tree without being a symbol in it: ``{ } ^ _ & \\\\`` and what takes arguments."""
    return role_of(token) >= TokenRole.MARK


@lru_cache(maxsize=1024)
def arguments_of(token: str) -> int:
    """How many braced arguments a token may take: 1 for ``_``, ``^`` and accents, 2 for fractions."""
    grammar = load_grammar()
    terminal = terminal_of(token, grammar.exact, grammar.regexes)
    return _ARGUMENTS.get(terminal, 1 if _STRUCTURE.get(terminal) in (TokenRole.MARK, TokenRole.CARRIER) else 0)


class TokenLinks:
    """Pairs of tokens of one formula that belong together.

    Attributes:
        of: for each token, (index, weight) of its linked tokens: the other bracket of a pair, a command or mark
            and the braces of its arguments, ``\\left`` and its delimiter, a script mark and its base.
        closer: index of an opening brace -> index of the closing one.
        owner: index of a brace -> index of the command or mark whose argument it delimits; not for braces of groups.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.of: list[list[tuple[int, int]]] = [[] for _ in tokens]
        self.closer: dict[int, int] = {}
        self.owner: dict[int, int] = {}
        # index where an argument may begin -> (owner, number of arguments left)
        pending: dict[int, tuple[int, int]] = {}
        open_indices: dict[str, list[int]] = {}
        for index, token in enumerate(tokens):
            if token in _BRACKETS:
                self._bracket(index, token, tokens, open_indices, pending)
            if count := arguments_of(token):
                pending[index + 1] = index, count
                if index and token in "_^":
                    self._join(index, index - 1, _WEAK)

    def _join(self, first: int, second: int, weight: int) -> None:
        self.of[first].append((second, weight))
        self.of[second].append((first, weight))

    def _bracket(
        self,
        index: int,
        token: str,
        tokens: Sequence[str],
        open_indices: dict[str, list[int]],
        pending: dict[int, tuple[int, int]],
    ) -> None:
        opener = _CLOSERS.get(token)
        if opener is None:
            open_indices.setdefault(token, []).append(index)
            if token in ("{", "[") and index in pending and (token == "{" or tokens[pending[index][0]] not in "_^"):
                self.owner[index] = pending[index][0]
                self._join(index, pending[index][0], _STRONG)
        elif open_indices.get(opener):
            begin = open_indices[opener].pop()
            self._join(begin, index, _STRONG)
            self.closer[begin] = index
            if begin in self.owner:
                owner = self.owner[index] = self.owner[begin]
                left = pending[begin][1] - (token == "}")
                if left:
                    pending[index + 1] = owner, left
        if token in ("\\left", "\\right", "\\begin", "\\end") and index + 1 < len(tokens):
            self._join(index, index + 1, _STRONG)


@lru_cache(maxsize=8)  # one alignment reads those of its two sides several times
def links_of(tokens: tuple[str, ...]) -> TokenLinks:
    """The links of a formula; cached, so not to be modified."""
    return TokenLinks(tokens)
