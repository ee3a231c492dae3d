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
