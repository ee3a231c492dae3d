"""Labels for the tests of this folder: hypothesis strategies over the whole grammar, and a plain Lark oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from lark import Token, Tree

from mumer_data.latex.compile import make_lark
from mumer_data.latex.grammar import grammar_files
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

T = TypeVar("T")
PLAIN = [*"abxyz129+-=(),|.[]&", "\\alpha", "\\sin", "\\limits", "\\unheardof", "\\left", "中", "\\_"]
RELATION = {"under": "below", "over": "above", "index": "below"}
COMMANDS: dict[str, list[tuple[list[str], int]]] = {
    "operator": [(["\\sum"], 0), (["\\int"], 0), (["\\\\"], 0), (["\\choose"], 0)],
    "group": [([], 1)],
    "fraction": [(["\\frac"], 2), (["\\dbinom"], 2)],
    "accent": [(["\\hat"], 1), (["\\overbrace"], 1), (["\\choose"], 1)],
    "radical": [(["\\sqrt"], 1), (["\\xleftarrow"], 1)],
    "wrapper": [(["\\textcircled"], 1), (["\\overset"], 2), (["\\underset"], 2)],
}
KINDS = [*COMMANDS, "environment", "joined"]
SEPARATORS = {"newline": "nextline", "next_row": "row", "next_cell": "cell"}


def labels(*, empty_scripts: bool = True) -> st.SearchStrategy[str]:
    """Labels that parse. Without ``empty_scripts``, only those whose published text shows all of them."""
    found = st.binary(max_size=120).map(lambda tape: " ".join(_row(_Tape(tape), 0))).filter(bool)
    return found if empty_scripts else found.filter(lambda label: not _leaves_no_trace(label))


def _leaves_no_trace(label: str) -> bool:
    """Whether the published text drops something: empty scripts and options, line breaks at the end of a row."""
    lost = ("_ { }", "^ { }", "[ ]", "\\choose { }", "\\\\ }", "\\\\ ]", "\\\\ \\end")
    return any(part in label for part in lost) or label.endswith("\\\\")


class _Tape:
    """Choices read off a string of bytes; past its end every choice is the first, so short tapes give short labels.

    Hypothesis draws and shrinks one byte string far faster than a tree of strategies.
    """

    def __init__(self, tape: bytes) -> None:
        self.tape = iter(tape)

    def below(self, limit: int) -> int:
        return next(self.tape, 0) % limit

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


def _row(tape: _Tape, depth: int) -> list[str]:
    tokens = _script(tape, depth) if depth and tape.below(10) == 9 else []
    for _ in range(tape.below(4 if depth < 2 else 3)):
        tokens += _nucleus(tape, depth)
        for _ in range(tape.below(6) // 3):
            tokens += _script(tape, depth)
    return tokens


def _script(tape: _Tape, depth: int) -> list[str]:
    return [tape.one_of("_^"), *_group(tape, depth)]


def _group(tape: _Tape, depth: int) -> list[str]:
    return ["{", *_row(tape, depth + 1), "}"]


def _nucleus(tape: _Tape, depth: int) -> list[str]:
    kind = tape.one_of(["plain"] * 6 + KINDS) if depth < 5 else "plain"
    if kind == "plain":
        return [tape.one_of(PLAIN)]
    if kind == "environment":
        name = tape.one_of(["{cases}", "{array}"])
        columns = _group(tape, depth) if name == "{array}" else []
        return ["\\begin", name, *columns, *_cells(tape, depth), "\\end", name]
    if kind == "joined":
        return ["\\begin{matrix}", *_cells(tape, depth), "\\end{matrix}"]
    command, arguments = tape.one_of(COMMANDS[kind])
    option = ["[", *_option(tape, depth), "]"] if kind == "radical" and tape.below(2) else []
    return [*command, *option, *(token for _ in range(arguments) for token in _group(tape, depth))]


def _cells(tape: _Tape, depth: int) -> list[str]:
    tokens = _row(tape, depth + 1)
    for _ in range(tape.below(3)):
        tokens += [tape.one_of(["&", "\\\\"]), *_row(tape, depth + 1)]
    return tokens


def _option(tape: _Tape, depth: int) -> list[str]:
    """A row without brackets of its own, or with a pair of them."""
    row = _row(tape, depth + 1)
    tokens = ["3"] if "[" in row or "]" in row else row
    return ["[", *tokens, "]", "3"] if tape.below(2) else tokens


_LARK = make_lark(grammar_files())


def lark_tree(label: str) -> SymbolTree:
    """The oracle: `Lark.parse` on the same grammar, and a plain recursive walk of Lark's tree."""
    tree = SymbolTree([])
    _add_row(_LARK.parse(label).children[0], "", tree.symbols)
    return tree


def _add_row(node: object, relation: str, out: list[Symbol]) -> None:
    """Add a row's symbols to ``out``; ``relation`` is that of its first."""
    assert isinstance(node, Tree)
    begun = False
    for child in node.children:
        assert isinstance(child, Tree)
        if child.data in SEPARATORS:
            if not begun:
                out.append(Symbol("", relation, 0, []))
            relation, begun = SEPARATORS[str(child.data)], False
        elif child.data == "blank":
            out.append(Symbol("", relation, 0, []))
            _add_branches(child.children, out[-1])
            begun = True
        elif child.data == "columns":
            _add_row(child.children[1], "columns", out)
            relation, begun = "row", False
        elif child.data == "cells":
            _add_row(child, relation, out)
            begun = True
        else:
            begun = _add_item(child, RIGHT if begun else relation, out)
    if not begun:
        out.append(Symbol("", relation, 0, []))


def _add_item(child: Tree[Token], relation: str, out: list[Symbol]) -> bool:
    """Add one item, or a piece of one that Lark left flat in the row."""
    if child.data in ("sub", "sup"):
        _add_branches([child], out[-1])
    elif child.data == "item":
        _add_nucleus(child.children[0], relation, out)
        _add_branches(child.children[1:], out[-1])
    else:
        _add_nucleus(child, relation, out)
    return True


def _add_nucleus(node: object, relation: str, out: list[Symbol]) -> None:
    assert isinstance(node, Tree)
    first = node.children[0]
    if node.data == "bracketed":
        out.append(Symbol("[", relation, 0, []))
        inner: list[Symbol] = []
        _add_row(node.children[1], RIGHT, inner)
        closing = inner.pop().relation if not inner[-1].token and not inner[-1].children else RIGHT
        if inner and not inner[0].token and inner[0].relation == RIGHT:  # scripts right after `[` are its own
            out[-1].children.extend(inner.pop(0).children)
        out.extend(inner)
        out.append(Symbol("]", closing, 0, []))
        return
    if node.data == "group":
        out.append(Symbol("{", relation, 0, []))
        _add_row(node.children[1], "inside", out[-1].children)
        return
    if node.data == "environment":
        split = first == "\\begin"
        out.append(Symbol(f"\\begin {node.children[1]}" if split else str(first), relation, 0, []))
        _add_row(node.children[2 if split else 1], "row", out[-1].children)
        return
    out.append(Symbol(str(first), relation, 0, []))
    _add_branches(node.children[1:], out[-1])


def _add_branches(nodes: list[Tree[Token] | Token], carrier: Symbol) -> None:
    """Add branches to their carrier."""
    for node in nodes:
        assert isinstance(node, Tree)
        name = str(node.data)
        body = next(child for child in node.children if isinstance(child, Tree))
        _add_row(body, RELATION.get(name, name), carrier.children)
