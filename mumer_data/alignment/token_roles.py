"""What a token is for, as far as alignment cares: symbol or structure, and which tokens belong together.

Works on tokens alone, so also on predictions that do not parse; the tree proper is `latex.parser`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache

from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.lalr import terminal_of


class TokenRole(IntEnum):
    """Classes of tokens; from `MARK` on they are structure, not symbols."""

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
    """The class of one token; commands without arguments, known or not, are symbols."""
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


class Bonds:
    """Which tokens of one formula belong together.

    Attributes:
        of: for each token, (place, weight) of those that it belongs with: the other bracket of a pair, a command
            or mark and the braces of its arguments, ``\\left`` and its delimiter, a script mark and what carries it.
        closer: place of an opening brace -> place of the closing one.
        owner: place of a brace -> place of the command or mark whose argument it bounds; free braces are not in it.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.of: list[list[tuple[int, int]]] = [[] for _ in tokens]
        self.closer: dict[int, int] = {}
        self.owner: dict[int, int] = {}
        waiting: dict[int, tuple[int, int]] = {}  # place where an argument may begin -> (owner, arguments left)
        open_places: dict[str, list[int]] = {}
        for place, token in enumerate(tokens):
            if token in _BRACKETS:
                self._bracket(place, token, tokens, open_places, waiting)
            if count := arguments_of(token):
                waiting[place + 1] = place, count
                if place and token in "_^":
                    self._join(place, place - 1, _WEAK)

    def _join(self, one: int, other: int, weight: int) -> None:
        self.of[one].append((other, weight))
        self.of[other].append((one, weight))

    def _bracket(
        self,
        place: int,
        token: str,
        tokens: Sequence[str],
        open_places: dict[str, list[int]],
        waiting: dict[int, tuple[int, int]],
    ) -> None:
        opener = _CLOSERS.get(token)
        if opener is None:
            open_places.setdefault(token, []).append(place)
            if token in ("{", "[") and place in waiting and (token == "{" or tokens[waiting[place][0]] not in "_^"):
                self.owner[place] = waiting[place][0]
                self._join(place, waiting[place][0], _STRONG)
        elif open_places.get(opener):
            begin = open_places[opener].pop()
            self._join(begin, place, _STRONG)
            self.closer[begin] = place
            if begin in self.owner:
                owner = self.owner[place] = self.owner[begin]
                left = waiting[begin][1] - (token == "}")
                if left:
                    waiting[place + 1] = owner, left
        if token in ("\\left", "\\right", "\\begin", "\\end") and place + 1 < len(tokens):
            self._join(place, place + 1, _STRONG)


@lru_cache(maxsize=8)  # one alignment asks for those of its two sides several times
def bonds_of(tokens: tuple[str, ...]) -> Bonds:
    """The bonds of a formula; not to be changed, others read the same ones."""
    return Bonds(tokens)
