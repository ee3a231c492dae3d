"""Syntax diagnostics: why a label does not parse, where, and what was expected there.

Replays the label slowly, with positions; not for labels that parse.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.lalr import END, LalrTable, SyntaxRole, UnexpectedToken
from mumer_data.latex.transducer import Action, Context, Op, Semantics, Transducer

# Terminals with a single token are shown as that token; the others in words.
WORDS = {
    "NAME": "an environment name such as '{cases}'",
    "ARRAY_NAME": "'{array}'",
    "SYMBOL": "a symbol",
    END: "the end of the label",
}

RAW = "holds more than one symbol: the label is not tokenised"
NORMALIZE = "for raw LaTeX, use mumer_data.normalize (or `mumer normalize`) first"


class _Branches(Semantics[str]):
    """Semantics without output: only acceptance by the grammar counts, and where branches open and close."""

    start = ""

    def step(self, memory: str, role: SyntaxRole, token: str) -> Action[str]:
        op = {"open": Op.OPEN, "close": Op.CLOSE}.get(role.kind, Op.SKIP)
        return Action(op, "", "", "")

    def payload(self, payload: str, token: str) -> str:
        return payload

    def end(self, memory: str) -> tuple[Op, str]:
        return Op.SKIP, ""


def explain(tokens: list[str], table: LalrTable) -> LatexSyntaxError:
    """The error of a label that does not parse: the first offending token, or the brace that is never closed."""
    if not tokens:
        return LatexSyntaxError("the label is empty", tokens=tokens, position=0)
    transducer = Transducer(table, _Branches())
    context = transducer.start
    opened: list[tuple[int, Context[str]]] = []
    for position, token in enumerate(tokens):
        try:
            following, op, _, resume = transducer.derive(context, token)
        except UnexpectedToken as unexpected:
            if not table.terminal(token):
                reason = f"'{token}' {RAW}; {NORMALIZE}"
                return LatexSyntaxError(reason, tokens=tokens, position=position)
            return _refused(tokens, position, _expected(unexpected, table), opened)
        if op is Op.OPEN:
            start = position - (token[0] == "{" and len(token) > 1)  # an environment starts before its name
            opened.append((start, resume))
        context = opened.pop()[1] if op is Op.CLOSE else following
    if opened:
        return _never_closed(tokens, opened[-1][0])
    try:
        transducer.end(context)
    except UnexpectedToken as unexpected:
        return _refused(tokens, len(tokens), _expected(unexpected, table), opened)
    raise AssertionError(f"the parser rejected a label that the grammar accepts: {tokens}")


def _never_closed(tokens: list[str], position: int) -> LatexSyntaxError:
    token = tokens[position]
    closer = {"{": "}", "[": "]"}.get(token) or (
        f"\\end {tokens[position + 1]}" if token == "\\begin" else token.replace("\\begin", "\\end")
    )
    return LatexSyntaxError(
        f"'{token}' never closes: '{closer}' is missing", tokens=tokens, position=position, expected=(closer,)
    )


def _expected(unexpected: UnexpectedToken, table: LalrTable) -> tuple[str, ...]:
    return (unexpected.required,) if unexpected.required else table.expected(unexpected.stack)


def _refused(
    tokens: list[str], position: int, terminals: tuple[str, ...], opened: list[tuple[int, Context[str]]]
) -> LatexSyntaxError:
    actual = f"'{tokens[position]}'" if position < len(tokens) else "the end of the label"
    expected = _shown(terminals)
    before = f" after '{tokens[position - 1]}'" if position else ""
    if position < len(tokens) and tokens[position] in ("}", "\\end") and not opened:
        opener = {"}": "{", "\\end": "\\begin"}[tokens[position]]
        reason = f"{actual} without '{opener}' before it"
    elif position < len(tokens) and tokens[position].startswith("\\end{") and "\\end" not in terminals:
        reason = f"{actual} closes nothing that is open here"
    elif len(expected) <= 3:
        reason = f"expected {' or '.join(expected)}{before}, found {actual}"
    else:
        reason = f"{actual} cannot stand{before or ' here'}"
    return LatexSyntaxError(reason, tokens=tokens, position=position, expected=tuple(expected))


@lru_cache(maxsize=1)
def _token_of() -> dict[str, str]:
    return {terminal: token for token, terminal in load_grammar().exact.items() if len(token) < 3} | {
        "BEGIN": "\\begin",
        "END": "\\end",
    }


def _shown(expected: tuple[str, ...]) -> list[str]:
    tokens = _token_of()
    return [WORDS.get(name) or f"'{tokens.get(name, name)}'" for name in expected]


@lru_cache(maxsize=1)
def known_commands() -> frozenset[str]:
    """Every command that ``commands.toml`` or the grammar itself names."""
    grammar = load_grammar()
    return frozenset(grammar.ordinary) | frozenset(grammar.exact)


def unknown_commands(tokens: Sequence[str]) -> list[tuple[int, str]]:
    """(position, command) of every token that has the form of a command and is not known."""
    known = known_commands()
    return [
        (position, token)
        for position, token in enumerate(tokens)
        if token.startswith("\\") and token not in known and not token.startswith(("\\begin{", "\\end{"))
    ]
