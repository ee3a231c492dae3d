"""A formula as the list of symbols that a reader sees, each with its relation, for the comparison of two formulas.

Spellings that look the same become the same list; not for typesetting, and not a dialect of labels.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mumer_data.latex.parser import try_parse
from mumer_data.latex.to_latex import class_of
from mumer_data.latex.tree import Symbol
from mumer_data.metrics.cdm.names import canonical
from mumer_data.typeset.atoms import tables

_ALIGNED = ("align", "aligned", "alignat", "alignedat", "split", "gather", "gathered", "eqnarray")
_ORDER = {"above": 0, "inside": 1, "below": 2, "sub": 4, "sup": 5}
_DECLARED = {"normal": "upright", "italic": "", "bold italic": "bold"}
_LIMITS = {"below": "sub", "above": "sup"}  # limits above and below are treated as scripts


@dataclass(frozen=True, slots=True)
class Node:
    """One visible symbol: its name, its relation to what precedes or carries it, its depth, and its font."""

    name: str
    relation: str
    depth: int
    font: str = ""


@lru_cache(maxsize=1)
def names() -> dict[str, Any]:
    """``symbols.toml``: names that look the same, groups that look alike, classes."""
    return tomllib.loads((Path(__file__).parent / "symbols.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1 << 12)
def nodes_of(label: str) -> tuple[tuple[Node, ...], bool]:
    """The symbols of a tokenised label, and whether they come from its tree; otherwise they are its tokens."""
    tokens = label.split()
    tree = try_parse(tokens) if tokens else None
    if tree is not None:
        try:
            return tuple(_row(tree.symbols, 0, "")), True
        except RecursionError:
            pass
    visible = [token for token in tokens if token not in "{}^_&" and not _silent(token)]
    return tuple(Node(_name(token), "right", 0) for token in visible), False


@lru_cache(maxsize=1 << 12)
def _silent(token: str) -> bool:
    known = tables()
    return token in known["silent"] or token in known["spaces"] or token in ("", "\\\\", "\\hspace", "\\label")


@lru_cache(maxsize=1 << 12)
def _name(token: str) -> str:
    """One name for all commands that show the same."""
    name = canonical(token)
    unified: str = names()["same"].get(name, name)
    return unified


def _row(symbols: Sequence[Symbol], depth: int, font: str) -> Iterator[Node]:
    relation = symbols[0].relation if symbols else ""
    pending = relation if relation in ("sub", "sup", "above", "below") else ""
    negated, once = False, ""  # \\not, and a font without braces, apply to the next symbol
    for i, symbol in enumerate(symbols):
        declared = tables()["declarations"].get(symbol.token)
        if declared is not None:
            font = _DECLARED.get(declared, declared)
            continue
        if symbol.token in names()["fonts"] and not symbol.children:
            once = names()["fonts"][symbol.token]
            continue
        if symbol.token == "\\not" and not symbol.children and i + 1 < len(symbols):
            negated = True
            continue
        for node in _symbol(symbol, depth, once or font):
            if negated and node.depth == depth:
                node, negated = replace(node, name=_name(f"\\not{node.name}")), False
            if pending and node.depth == depth:
                node = Node(node.name, pending, depth, node.font)
                pending = ""
            elif i and node.depth == depth and node.relation not in ("cell", "row"):
                node = Node(node.name, "right", depth, node.font)
            yield node
        once = ""


def _symbol(symbol: Symbol, depth: int, font: str) -> Iterator[Node]:
    known, token = tables(), symbol.token
    if token.startswith("\\begin"):
        yield from _environment(symbol, depth, font)
    elif token and not token.strip("'"):
        yield from _branches(symbol, depth, font)
        yield from (Node("\\prime", "sup", depth + 1) for _ in token)
    elif token == "{" or token in known["fonts"]:
        inner = names()["fonts"].get(token, font)
        yield from _row(symbol.branch("inside"), depth, inner)
        scripts = [branch for branch in symbol.branches if branch[0] != "inside"]
        yield from _branches(symbol, depth, font, scripts)
    elif token == "\\pmod":
        yield from (Node(letter, "right", depth, _font(letter, "upright")) for letter in "(mod")
        yield from _row(symbol.branch("inside"), depth, font)
        yield Node(")", "right", depth)
    elif token in known["functions"] or token in known["limit_functions"]:
        word = known["names"].get(token, token[1:])
        yield from (Node(letter, "right", depth, _font(letter, "upright")) for letter in word)
        yield from _branches(symbol, depth, font)
    elif token in known["long"]:
        yield Node("\\overset", "right", depth)
        yield from _branches(symbol, depth, font)
        yield Node(_name({"\\xleftarrow": "\\leftarrow"}.get(token, "\\rightarrow")), "right", depth + 1)
    else:
        if not _silent(token):
            yield Node(_name(token), "right", depth, _font(token, font))
        yield from _branches(symbol, depth, font)


def _font(token: str, font: str) -> str:
    """The font of a letter; other symbols look alike in all of them."""
    return font if len(token) == 1 and token.isalpha() else ""


def _branches(
    symbol: Symbol, depth: int, font: str, branches: Sequence[tuple[str, Sequence[Symbol]]] | None = None
) -> Iterator[Node]:
    """Everything that a symbol carries: arguments, scripts, then primes."""
    chosen = symbol.branches if branches is None else branches
    if class_of(symbol.token) == "operator":
        chosen = [(_LIMITS.get(relation, relation), symbols) for relation, symbols in chosen]
    rows = sorted(chosen, key=lambda branch: _ORDER.get(branch[0], 3))
    primes: list[Node] = []
    others: list[Node] = []
    for relation, symbols in rows:
        row = list(_row(symbols, depth + 1, font))
        if row and relation in ("sub", "sup"):
            row[0] = replace(row[0], relation=relation)
        elif row and _name(symbol.token) in names()["groups"]["accents"].split():
            row[0] = replace(row[0], relation="right")  # a missing accent is one difference, not two
        if relation == "sup":
            count = next((n for n, node in enumerate(row) if node.name != "\\prime"), len(row))
            primes += [Node("\\prime", "sup", depth + 1)] * count
            if count and len(row) > count:
                row[count] = replace(row[count], relation="sup")
            others += row[count:]
        elif relation == "sub":
            others += row
        else:
            yield from row
    yield from others
    yield from primes


def _environment(symbol: Symbol, depth: int, font: str) -> Iterator[Node]:
    name = symbol.token.removeprefix("\\begin").strip(" {}").rstrip("*")
    opener, closer = tables()["fences"].get(name, (".", "."))
    aligned = name in _ALIGNED
    if opener != ".":
        yield Node(_name(opener), "right", depth)
    for i, (relation, symbols) in enumerate(b for b in symbol.branches if b[0] in ("row", "cell")):
        for number, node in enumerate(_row(symbols, depth, font)):
            first = number == 0 and i and not aligned
            yield Node(node.name, relation, depth, node.font) if first else node
    if closer != ".":
        yield Node(_name(closer), "right", depth)
