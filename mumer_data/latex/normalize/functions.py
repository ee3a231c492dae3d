"""Functions that are written as single letters: ``l o g x`` -> ``\\log x``.

Not for words: a sequence of letters other than functions and their variables is unchanged.
"""

from __future__ import annotations

import re

from mumer_data.latex.tree import Symbol

Row = list[Symbol]
BREAK = "nextline"

# Letter sequences that are functions; short names and likely products (l n, e x p, m a x) are excluded.
FUNCTIONS = ("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sin", "cos", "tan", "cot", "log", "lim")
_NAMES = "|".join(FUNCTIONS)
_PRODUCT = re.compile(f"[A-Za-z]?(?:(?:{_NAMES})[A-Za-z]?)+")
_WORDS = ("cost", "cosy", "sing", "sink", "sins", "sine", "tang", "tank", "tans", "logo", "logs", "limb", "limp")


def spelled_functions(row: Row) -> Row:
    """``l o g`` -> ``\\log`` if no letter but the last has a script; a complete subscript is a name, not a function.

    A sequence of letters is a product of functions, each with at most one variable (``x s i n y``), or a word.
    """
    if row and row[0].relation == "sub" and "".join(symbol.token for symbol in row) in FUNCTIONS:
        return row
    out: Row = []
    i = 0
    while i < len(row):
        end = _run_end(row, i)
        text = "".join(symbol.token for symbol in row[i:end])
        if end - i > 2 and text not in _WORDS and _PRODUCT.fullmatch(text):
            out += _with_functions(row[i:end], text)
        else:
            out += row[i : max(end, i + 1)]
        i = max(end, i + 1)
    return out


def _run_end(row: Row, begin: int) -> int:
    """The end of the sequence of letters that begins at ``begin``."""
    end = begin
    while end < len(row) and _is_letter(row[end]) and (end == begin or row[end].relation != BREAK):
        end += 1
        if row[end - 1].children:
            break
    return end


def _is_letter(symbol: Symbol) -> bool:
    return len(symbol.token) == 1 and symbol.token.isascii() and symbol.token.isalpha()


def _with_functions(letters: Row, text: str) -> Row:
    """The letters with every function replaced by its command, if no letter but its last has scripts."""
    out: Row = []
    i = 0
    while i < len(letters):
        name = next((name for name in FUNCTIONS if text.startswith(name, i)), None)
        if name is None or any(symbol.children for symbol in letters[i : i + len(name) - 1]):
            out.append(letters[i])
            i += 1
            continue
        first, last = letters[i], letters[i + len(name) - 1]
        out.append(Symbol(f"\\{name}", first.relation, first.position, last.children))
        i += len(name)
    return out
