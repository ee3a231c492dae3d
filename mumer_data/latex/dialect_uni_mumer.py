"""label -> Tree-CoT text in the dialect ``published``, byte for byte what the Uni-MuMER converter writes.

That converter analyses a label less deeply than our grammar: it knows scripts on plain symbols only, in the order
sub, sup, and writes everything else (braces and marks included) as symbols of the row. So this dialect is computed
from the tokens, not from the tree: the grammar says what each token is, this module what is written for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from mumer_data.latex.diagnostics import explain
from mumer_data.latex.grammar import lalr_table
from mumer_data.latex.lalr import SyntaxRole, UnexpectedToken
from mumer_data.latex.transducer import Action, Context, Op, Semantics, Transducer

# In CPython 3.11 `Op.ADD` costs ten times a global name, and a global twice a local one: the loop runs once per token.
_FREQUENT = Op.ADD, Op.CLOSE, Op.OPEN, Op.SKIP
ADD_OPEN_SAME, CLOSE_ADD, CLOSE_ADD_BRANCH, DEEPEN = Op.ADD_OPEN_SAME, Op.CLOSE_ADD, Op.CLOSE_ADD_BRANCH, Op.DEEPEN

Scripts = tuple[tuple[str, str], ...]
# The scripts of a symbol, by mark and relation, in the one order that the dialect knows.
SCRIPTS: Scripts = (("_", "sub"), ("^", "sup"))
LIMITS: Scripts = (("_", "below"), ("^", "above"))
# Commands whose arguments are branches; they carry no scripts.
STRUCTURED = frozenset({"fraction", "accent", "radical", "infix"})
BRACES = "{"


def relations(environments: Iterable[str]) -> list[str]:
    """All relations that a line can have, given the names of the environments."""
    names = list(environments)
    fixed = ["right", "nextline", *(relation for _, relation in SCRIPTS + LIMITS)]
    return fixed + [f"{edge}_{name}" for edge in ("begin", "end") for name in names]


class Memory(NamedTuple):
    """The memory of the dialect: the state of the current row.

    Attributes:
        relation: of the next symbol on this row.
        takes: the scripts that the previous symbol can still take; ``None`` where a line begins.
        branch: relation of the branch that a mark has announced.
        within: what encloses the row: ``""`` a branch or nothing, `BRACES` braces that are written as symbols,
            else the relation of the ``\\end`` that closes an environment.
    """

    relation: str
    takes: Scripts | None = None
    branch: str = ""
    within: str = ""


class PublishedSemantics(Semantics[Memory]):
    """Writes the lines of the published text; the payload is a line without its indent."""

    start = Memory("")

    def step(self, memory: Memory, role: SyntaxRole, token: str) -> Action[Memory]:
        """See `Semantics.step`; the payload is what follows the token on its line."""
        if role.kind == "mark" and role.relation != "environment":
            takes = memory.takes or ()
            for index, (mark, relation) in enumerate(takes):
                if mark == token:
                    return Action(Op.SKIP, "", memory._replace(takes=takes[index + 1 :], branch=relation))
        elif role.kind in ("newline", "next_row") and memory.takes is not None:
            return Action(Op.DEEPEN, "", memory._replace(relation="nextline", takes=None))
        elif role.kind == "open" and (branch := self._branch(memory, role, token)):
            return Action(Op.OPEN, "", branch, memory._replace(branch=""))
        elif role.kind == "close" and memory.within != BRACES:
            return Action(Op.CLOSE_ADD_BRANCH if memory.within else Op.CLOSE, f" ({memory.within})", memory)
        elif role.kind == "tail":
            return Action(Op.SKIP, "", memory)
        return self._symbol(memory, role)

    def _branch(self, memory: Memory, role: SyntaxRole, token: str) -> Memory | None:
        """The memory inside a branch that opens at ``token``; ``None`` where the dialect writes the braces."""
        if memory.branch:
            return Memory(memory.branch)
        if role.relation == "environment" and token.startswith("{"):
            name = token.strip("{}")
            return Memory(f"begin_{name}", within=f"end_{name}")
        if role.relation in ("above", "below") and memory.takes == ():
            return Memory(role.relation)
        return None

    def _symbol(self, memory: Memory, role: SyntaxRole) -> Action[Memory]:
        takes = SCRIPTS
        if role.kind == "symbol" and role.relation == "operator":
            takes = LIMITS
        elif role.relation in STRUCTURED or (role.relation, role.kind) == ("environment", "mark"):
            takes = ()
        suffix = f" ({memory.relation})" if memory.relation else ""
        following = Memory("right", takes, within=memory.within)
        if role.kind == "open":
            return Action(Op.ADD_OPEN_SAME, suffix, following._replace(within=BRACES), following)
        return Action(Op.CLOSE_ADD if role.kind == "close" else Op.ADD, suffix, following)

    def payload(self, payload: str, token: str) -> str:
        """See `Semantics.payload`: the token and what follows it."""
        return token + payload

    def end(self, memory: Memory) -> tuple[Op, str]:
        """See `Semantics.end`: nothing is added."""
        return Op.SKIP, ""


@lru_cache(maxsize=1)
def published_transducer() -> Transducer[Memory]:
    """The writer of the dialect, with the steps that the labels of this process have needed so far."""
    return Transducer(lalr_table(), PublishedSemantics())


def published_text(label: str) -> str:
    """The Tree-CoT text of a label in the dialect ``published``.

    Source: the converter of Uni-MuMER (arXiv 2505.23566). An empty argument, an empty script and a line break at
    the end of a row leave no trace in it.

    Raises:
        LatexSyntaxError: the label does not parse.
    """
    return published_text_of(label.split())


def published_text_of(tokens: Sequence[str]) -> str:
    """As `published_text`, from a label's tokens."""
    try:
        return "".join(_lines(tokens, published_transducer()))[1:]
    except UnexpectedToken:
        raise explain(list(tokens), lalr_table()) from None


def _lines(tokens: Sequence[str], transducer: Transducer[Memory]) -> list[str]:
    add, close, enter, skip = _FREQUENT
    context = transducer.start
    indent = "\n"
    lines: list[str] = []
    emit = lines.append
    frames: list[tuple[Context[Memory], str]] = []
    for token in tokens:
        try:
            context, op, line, resume = context.steps[token]
        except KeyError:
            context, op, line, resume = transducer.derive(context, token)
        if op is add:
            emit(indent + line)
        elif op is close:
            context, indent = frames.pop()
        elif op is enter:
            frames.append((resume, indent))
            indent += "\t"
        elif op is skip:
            continue
        elif op is DEEPEN:
            indent += "\t"
        elif op is ADD_OPEN_SAME:
            emit(indent + line)
            frames.append((resume, indent))
        elif op is CLOSE_ADD:
            emit(indent + line)
            context, _ = frames.pop()
        elif op is CLOSE_ADD_BRANCH:
            context, indent = frames.pop()
            emit(f"{indent}\t{line}")
    if frames or not tokens:
        raise UnexpectedToken
    if context.final is None:
        transducer.end(context)
    return lines
