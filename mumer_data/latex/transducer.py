"""The LALR table as a lazily determinised transducer: one dictionary look-up per token, derived on first use.

Not for deciding syntax (the grammar does) nor what is built (a `Semantics` does).

The idea is partial evaluation. A `Context` is all that the parser can know in the middle of a label without looking at
the label: the LR states of the branch that it is in, and the memory of the semantics. What a token does in a context
never changes, so it is derived once, reductions included, and kept as a `Step` of the context. An opening token
starts a branch on an empty stack of its own, so the number of contexts stays small however deeply labels nest: about
400 for all public data sets together.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from mumer_data.latex.lalr import END, LalrTable, SyntaxRole, UnexpectedToken

_JOINED = "\\begin"
MAX_ENTRIES = 200_000  # steps kept; labels of one corpus share their tokens, so this is rarely reached

Memory = TypeVar("Memory", bound=Hashable)


class Op(IntEnum):
    """What a step does to the output. A frame is what an opening token pushes: the row and the context to resume."""

    ADD = 0  # add a symbol to the row
    OPEN = 1  # push a frame; continue in a branch of the last symbol
    CLOSE = 2  # pop a frame
    SKIP = 3  # no output
    ADD_OPEN = 4  # add a symbol, push a frame, continue in a branch of that symbol
    NAME_OPEN = 5  # the token names the environment begun by the last symbol; push a frame, continue in a branch of it
    OPEN_SAME = 6  # push a frame; continue in the same row
    ADD_OPEN_SAME = 7  # add a symbol and push a frame; continue in the same row
    CLOSE_ADD = 8  # pop a frame of the same row, add a symbol
    BLANK = 9  # add a blank
    BLANK_CLOSE = 10  # add a blank, pop a frame
    DEEPEN = 11  # continue one level deeper, without a frame
    CLOSE_ADD_BRANCH = 12  # pop a frame, add a symbol as a branch of the last one


class Action(NamedTuple, Generic[Memory]):
    """What a `Semantics` does at a token.

    Attributes:
        op: the operation.
        payload: the text that the operation takes; see `Semantics.payload`.
        memory: what to remember after the token; where it opens a branch, within that branch.
        resumed: for opening tokens, what to remember after the branch has closed.
    """

    op: Op
    payload: str
    memory: Memory
    resumed: Memory | None = None


class Context(Generic[Memory]):
    """One state of the transducer.

    Attributes:
        steps: token -> what it does here; filled on first use.
        stack: LR states of the open branch.
        memory: of the semantics.
        ends: the ``\\end`` tokens or environment names that are still required here, the innermost last.
        by_terminal: what `Transducer` has derived for all tokens of a terminal.
        final: operation and payload at the end of a label; ``None`` until that is asked for.
    """

    __slots__ = ("by_terminal", "ends", "final", "memory", "stack", "steps")

    def __init__(self, stack: tuple[int, ...], memory: Memory, ends: tuple[str, ...]) -> None:
        self.steps: dict[str, Step[Memory]] = {}
        self.stack = stack
        self.memory = memory
        self.ends = ends
        self.by_terminal: dict[str, Step[Memory]] = {}
        self.final: tuple[Op, str] | None = None


# (next context, operation, payload, context to resume after the branch that opens here; else the next context). A plain
# tuple: CPython unpacks it a third faster than a named one.
Step: TypeAlias = tuple[Context[Memory], Op, str, Context[Memory]]


class Semantics(Protocol[Memory]):
    """Output for the tokens of a label: pure functions of a small, hashable memory."""

    start: Memory

    def step(self, memory: Memory, role: SyntaxRole, token: str) -> Action[Memory]:
        """What to do at ``token``.

        Outside environments this must not depend on ``token``: it is called once for all tokens of a terminal.
        """

    def payload(self, payload: str, token: str) -> str:
        """The payload of a step: that of the action, completed by what depends on the token itself."""

    def end(self, memory: Memory) -> tuple[Op, str]:
        """Operation (`Op.SKIP` or `Op.BLANK`) and payload at the end of the label."""


class Transducer(Generic[Memory]):
    """A semantics of the grammar, determinised as far as labels have required so far."""

    def __init__(self, table: LalrTable, semantics: Semantics[Memory]) -> None:
        self.table = table
        self.semantics = semantics
        self._terminals: dict[str, str] = {}
        self.clear_cache()

    def clear_cache(self) -> None:
        """Drop every step, as before the first label; a label in progress keeps the contexts that it is in."""
        self._contexts: dict[tuple[tuple[int, ...], Memory, tuple[str, ...]], Context[Memory]] = {}
        self._terminals.clear()
        self.entries = 0
        self.start = self._context(self.table.start, self.semantics.start, ())

    @property
    def contexts(self) -> int:
        """The number of contexts in the cache."""
        return len(self._contexts)

    def derive(self, context: Context[Memory], token: str) -> Step[Memory]:
        """Derive the step of ``token`` in ``context`` and keep it there; raises `UnexpectedToken`."""
        if self.entries > MAX_ENTRIES:
            self.clear_cache()
        terminal = self._terminals.get(token)
        if terminal is None:
            terminal = self._terminals[token] = self.table.terminal(token)
        following, op, payload, resume = context.by_terminal.get(terminal) or self._derive(context, terminal, token)
        step = context.steps[token] = (following, op, self.semantics.payload(payload, token), resume)
        self.entries += 1
        return step

    def end(self, context: Context[Memory]) -> tuple[Op, str]:
        """Operation and payload at the end of the label; raises `UnexpectedToken` where it cannot end."""
        self.table.shift(context.stack, END)
        final = context.final = self.semantics.end(context.memory)
        return final

    def _context(self, stack: tuple[int, ...], memory: Memory, ends: tuple[str, ...]) -> Context[Memory]:
        key = (stack, memory, ends)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = Context(*key)
        return context

    def _derive(self, context: Context[Memory], terminal: str, token: str) -> Step[Memory]:
        shifted = self.table.shift(context.stack, terminal)
        role = self.table.role(shifted)
        inner_ends, outer_ends = _required_ends(role, token, context.ends)
        op, payload, memory, resumed = self.semantics.step(context.memory, role, token)
        if role.kind == "open":
            assert resumed is not None
            resume = self._context(self.table.shift(shifted, role.closer), resumed, outer_ends)
            step = (self._context(shifted[-1:], memory, inner_ends), op, payload, resume)
        else:
            following = self._context(shifted, memory, outer_ends)
            step = (following, op, payload, following)
        if role.relation != "environment":  # there the name matters, so each token is derived for itself
            context.by_terminal[terminal] = step
        return step


def _required_ends(role: SyntaxRole, token: str, ends: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ends required inside and after ``token``: names must match, which no context-free rule can express."""
    if role.relation != "environment":
        return (), ends
    if role.kind == "open":
        joined = token.startswith(_JOINED)
        return ((f"\\end{token[len(_JOINED) :]}",), ends) if joined else ((), (*ends, token))
    if role.kind == "tail" or (role.kind == "close" and ends):
        if token != ends[-1]:
            raise UnexpectedToken(required=ends[-1])
        return (), ends[:-1]
    return (), ends
