"""label -> Tree-CoT text in the dialect ``published``, byte for byte what the Uni-MuMER converter writes.

That converter reads a label more shallowly than our grammar: it knows scripts on plain symbols only, in the order
sub, sup, and writes all it does not know (braces and marks included) as symbols of the row. So this dialect is a
reading of the tokens, not of the tree: the grammar says what each token is, this module what is kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mumer_data.latex.diagnostics import explain
from mumer_data.latex.grammar import Role
from mumer_data.latex.parser import lalr_table
from mumer_data.latex.transducer import (
    STOP,
    Branch,
    Context,
    Reading,
    Transducer,
    Unreadable,
)

EMIT, CLOSE, OPEN, SKIP, DEEPEN, EMIT_OPEN, EMIT_CLOSE, END_CLOSE = range(8)

Scripts = tuple[tuple[str, str], ...]
# What a symbol can carry, by mark and relation, in the one order that the dialect knows.
SCRIPTS: Scripts = (("_", "sub"), ("^", "sup"))
LIMITS: Scripts = (("_", "below"), ("^", "above"))
# Commands whose arguments are branches; they carry no scripts.
STRUCTURED = frozenset({"fraction", "accent", "radical", "infix"})
BRACES = "{"


def relations(environments: Iterable[str]) -> list[str]:
    """All that can stand in the brackets of a line, where these are the names of environments."""
    names = list(environments)
    fixed = ["right", "nextline", *(relation for _, relation in SCRIPTS + LIMITS)]
    return fixed + [f"{edge}_{name}" for edge in ("begin", "end") for name in names]


class Memory(NamedTuple):
    """What the dialect remembers of the row so far.

    Attributes:
        relation: of the next symbol on this row.
        takes: the scripts that the symbol before can still take; ``None`` where a line begins.
        branch: relation of the branch that a mark has announced.
        within: what encloses the row: ``""`` a branch or nothing, `BRACES` braces that are written as symbols,
            else the relation of the ``\\end`` that closes an environment.
    """

    relation: str
    takes: Scripts | None = None
    branch: str = ""
    within: str = ""


class PublishedReading(Reading):
    """The grammar's tokens as lines of the published text; an action is what follows the token on its line."""

    start = Memory("")

    def step(self, memory: Memory, role: Role, token: str) -> tuple[int, Any, Any]:
        """See `Reading.step`."""
        if role.kind == "mark" and role.relation != "environment":
            for place, (mark, relation) in enumerate(memory.takes or ()):
                if mark == token:
                    rest = (memory.takes or ())[place + 1 :]
                    return SKIP, "", memory._replace(takes=rest, branch=relation)
        elif role.kind in ("newline", "next_row") and memory.takes is not None:
            return DEEPEN, "", memory._replace(relation="nextline", takes=None)
        elif role.kind == "open" and (inside := self._branch(memory, role, token)):
            return OPEN, "", Branch(inside, memory._replace(branch=""))
        elif role.kind == "close" and memory.within != BRACES:
            return (END_CLOSE, f" ({memory.within})", memory) if memory.within else (CLOSE, "", memory)
        elif role.kind == "tail":
            return SKIP, "", memory
        return self._symbol(memory, role)

    def _branch(self, memory: Memory, role: Role, token: str) -> Memory | None:
        """The memory inside a branch that opens at ``token``; ``None`` where the dialect sees mere braces."""
        if memory.branch:
            return Memory(memory.branch)
        if role.relation == "environment" and token.startswith("{"):
            name = token.strip("{}")
            return Memory(f"begin_{name}", within=f"end_{name}")
        if role.relation in ("above", "below") and memory.takes == ():
            return Memory(role.relation)
        return None

    def _symbol(self, memory: Memory, role: Role) -> tuple[int, Any, Any]:
        takes = SCRIPTS
        if role.kind == "symbol" and role.relation == "operator":
            takes = LIMITS
        elif role.relation in STRUCTURED or (role.relation, role.kind) == ("environment", "mark"):
            takes = ()
        line = f" ({memory.relation})" if memory.relation else ""
        after = Memory("right", takes, within=memory.within)
        if role.kind == "open":
            return EMIT_OPEN, line, Branch(after._replace(within=BRACES), after)
        return EMIT_CLOSE if role.kind == "close" else EMIT, line, after

    def load(self, kind: int, action: str, token: str, after: Context | None) -> Any:
        """See `Reading.load`: the line, the context after a branch, or both."""
        return after if kind == OPEN else (token + action, after) if kind == EMIT_OPEN else token + action

    def stop(self, memory: Memory) -> None:
        """The text needs nothing more."""


@lru_cache(maxsize=1)
def published_transducer() -> Transducer:
    """The reading, with what it has learned from the labels of this process."""
    return Transducer(lalr_table(), PublishedReading())


def published_text(label: str) -> str:
    """The Tree-CoT text of a label in the dialect ``published``.

    Source: the converter of Uni-MuMER (arXiv 2505.23566). An empty argument, an empty script and a line break at
    the end of a row leave no trace in it.

    Raises:
        LatexSyntaxError: the label does not parse.
    """
    return published_text_of(label.split())


def published_text_of(tokens: Sequence[str]) -> str:
    """As `published_text`, of a label's tokens."""
    try:
        return "".join(_lines(tokens, published_transducer()))[1:]
    except Unreadable:
        raise explain(list(tokens), lalr_table()) from None


def _lines(tokens: Sequence[str], transducer: Transducer) -> list[str]:
    context = transducer.start
    indent = "\n"
    lines: list[str] = []
    emit = lines.append
    above: list[tuple[Context, str]] = []
    for token in tokens:
        try:
            context, kind, load = context[token]
        except KeyError:
            context, kind, load = transducer.derive(context, token)
        if kind == EMIT:
            emit(indent + load)
        elif kind == CLOSE:
            context, indent = above.pop()
        elif kind == OPEN:
            above.append((load, indent))
            indent += "\t"
        elif kind == DEEPEN:
            indent += "\t"
        elif kind == EMIT_OPEN:
            emit(indent + load[0])
            above.append((load[1], indent))
        elif kind == EMIT_CLOSE:
            emit(indent + load)
            context, _ = above.pop()
        elif kind == END_CLOSE:
            context, indent = above.pop()
            emit(f"{indent}\t{load}")
    if above or not tokens:
        raise Unreadable
    if STOP not in context:
        transducer.stop(context)
    return lines
