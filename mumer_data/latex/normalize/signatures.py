"""Which arguments a command takes: the tables of ``commands.toml`` for raw LaTeX, and what the grammar's classes say.

Not for reading arguments: see `reader`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mumer_data.latex.grammar import grammar_files

Effect = Literal["dropped", "transparent", "macro", "refused", "below", "options", "several"]
_ARGUMENT = re.compile(r"\*|\((\w)\)|(\w)")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its kind (a letter of ``commands.toml``, ``*`` for a star) and whether it is in brackets."""

    kind: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of a command and what becomes of it.

    Attributes:
        arguments: in order.
        effect: ``dropped`` with its arguments, ``transparent`` (its formulas stay), ``macro``, ``refused`` by name;
            of a command of the grammar: what is in brackets goes ``below`` it or is dropped (``options``), or it is
            ``several`` symbols, which a script without braces does not take.
        body: of a macro, raw LaTeX with #1 to #9.
    """

    arguments: tuple[Argument, ...]
    effect: Effect
    body: str = ""


@dataclass(frozen=True, slots=True)
class Signatures:
    """All commands that are read before the grammar's, and the switches of the face with their commands."""

    commands: Mapping[str, Signature]
    switches: Mapping[str, str]


@lru_cache(maxsize=1)
def signatures() -> Signatures:
    """The tables of ``commands.toml``."""
    tables = tomllib.loads(grammar_files().commands)["arguments"]
    commands: dict[str, Signature] = {}
    effects: tuple[tuple[str, Effect], ...] = (
        ("refused", "refused"),
        ("dropped", "dropped"),
        ("transparent", "transparent"),
        ("macros", "macro"),
    )
    for table, effect in effects:
        for text, names in tables[table].items():
            kinds, _, body = text.partition(" ")
            signature = Signature(arguments_of(kinds), effect, body)
            commands |= dict.fromkeys(names, signature)
    of_grammar: tuple[Effect, ...] = ("below", "options", "several")
    for effect in of_grammar:
        commands |= dict.fromkeys(tables["known"][effect], Signature((), effect))
    switches = {name: command for command, names in tables["switches"].items() for name in names}
    return Signatures(commands, switches)


def arguments_of(kinds: str) -> tuple[Argument, ...]:
    """``*(k)m`` -> its arguments."""
    return tuple(
        Argument(match[1] or match[2] or "*", optional=match[2] is None) for match in _ARGUMENT.finditer(kinds)
    )
