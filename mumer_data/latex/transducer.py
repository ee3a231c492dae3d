"""Turns the LALR table into a transducer, one dictionary entry at a time, as labels ask for them.

Not for deciding syntax (the grammar does) nor for what comes out (a `Reading` does).

The idea is partial evaluation. A *context* is what the parser can know in the middle of a label without
looking at it: the LR states of the branch that it is in, and the reading's own memory. What a token does in a
context never changes, so it is worked out once, reductions and all, and kept in the context's dictionary;
from then on a label costs one look-up a token. An opening token starts a branch on an empty stack of its own,
so the number of contexts stays small however deep labels nest: about 400 for all public data sets together.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from mumer_data.latex.grammar import Grammar, Role, terminal_of

END = "$END"
# Keys of a context that no token can have: tokens have no spaces.
STATE, STOP = " state", " stop"
JOINED = "\\begin"
# Labels of one corpus share their tokens; past this many entries the memory is dropped.
MAX_ENTRIES = 200_000

Context = dict[str, Any]


class Unreadable(Exception):  # noqa: N818 - a signal between parser and explanation, never shown
    """A token that the grammar does not allow where it stands: after ``stack``, or against the ``due`` name."""

    def __init__(self, stack: tuple[int, ...] = (), due: str = "") -> None:
        self.stack = stack
        self.due = due


class Branch(NamedTuple):
    """The memories of a reading when a branch opens: inside the branch, and after it has closed."""

    inside: Any
    after: Any


class Reading(Protocol):
    """What one kind of output makes of the tokens; a pure function of its own small, hashable memory."""

    start: Any

    def step(self, memory: Any, role: Role, token: str) -> tuple[int, Any, Any]:
        """What to do at ``token``: (kind, action, memory after it); a `Branch` where ``role.kind`` is ``open``.

        Outside environments this must not depend on ``token``: it is asked once for all tokens of a terminal.
        """

    def load(self, kind: int, action: Any, token: str, after: Context | None) -> Any:
        """What the loop over the tokens needs at hand; ``after`` is the context behind a branch that opens."""

    def stop(self, memory: Any) -> Any:
        """What to do at the end of the label."""


class LalrTable:
    """The parser's table as stack -> stack functions; stacks are tuples of state numbers."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.start = (grammar.start,)

    def terminal(self, token: str) -> str:
        """The terminal of ``token``."""
        return terminal_of(token, self.grammar.exact, self.grammar.regexes)

    def shift(self, stack: tuple[int, ...], terminal: str) -> tuple[int, ...]:
        """The stack after all reductions that ``terminal`` calls for and its shift; raises `Unreadable`."""
        actions = self.grammar.actions
        states = list(stack)
        while True:
            target = actions[states[-1]].get(terminal)
            if target is None:
                raise Unreadable(stack)
            if isinstance(target, int):
                return (*states, target)
            origin, length = target
            if length:
                del states[-length:]
            goto = actions[states[-1]][origin]
            assert isinstance(goto, int)
            states.append(goto)
            if goto == self.grammar.end:  # only the end of the label leads here, and it is never shifted
                return tuple(states)

    def expected(self, stack: tuple[int, ...]) -> tuple[str, ...]:
        """The terminals that may follow ``stack``."""
        found = []
        for terminal in filter(str.isupper, self.grammar.actions[stack[-1]]):  # rules are in small letters
            try:
                self.shift(stack, terminal)
            except Unreadable:
                continue
            found.append(terminal)
        return tuple(sorted(found))

    def role(self, stack: tuple[int, ...]) -> Role:
        """The role of the token that was shifted last."""
        role = self.grammar.roles[stack[-1]]
        assert role is not None
        return role


class Transducer:
    """A reading of the grammar, determinised as far as labels have asked for.

    A context maps a token to ``(next context, kind, load)``.
    """

    def __init__(self, table: LalrTable, reading: Reading) -> None:
        self.table = table
        self.reading = reading
        self.terminals: dict[str, str] = {}
        self.forget()

    def forget(self) -> None:
        """Drop every memoised step, as before the first label; a label under way keeps the contexts it is in."""
        self._contexts: dict[Any, Context] = {}
        self.terminals.clear()
        self.entries = 0
        self.start = self._context(self.table.start, self.reading.start, ())

    def _context(self, stack: tuple[int, ...], memory: Any, ends: tuple[str, ...]) -> Context:
        """The one dictionary for this stack, memory and the environment ends that are due here."""
        key = (stack, memory, ends)
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = {STATE: key}
        return found

    def derive(self, context: Context, token: str) -> tuple[Any, ...]:
        """Work out what ``token`` does in ``context`` and keep it there; raises `Unreadable`."""
        if self.entries > MAX_ENTRIES:
            self.forget()
        terminal = self.terminals.get(token)
        if terminal is None:
            terminal = self.terminals[token] = self.table.terminal(token)
        # One shape serves all tokens of a terminal; its key cannot be a token either.
        shape = context.get(f" {terminal}") or self._shape(context, terminal, token)
        following, after, kind, action = shape
        context[token] = step = (following, kind, self.reading.load(kind, action, token, after))
        self.entries += 1
        return step

    def _shape(self, context: Context, terminal: str, token: str) -> tuple[Context, Context | None, int, Any]:
        stack, memory, ends = context[STATE]
        shifted = self.table.shift(stack, terminal)
        role = self.table.role(shifted)
        inner, outer = _ends(role, token, ends)
        kind, action, memory = self.reading.step(memory, role, token)
        after = None
        if role.kind == "open":
            closed = self.table.shift(shifted, role.closer)
            after = self._context(closed, memory.after, outer)
            following = self._context(shifted[-1:], memory.inside, inner)
        else:
            following = self._context(shifted, memory, outer)
        shape = (following, after, kind, action)
        if role.relation != "environment":  # there the name matters, so each token is worked out for itself
            context[f" {terminal}"] = shape
        return shape

    def stop(self, context: Context) -> Any:
        """What to do at the end of the label in ``context``; raises `Unreadable` where it cannot end."""
        stack, memory, _ = context[STATE]
        self.table.shift(stack, END)
        context[STOP] = action = self.reading.stop(memory)
        return action


def _ends(role: Role, token: str, ends: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ends due inside and after ``token``: names must match, which no context-free rule can say."""
    if role.relation != "environment":
        return (), ends
    if role.kind == "open":
        joined = token.startswith(JOINED)
        return ((f"\\end{token[len(JOINED) :]}",), ends) if joined else ((), (*ends, token))
    if role.kind == "tail" or (role.kind == "close" and ends):
        if token != ends[-1]:
            raise Unreadable(due=ends[-1])
        return (), ends[:-1]
    return (), ends
