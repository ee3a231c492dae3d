"""Raw LaTeX or a label -> a normalised label for the rating: markup around it, colours and chemistry are read too.

Not a normaliser of its own: `mumer_data.latex.normalize` does the work.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import Normalizer

_FENCES = re.compile(r"^\s*(?:\$\$?|\\\[|\\\()|(?:\$\$?|\\\]|\\\))\s*$")
_COLOUR = re.compile(r"\\color\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}|\\textcolor\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}")
_CHEMISTRY = re.compile(r"\\ce\s*\{")
_ARROWS = {"->": " \\rightarrow ", "<-": " \\leftarrow ", "<=>": " \\rightleftharpoons ", "<->": " \\leftrightarrow "}
_PART = re.compile(
    r"(?P<arrow><=>|<->|->|<-)|(?P<space>\s+)|\^\{(?P<upper>[^{}]*)\}|_\{(?P<lower>[^{}]*)\}"
    r"|(?P<element>[A-Z][a-z]?|[a-z)\]])(?P<count>\d+)?|(?P<number>\d+)|(?P<sign>[+-])(?=\s|$|[\])])|(?P<other>.)"
)


@lru_cache(maxsize=1)
def _normalizer() -> Normalizer:
    return Normalizer("crohme", {"wrappers": False})  # fonts are kept: readers see them


@lru_cache(maxsize=1 << 12)
def prepared(text: str) -> tuple[str, bool]:
    """The normalised label, and whether LaTeX could be read; else the text as it is."""
    plain = _FENCES.sub("", _FENCES.sub("", text.strip())).strip()
    plain = _without_chemistry(_COLOUR.sub(" ", plain)).removeprefix("&")
    plain = re.sub(r"(?:\\\\|\\quad|\\,|~|\s)+$", "", plain)
    try:
        return _normalizer()(plain), True
    except LatexSyntaxError:
        return plain, False


def _without_chemistry(text: str) -> str:
    """``\\ce{H2O}`` as ``H_{2}O``: elements, counts, charges, arrows, states (``v``, ``^``)."""
    while begin := _CHEMISTRY.search(text):
        depth, place = 1, begin.end()
        while place < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            place += 1
        text = text[: begin.start()] + _formula(text[begin.end() : place - 1]) + text[place:]
    return text


def _formula(text: str) -> str:
    parts: list[str] = []
    text = re.sub(r"(?<=\s)v(?=\s|$)", "\\\\downarrow ", text)
    text = re.sub(r"(?<=\s)\^(?=\s|$)", "\\\\uparrow ", text)
    for found in re.split(r"(\\[a-zA-Z]+)", text):
        parts.append(found if found.startswith("\\") else _PART.sub(_part, found))
    joined = "".join(parts)
    return re.sub(r"\^\{(\w*)\}\^\{([+-])\}", r"^{\1\2}", joined)


def _part(found: re.Match[str]) -> str:
    if found["arrow"]:
        return _ARROWS[found["arrow"]]
    if found["upper"] is not None:
        return f"^{{{found['upper']}}}"
    if found["lower"] is not None:
        return f"_{{{found['lower']}}}"
    if found["element"]:
        return found["element"] + (f"_{{{found['count']}}}" if found["count"] else "")
    if found["sign"]:
        before = found.string[: found.start()]
        return f"^{{{found['sign']}}}" if before and not before[-1].isspace() else found["sign"]
    return found[0]
