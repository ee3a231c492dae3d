"""Token -> character and kind of atom, which determines the space around it.

The tables are in ``atoms.toml`` and ``commands.toml``, other characters in latex2mathml; not for layout.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mumer_data.latex.grammar import grammar_files

ORD, OP, BIN, REL, OPEN, CLOSE, PUNCT, INNER = "ord", "op", "bin", "rel", "open", "close", "punct", "inner"


@dataclass(frozen=True, slots=True)
class Atom:
    """One token as a typeset atom.

    Attributes:
        text: the characters; several for the name of a function.
        kind: one of TeX's kinds of atom.
        limits: scripts are placed below and above in display style.
        letter: italic unless a font is set.
    """

    text: str
    kind: str
    limits: bool = False
    letter: bool = False


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """``atoms.toml``, its lists as sets."""
    raw = tomllib.loads((Path(__file__).parent / "atoms.toml").read_text(encoding="utf-8"))
    return {name: frozenset(value) if isinstance(value, list) else value for name, value in raw.items()}


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    ordinary = tomllib.loads(grammar_files().commands)["ordinary"]
    kind_of = dict.fromkeys(ordinary["binary"], BIN)
    kind_of |= dict.fromkeys([*ordinary["relations"], *ordinary["arrows"]], REL)
    named = {"openers": OPEN, "closers": CLOSE, "punctuation": PUNCT, "binary": BIN, "relations": REL}
    for name, kind in named.items():
        kind_of |= dict.fromkeys(tables()[name], kind)
    kind_of |= dict.fromkeys(["\\lnot", "\\neg"], ORD)
    typed = ((character_of(token), kind) for token, kind in kind_of.items() if token.startswith("\\"))
    return {text: kind for text, kind in typed if text and not text.isascii()} | kind_of  # `≤` as `\leq`


@lru_cache(maxsize=1 << 14)
def atom_of(token: str) -> Atom | None:
    """The atom of a token; ``None`` for an unknown token."""
    known = tables()
    if token in known["functions"] or token in known["limit_functions"]:
        return Atom(known["names"].get(token, token[1:]), OP, limits=token in known["limit_functions"])
    text = character_of(token)
    if text is None:
        return None
    if token in known["limit_operators"] or token in known["side_operators"]:
        return Atom(text, OP, limits=token in known["limit_operators"])
    kind = _kinds().get(token, ORD)
    return Atom(text, kind, letter=kind == ORD and text.isalpha())


def character_of(token: str) -> str | None:
    """The character of a token; ``None`` for an unknown token."""
    if token in tables()["characters"]:
        character: str = tables()["characters"][token]
        return character
    if len(token) == 1:
        return token if token.isprintable() else None
    from latex2mathml.symbols_parser import convert_symbol

    code = convert_symbol(token) if token.startswith("\\") else None
    return chr(int(code, 16)) if code else None
