"""Environments of raw LaTeX: display wrappers, other names of the same layout, columns, tables of plain TeX.

Not for the tokens around them: see `reader`.
"""

from __future__ import annotations

from functools import lru_cache

# Wrappers that set one formula apart and draw nothing.
_WRAPPERS = frozenset(("{equation}", "{equation*}", "{displaymath}", "{math}", "{dmath}", "{dmath*}", "{small}"))
_WRAPPERS |= frozenset(("{center}", "{subequations}", "{flushleft}", "{flushright}", "{large}"))
# Of these so do those that hold one cell only.
_ROWS = frozenset(("{align}", "{align*}", "{gather}", "{gather*}", "{multline}", "{multline*}", "{eqnarray}"))
_ROWS |= frozenset(("{eqnarray*}", "{flalign}", "{flalign*}", "{split}", "{aligned}", "{gathered}", "{multlined}"))
# Name -> the name of the same layout that the grammar lists.
ENVIRONMENTS = {
    **{f"{{{name}*}}": f"{{{name}}}" for name in ("align", "gather", "multline", "eqnarray", "alignat", "flalign")},
    **{f"{{{name}matrix*}}": f"{{{name}matrix}}" for name in ("", "p", "b", "B", "v", "V")},
    **{f"{{{name}smallmatrix}}": f"{{{name}matrix}}" for name in ("p", "b", "B", "v", "V")},
    **{f"{{{name}smallmatrix*}}": f"{{{name}matrix}}" for name in ("p", "b", "B", "v", "V")},
    "{smallmatrix*}": "{smallmatrix}",
    "{cases*}": "{cases}",
    "{dcases}": "{cases}",
    "{dcases*}": "{cases}",
    "{rcases*}": "{rcases}",
    "{darray}": "{array}",
    "{tabular*}": "{tabular}",
    "{tabularx}": "{tabular}",
}
_NO_FORMULA = ("picture", "tikzpicture", "tikzcd", "xy", "verbatim", "figure", "table", "itemize", "enumerate")
_LAYOUTS = ("CD", "numcases", "subnumcases", "prooftree", "empheq", "drcases", "lstlisting")
REFUSED = frozenset(f"{{{name}}}" for name in (*_NO_FORMULA, *_LAYOUTS))
_PLAIN_TEX = ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "cases", "smallmatrix")


@lru_cache(maxsize=1)
def old_tables() -> dict[str, str]:
    """Commands of plain TeX that take their rows in braces -> the environment's name."""
    tables = {f"\\{name}": f"{{{name}}}" for name in _PLAIN_TEX}
    return tables | {"\\eqalign": "{aligned}", "\\displaylines": "{gathered}"}


def is_display(name: str, content: list[str]) -> bool:
    """Whether an environment only sets one formula apart; ``content`` may be in any order."""
    if name in _WRAPPERS:
        return True
    return name in _ROWS and not any(token in ("&", "\\\\", "\\cr", "\\begin") for token in content)


def column_tokens(columns: list[str]) -> list[str] | None:
    """The columns of an array: repetitions expanded, spaces and widths left out; ``None`` where they are not columns.

    ``* { 3 } { c | }`` is ``c | c | c |``, ``p { 3 c m }`` is ``l``.
    """
    out: list[str] = []
    rest = columns[::-1]
    while rest:
        token = rest.pop()
        if token in "lcr|:" or token == "\\Vert" or token.isdigit():
            out.append(token)
        elif token == "*":
            count, body = _group(rest), _group(rest)
            number = "".join(count or ["x"])
            if body is None or not number.isdecimal() or int(number) * len(body) > 100:
                return None
            rest += (body * int(number))[::-1]
        elif token in ("@", "!", ">", "<"):
            if _group(rest) is None:
                return None
        elif token in ("p", "m", "b", "w"):
            if _group(rest) is None:
                return None
            out.append("l")
        elif token in ("X", "L"):
            out.append("l")
        elif token not in ("{", "}"):
            return None
    return out


def _group(rest: list[str]) -> list[str] | None:
    """The next group or token of a stack, without its braces."""
    if not rest:
        return None
    token = rest.pop()
    if token != "{":
        return [token]
    value: list[str] = []
    depth = 1
    while rest:
        token = rest.pop()
        depth += (token == "{") - (token == "}")
        if not depth:
            return value
        value.append(token)
    return None
