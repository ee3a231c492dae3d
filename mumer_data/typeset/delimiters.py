"""Brackets that grow: ``\\left`` and ``\\right``, ``\\big`` and its kin.

Not for the fences of environments: see `structures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from xml.etree.ElementTree import Element

from mumer_data.latex.tree import Symbol
from mumer_data.typeset.atoms import CLOSE, INNER, OPEN, ORD, REL, atom_of, tables
from mumer_data.typeset.context import BuildContext
from mumer_data.typeset.elements import Style, row_of, sign
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.spaces import Piece, em, spaced

_ARROWS = ("\\leftarrow", "\\rightarrow", "\\lefthar", "\\righthar", "\\leftright", "\\rightleft", "\\leftleft")
_SIDES = {"l": OPEN, "r": CLOSE, "m": REL}


def delimited(
    builder: BuildContext, symbols: Sequence[Symbol], place: int, style: Style
) -> tuple[Piece, int, list[Symbol]] | None:
    """A grown bracket or a pair of them with what stands between, at ``place``; ``None`` where there is none.

    Gives the piece, the place after it, and the symbols that carry its scripts.
    """
    token = symbols[place].token
    size = _size(token)
    if size:
        return _big(builder, symbols, place, style, size)
    if _command(token, ("\\left",)):
        return _pair(builder, symbols, place, style)
    return None


@lru_cache(maxsize=1 << 14)
def _size(token: str) -> str:
    """The command of a fixed size that a token is or begins with."""
    return _command(token, tuple(tables()["sizes"]))


@lru_cache(maxsize=1 << 14)
def _command(token: str, commands: tuple[str, ...]) -> str:
    """The command that a token is or begins with, where a bracket follows in the same token."""
    if token.startswith(_ARROWS):
        return ""
    return next(
        (
            command
            for command in sorted(commands, key=len, reverse=True)
            if token == command or (token.startswith(command) and not token[len(command)].isalpha())
        ),
        "",
    )


def _bracket(symbols: Sequence[Symbol], place: int, command: str) -> tuple[str, Symbol, int]:
    """The bracket of a command: its token, the symbol that carries its scripts, the place after it."""
    rest = symbols[place].token.removeprefix(command)
    if rest:
        return rest, symbols[place], place + 1
    if place + 1 >= len(symbols):
        raise TypesetError(f"no bracket after {command}")
    return symbols[place + 1].token, symbols[place + 1], place + 2


def fence(builder: BuildContext, command: str, token: str, style: Style) -> Element | None:
    """A bracket that grows with its row; ``None`` for the empty one."""
    if token == ".":
        return None
    atom = atom_of({"<": "\\langle", ">": "\\rangle"}.get(token, token))
    if atom is None or len(atom.text) != 1:
        raise TypesetError(f"{token} is not a bracket")
    return sign(atom.text, builder.mark(command + token), style, stretchy="true")


def _big(
    builder: BuildContext, symbols: Sequence[Symbol], place: int, style: Style, command: str
) -> tuple[Piece, int, list[Symbol]]:
    token, carrier, after = _bracket(symbols, place, command)
    bracket = fence(builder, command, token, style)
    if bracket is None:
        raise TypesetError(f"no bracket after {command}")
    bracket.set("minsize", em(tables()["sizes"][command]))
    bracket.set("stretchy", "false")
    return Piece(bracket, _SIDES.get(command[-1], ORD)), after, [carrier]


def _pair(
    builder: BuildContext, symbols: Sequence[Symbol], place: int, style: Style
) -> tuple[Piece, int, list[Symbol]]:
    token, _, begin = _bracket(symbols, place, "\\left")
    end = _partner(symbols, begin)
    opener = fence(builder, "\\left", token, style)
    inner = spaced(builder.pieces(symbols[begin:end], style), script=style.script)
    token, carrier, after = _bracket(symbols, end, "\\right")
    closer = fence(builder, "\\right", token, style)
    parts = [part for part in (opener, *inner, closer) if part is not None]
    return Piece(row_of(parts), INNER), after, [carrier]


def _partner(symbols: Sequence[Symbol], begin: int) -> int:
    depth = 1
    for place in range(begin, len(symbols)):
        token = symbols[place].token
        depth += bool(_command(token, ("\\left",))) - bool(_command(token, ("\\right",)))
        if depth == 0:
            return place
    raise TypesetError("\\left without \\right")
