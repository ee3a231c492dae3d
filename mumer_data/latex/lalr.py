"""The compiled grammar as plain data, and its LALR(1) table as functions from one parser stack to the next.

Not for finding or compiling the grammar files: see `grammar` and `compile`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass

END = "$END"  # the terminal at the end of a label
# `\\frac{1}{2}` in one token would pass as an unknown command; other commands may come with their argument
# (`\\hspace{1cm}` does in Im2LaTeX).
MUST_STAND_ALONE = frozenset({"FRACTION", "ACCENT", "RADICAL", "OPERATOR"})


@dataclass(frozen=True, slots=True)
class GrammarFiles:
    """The text of the two files that define the syntax, and their common digest (sha256, hexadecimal)."""

    grammar: str
    commands: str

    @property
    def digest(self) -> str:
        """One hash over both files."""
        return hashlib.sha256(f"{self.grammar}\0{self.commands}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SyntaxRole:
    """The function of one token in the rule that it was shifted in.

    Attributes:
        kind: ``symbol``: stands on the baseline; ``mark``: announces a branch (``_``, ``^``, ``\\begin``); ``open``
            and ``close``: delimit a branch; ``tail``: follows the close (the name after ``\\end``); ``newline``,
            ``next_row`` and ``next_cell``: separate lines, rows and cells.
        relation: the rule's name or alias in the grammar; for a branch, its relation to its parent symbol.
        closer: for ``open``, the terminal that closes the branch.
    """

    kind: str
    relation: str
    closer: str = ""


@dataclass(frozen=True, slots=True)
class CompiledGrammar:
    """The compiled grammar: plain data, so that it loads without Lark.

    Attributes:
        digest: hash of the files that it was compiled from.
        exact: token -> terminal.
        regexes: (terminal, pattern) pairs, tried in this order on a token that is not in ``exact``.
        ordinary: the commands that are known and take no arguments.
        actions: for each state, terminal or rule -> next state, or terminal -> (rule, length) to reduce.
        roles: for each state, the role of the token that leads there; ``None`` where a rule leads there.
        start: the first state.
        end: the state that a whole label reduces to.
    """

    digest: str
    exact: dict[str, str]
    regexes: list[tuple[str, str]]
    ordinary: list[str]
    actions: list[dict[str, int | tuple[str, int]]]
    roles: list[SyntaxRole | None]
    start: int
    end: int

    def to_json(self) -> str:
        """The compiled file's text."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"

    @classmethod
    def from_json(cls, text: str) -> CompiledGrammar:
        """Read the compiled file's text."""
        raw = json.loads(text)
        raw["regexes"] = [tuple(pair) for pair in raw["regexes"]]
        raw["actions"] = [
            {name: target if isinstance(target, int) else tuple(target) for name, target in row.items()}
            for row in raw["actions"]
        ]
        raw["roles"] = [role and SyntaxRole(**role) for role in raw["roles"]]
        return cls(**raw)


def terminal_of(token: str, exact: dict[str, str], regexes: list[tuple[str, str]]) -> str:
    """The terminal of ``token``: an exact text first, then the first pattern that matches all of it.

    ``""`` where nothing matches: the label was not tokenised there.
    """
    terminal = exact.get(token)
    if terminal is None:
        command = re.match(r"\\[A-Za-z]+(?=[{\[])", token)
        if command and exact.get(command.group()) in MUST_STAND_ALONE:
            return ""
        terminal = next((name for name, pattern in regexes if re.fullmatch(pattern, token)), "")
    return terminal


class UnexpectedToken(Exception):  # noqa: N818 - a signal between parser and diagnostics, never shown
    """A token that the grammar does not allow: after the parser's ``stack``, or where ``required`` must stand."""

    def __init__(self, stack: tuple[int, ...] = (), required: str = "") -> None:
        self.stack = stack
        self.required = required


class LalrTable:
    """The parser's table as stack -> stack functions; stacks are tuples of state numbers."""

    def __init__(self, grammar: CompiledGrammar) -> None:
        self.grammar = grammar
        self.start = (grammar.start,)

    def terminal(self, token: str) -> str:
        """The terminal of ``token``; see `terminal_of`."""
        return terminal_of(token, self.grammar.exact, self.grammar.regexes)

    def shift(self, stack: tuple[int, ...], terminal: str) -> tuple[int, ...]:
        """The stack after all reductions that ``terminal`` calls for and its shift; raises `UnexpectedToken`."""
        actions = self.grammar.actions
        states = list(stack)
        while True:
            target = actions[states[-1]].get(terminal)
            if target is None:
                raise UnexpectedToken(stack)
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
        """The terminals that may follow ``stack``, in alphabetical order."""
        terminals = []
        for terminal in filter(str.isupper, self.grammar.actions[stack[-1]]):  # rules are in small letters
            try:
                self.shift(stack, terminal)
            except UnexpectedToken:
                continue
            terminals.append(terminal)
        return tuple(sorted(terminals))

    def role(self, stack: tuple[int, ...]) -> SyntaxRole:
        """The role of the token that was shifted last."""
        role = self.grammar.roles[stack[-1]]
        assert role is not None
        return role
