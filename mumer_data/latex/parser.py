"""label -> `SymbolTree`: the grammar read as a builder of symbols, one look-up a token.

Not for text (see `published` and `slt`) and not for raw LaTeX: every script and argument is braced here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.diagnostics import explain, unknown_commands
from mumer_data.latex.grammar import Role, load_grammar
from mumer_data.latex.transducer import (
    STOP,
    Branch,
    Context,
    LalrTable,
    Reading,
    Transducer,
    Unreadable,
)
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

ADD, OPEN, CLOSE, SKIP, RARE = range(5)
SEPARATED = {"newline": "nextline", "next_row": "row", "next_cell": "cell"}


class Rare(NamedTuple):
    """What the builder does at a token that is not a plain symbol, script or argument.

    Attributes:
        blank: relation of a blank to add first; ``None`` for no blank.
        add: relation of a symbol to add; ``None`` for no symbol.
        name: whether the token names the environment that was begun just before.
        enter: ``children`` of the last symbol, the ``same`` row again, or ``""`` where no branch opens.
        leave: whether a branch closes, before the symbol is added.
    """

    blank: str | None = None
    add: str | None = None
    name: bool = False
    enter: str = ""
    leave: bool = False


class TreeReading(Reading):
    """The grammar as a builder; the memory is the relation of the next symbol, `RIGHT` once its row has one."""

    start = ""

    def step(self, memory: Any, role: Role, token: str) -> tuple[int, Any, Any]:
        """See `Reading.step`; the action is the relation of the symbol to add, or a `Rare`."""
        blank = None if memory == RIGHT else memory
        if role.kind == "symbol" or (role.kind == "mark" and role.relation == "environment"):
            return ADD, memory, RIGHT
        if role.kind == "open":
            return self._open(memory, role, token)
        if role.relation == "bracketed":
            return RARE, Rare(add=memory, leave=True), RIGHT
        leave = role.kind == "close"
        after = SEPARATED.get(role.kind, RIGHT)
        if blank is not None and role.kind != "tail":
            return RARE, Rare(blank=blank, leave=leave), after
        return CLOSE if leave else SKIP, None, after

    def _open(self, memory: str, role: Role, token: str) -> tuple[int, Any, Any]:
        if role.relation == "environment":
            named = token.startswith("{")
            rare = Rare(add=None if named else memory, name=named, enter="children")
            return RARE, rare, Branch("row", RIGHT)
        if role.relation == "group":
            return RARE, Rare(add=memory, enter="children"), Branch("inside", RIGHT)
        if role.relation == "columns":
            return RARE, Rare(enter="same"), Branch("columns", "row")
        if role.relation == "bracketed":
            return RARE, Rare(add=memory, enter="same"), Branch(RIGHT, RIGHT)
        return OPEN, None, Branch(role.relation, RIGHT)

    def load(self, kind: int, action: Any, token: str, after: Context | None) -> Any:
        """See `Reading.load`: a relation to add, the context after a branch, or both parts of a rare step."""
        return after if kind == OPEN else (action, after) if kind == RARE else action

    def stop(self, memory: str) -> str | None:
        """The relation of a blank that the label ends with, or ``None``."""
        return None if memory == RIGHT else memory


@lru_cache(maxsize=1)
def lalr_table() -> LalrTable:
    """The grammar's table, loaded once a process."""
    return LalrTable(load_grammar())


@lru_cache(maxsize=1)
def tree_transducer() -> Transducer:
    """The builder, with what it has learned from the labels of this process."""
    return Transducer(lalr_table(), TreeReading())


def parse(label: str, *, strict: bool = False) -> SymbolTree:
    """Read a tokenised label.

    Args:
        label: LaTeX, tokens parted by whitespace, every script and argument braced.
        strict: report commands that ``commands.toml`` does not know; otherwise they are ordinary symbols.

    Raises:
        LatexSyntaxError: with the position of the offending token and what was expected there.
    """
    tokens = label.split()
    tree = try_parse(tokens)
    if tree is None:
        raise explain(tokens, lalr_table())
    if strict:
        refuse_unknown_commands(tokens)
    return tree


def refuse_unknown_commands(tokens: Sequence[str]) -> None:
    """Raise ``LatexSyntaxError`` at the first command that ``commands.toml`` does not know."""
    for position, command in unknown_commands(tokens):
        raise LatexSyntaxError(f"unknown command {command}", tokens=list(tokens), position=position)


def try_parse(tokens: Sequence[str]) -> SymbolTree | None:
    """The tree of a label's tokens, or ``None`` where they cannot be read: to say why takes three times as long."""
    symbols: list[Symbol] = []
    try:
        _build(tokens, symbols, tree_transducer())
    except Unreadable:
        return None
    return SymbolTree(symbols)


def _build(tokens: Sequence[str], row: list[Symbol], transducer: Transducer) -> None:
    """Add the symbols of a label to ``row``; raises `Unreadable`."""
    context = transducer.start
    above: list[tuple[list[Symbol], Context]] = []
    for position, token in enumerate(tokens):
        try:
            context, kind, load = context[token]
        except KeyError:
            context, kind, load = transducer.derive(context, token)
        if kind == ADD:
            row.append(Symbol(token, load, position, []))
        elif kind == CLOSE:
            row, context = above.pop()
        elif kind == OPEN:
            above.append((row, load))
            row = row[-1].children
        elif kind == RARE:
            row, context = _rare(load, token, position, row, context, above)
    if above or not tokens:
        raise Unreadable
    try:
        blank = context[STOP]
    except KeyError:
        blank = transducer.stop(context)
    if blank is not None:
        row.append(Symbol("", blank, len(tokens), []))


def _rare(
    load: tuple[Rare, Context],
    token: str,
    position: int,
    row: list[Symbol],
    context: Context,
    above: list[tuple[list[Symbol], Context]],
) -> tuple[list[Symbol], Context]:
    """Blanks, groups, environments, columns, and brackets within an option: the row and context that follow."""
    rare, after = load
    if rare.blank is not None:
        row.append(Symbol("", rare.blank, position, []))
    if rare.leave:
        row, context = above.pop()
    if rare.enter:
        above.append((row, after))
    if rare.add is not None:
        row.append(Symbol(token, rare.add, position, []))
    if rare.name:
        row[-1].token = f"\\begin {token}"
    return (row[-1].children if rare.enter == "children" else row), context
