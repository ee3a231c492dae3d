r"""`SymbolTree` <-> Tree-CoT text in the dialect ``compact``: one baseline per line, as far as no symbol has a branch.

Not for the other dialects: see `serialize` and `deserialize`, which call this module.

A line is its relation in parentheses and the symbols of a row, separated by spaces. After a symbol with branches the
line ends; its branches follow one tab deeper, and the row continues on a line of its own without a relation::

    \frac
        (above) a
                (sup) 2
        + 1
        (below) b
"""

from __future__ import annotations

from collections.abc import Iterator

from mumer_data.exceptions import TreeTextError
from mumer_data.latex.symbol import RIGHT, Symbol

BLANK = "_"
Row = tuple[int, str, str]


def compact_text(symbols: list[Symbol]) -> str:
    """The text of the outermost row of a tree."""
    lines: list[str] = []
    words: list[str] = []
    pending: list[tuple[Iterator[Symbol], str]] = []
    row, indent = iter(symbols), "\n"
    while True:
        for symbol in row:
            token, relation = symbol.token or BLANK, symbol.relation
            if relation not in (RIGHT, ""):
                _flush(lines, indent, words)
                words.append(f"({relation})")
            words.append(token)
            if symbol.children:
                _flush(lines, indent, words)
                pending.append((row, indent))
                row, indent = iter(symbol.children), indent + "\t"
                break
        else:
            _flush(lines, indent, words)
            if not pending:
                return "".join(lines)[1:]
            row, indent = pending.pop()


def _flush(lines: list[str], indent: str, words: list[str]) -> None:
    """End the line of these words, if there are any."""
    if words:
        lines.append(indent + " ".join(words))
        words.clear()


def compact_rows(text: str) -> list[Row]:
    """The symbols of a text as (depth, token, relation); a blank has the token ``""``.

    Raises:
        TreeTextError: a line has no symbol, or stands too deep; names the line.
    """
    rows: list[Row] = []
    above = -1
    for number, line in enumerate(text.split("\n"), 1):
        body = line.lstrip("\t")
        depth, words = len(line) - len(body), body.split(" ")
        if depth > above + 1:
            raise TreeTextError("more than one level deeper than the line before", line=number)
        above, relation = depth, RIGHT if rows else ""
        if _is_relation(words[0]):
            relation = words.pop(0)[1:-1]
        if not all(words) or not words:
            raise TreeTextError("expected symbols separated by single spaces, after a relation or none", line=number)
        for token in _joined(words):
            rows.append((depth, "" if token == BLANK else token, relation))
            relation = RIGHT
    return rows


def _is_relation(word: str) -> bool:
    return len(word) > 2 and word.startswith("(") and word.endswith(")")


def _joined(words: list[str]) -> Iterator[str]:
    r"""The tokens of a line: ``\begin`` and the name after it are one."""
    rest = iter(words)
    for word in rest:
        name = next(rest, "") if word == "\\begin" else ""
        yield f"{word} {name}" if name else word
