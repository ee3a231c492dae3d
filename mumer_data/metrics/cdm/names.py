"""When two marks are the same, or look alike; the table is ``names.toml``.

Not for where they stand.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

_GROWN = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?=[^a-zA-Z]|\\)")

_VARIANT = re.compile(r"\\(?:var|wide)(?=[a-zA-Z])")


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1 << 14)
def canonical(name: str) -> str:
    """One name for all commands that set the same."""
    grown = _GROWN.match(name)
    if grown:
        return grown.group() + _table()["same"].get(name[grown.end() :], name[grown.end() :])
    return _table()["same"].get(name, name)


@lru_cache(maxsize=1 << 14)
def looks(name: str) -> str:
    """One name for all that looks alike; ``name`` is canonical."""
    plain = _GROWN.sub("", name, count=1)
    plain = _table()["grown"].get(plain, plain) if plain != name else plain
    plain = _table()["alike"].get(plain, plain)
    return _VARIANT.sub(r"\\", plain)


def one_picture(label: str) -> str:
    """A label with one spelling for what people take for one picture, where VisEq is stricter than they are."""
    tokens, spellings = label.split(), _table()["viseq"]
    found: list[str] = []
    arrows: list[int] = []  # depth of the braces around each stretched arrow that is open
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        following = tokens[place + 1 : place + 4]
        if token == "\\xrightarrow" and following[:1] == ["{"]:
            arrows.append(depth)
            found.append("\\overset")
            continue
        if token == "\\overrightarrow" and following[:1] == ["{"] and following[2:] == ["}"]:
            token = "\\vec"  # over one letter
        found.append(spellings.get(token, token))
        if token == "}" and arrows and arrows[-1] == depth:
            arrows.pop()
            found += ["{", "\\rightarrow", "}"]
    return " ".join(found)
