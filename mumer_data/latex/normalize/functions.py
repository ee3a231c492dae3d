"""Functions that are written as their letters: ``l o g x`` -> ``\\log x``.

Not for words: a run of letters that is more than functions and their variables stays as it is.
"""

from __future__ import annotations

import re

from mumer_data.latex.tree import Symbol

Row = list[Symbol]
BREAK = "nextline"

# Letter runs that are functions; shorter names and those that are likely products (l n, e x p, m a x) are left out.
FUNCTIONS = ("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sin", "cos", "tan", "cot", "log", "lim")
_NAMES = "|".join(FUNCTIONS)
_PRODUCT = re.compile(f"[A-Za-z]?(?:(?:{_NAMES})[A-Za-z]?)+")
_WORDS = ("cost", "cosy", "sing", "sink", "sins", "sine", "tang", "tank", "tans", "logo", "logs", "limb", "limp")


def spelled_functions(row: Row) -> Row:
    """``l o g`` -> ``\\log`` where no script comes between the letters; a whole subscript is a name, not a function.

    A run of letters is a product of functions, each with one variable at most (``x s i n y``), or else a word.
    """
    if row and row[0].relation == "sub" and "".join(symbol.token for symbol in row) in FUNCTIONS:
        return row
    out: Row = []
    place = 0
    while place < len(row):
        end = _run_end(row, place)
        text = "".join(symbol.token for symbol in row[place:end])
        if end - place > 2 and text not in _WORDS and _PRODUCT.fullmatch(text):
            out += _with_functions(row[place:end], text)
        else:
            out += row[place : max(end, place + 1)]
        place = max(end, place + 1)
    return out


def _run_end(row: Row, place: int) -> int:
    """The end of the run of letters that begins at ``place``."""
    end = place
    while end < len(row) and _is_letter(row[end]) and (end == place or row[end].relation != BREAK):
        end += 1
        if row[end - 1].children:
            break
    return end


def _is_letter(symbol: Symbol) -> bool:
    return len(symbol.token) == 1 and symbol.token.isascii() and symbol.token.isalpha()


def _with_functions(letters: Row, text: str) -> Row:
    """The letters with every function in them as its command, where its letters have no scripts between them."""
    out: Row = []
    place = 0
    while place < len(letters):
        name = next((name for name in FUNCTIONS if text.startswith(name, place)), None)
        if name is None or any(symbol.children for symbol in letters[place : place + len(name) - 1]):
            out.append(letters[place])
            place += 1
            continue
        first, last = letters[place], letters[place + len(name) - 1]
        out.append(Symbol(f"\\{name}", first.relation, first.position, last.children))
        place += len(name)
    return out
