"""Stretchy brackets: ``\\left`` and ``\\right``, ``\\big`` and its variants.

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
    builder: BuildContext, symbols: Sequence[Symbol], i: int, style: Style
) -> tuple[Piece, int, list[Symbol]] | None:
    """A sized bracket, or a pair of them with its content, at index ``i``; ``None`` if there is none.

    Returns the piece, the index after it, and the symbols that carry its scripts.
    """
    token = symbols[i].token
    size = _size(token)
    if size:
        return _big(builder, symbols, i, style, size)
    if _command(token, ("\\left",)):
        return _pair(builder, symbols, i, style)
    return None


@lru_cache(maxsize=1 << 14)
def _size(token: str) -> str:
    """The size command that a token is or begins with."""
    return _command(token, tuple(tables()["sizes"]))


@lru_cache(maxsize=1 << 14)
def _command(token: str, commands: tuple[str, ...]) -> str:
    """The command that a token is or begins with, if a bracket follows in the same token."""
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


def _bracket(symbols: Sequence[Symbol], i: int, command: str) -> tuple[str, Symbol, int]:
    """The bracket of a command: its token, the symbol that carries its scripts, the index after it."""
    rest = symbols[i].token.removeprefix(command)
    if rest:
        return rest, symbols[i], i + 1
    if i + 1 >= len(symbols):
        raise TypesetError(f"no bracket after {command}")
    return symbols[i + 1].token, symbols[i + 1], i + 2


def fence(builder: BuildContext, command: str, token: str, style: Style) -> Element | None:
    """A bracket that stretches with its row; ``None`` for an empty one (``.``)."""
    if token == ".":
        return None
    atom = atom_of({"<": "\\langle", ">": "\\rangle"}.get(token, token))
    if atom is None or len(atom.text) != 1:
        raise TypesetError(f"{token} is not a bracket")
    return sign(atom.text, builder.mark(command + token), style, stretchy="true")


def _big(
    builder: BuildContext, symbols: Sequence[Symbol], i: int, style: Style, command: str
) -> tuple[Piece, int, list[Symbol]]:
    token, carrier, end = _bracket(symbols, i, command)
    bracket = fence(builder, command, token, style)
    if bracket is None:
        raise TypesetError(f"no bracket after {command}")
    bracket.set("minsize", em(tables()["sizes"][command]))
    bracket.set("stretchy", "false")
    return Piece(bracket, _SIDES.get(command[-1], ORD)), end, [carrier]


def _pair(builder: BuildContext, symbols: Sequence[Symbol], i: int, style: Style) -> tuple[Piece, int, list[Symbol]]:
    token, _, begin = _bracket(symbols, i, "\\left")
    end = _partner(symbols, begin)
    opener = fence(builder, "\\left", token, style)
    inner = spaced(builder.pieces(symbols[begin:end], style), script=style.script)
    token, carrier, after = _bracket(symbols, end, "\\right")
    closer = fence(builder, "\\right", token, style)
    parts = [part for part in (opener, *inner, closer) if part is not None]
    return Piece(row_of(parts), INNER), after, [carrier]


def _partner(symbols: Sequence[Symbol], begin: int) -> int:
    depth = 1
    for i in range(begin, len(symbols)):
        token = symbols[i].token
        depth += bool(_command(token, ("\\left",))) - bool(_command(token, ("\\right",)))
        if depth == 0:
            return i
    raise TypesetError("\\left without \\right")
