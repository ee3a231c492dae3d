"""Which marks are the same or look alike, from the table ``names.toml``.

Not for positions.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

_SIZED = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?=[^a-zA-Z]|\\)")

_VARIANT = re.compile(r"\\(?:var|wide)(?=[a-zA-Z])")


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1 << 14)
def canonical(name: str) -> str:
    """One name for all commands that typeset the same mark."""
    size_command = _SIZED.match(name)
    if size_command:
        return size_command.group() + _table()["same"].get(name[size_command.end() :], name[size_command.end() :])
    return _table()["same"].get(name, name)


@lru_cache(maxsize=1 << 14)
def looks(name: str) -> str:
    """One name for all marks that look alike; ``name`` is canonical."""
    plain = _SIZED.sub("", name, count=1)
    plain = _table()["grown"].get(plain, plain) if plain != name else plain
    plain = _table()["alike"].get(plain, plain)
    return _VARIANT.sub(r"\\", plain)


def one_picture(label: str) -> str:
    """A label in which spellings that look the same to people, but not to VisEq, are unified."""
    tokens, spellings = label.split(), _table()["viseq"]
    unified: list[str] = []
    arrows: list[int] = []  # depth of the braces around each stretched arrow that is open
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        following = tokens[i + 1 : i + 4]
        if token == "\\xrightarrow" and following[:1] == ["{"]:
            arrows.append(depth)
            unified.append("\\overset")
            continue
        if token == "\\overrightarrow" and following[:1] == ["{"] and following[2:] == ["}"]:
            token = "\\vec"  # over one letter
        unified.append(spellings.get(token, token))
        if token == "}" and arrows and arrows[-1] == depth:
            arrows.pop()
            unified += ["{", "\\rightarrow", "}"]
    return " ".join(unified)
