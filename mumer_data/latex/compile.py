"""grammars/latex_math.lark + commands.toml -> what the parser runs on: token classes, LALR table, roles of states.

The only module that imports Lark and reaches below its public API (the parse table with its items).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from lark import Lark
from lark.lexer import Lexer, Token
from lark.parsers.lalr_analysis import Shift

from mumer_data.latex.lalr import CompiledGrammar, GrammarFiles, SyntaxRole, terminal_of

# A rule with one of these between two terminals is a branch of the tree (see the comment at the top of the grammar).
BODIES = frozenset({"row", "option", "cells", "array"})
SEPARATORS = frozenset({"newline", "next_row", "next_cell"})


def token_classes(commands: dict[str, Any]) -> dict[str, str]:
    """Token -> terminal for everything that ``commands.toml`` names and the grammar has a terminal for."""
    classes = {command: name.upper() for name, group in commands["classes"].items() for command in group}
    for name in commands["environments"]["array"]:
        classes[f"{{{name}}}"] = "ARRAY_NAME"
        classes[f"\\begin{{{name}}}"] = "BEGIN_JOINED_ARRAY"
        classes[f"\\end{{{name}}}"] = "END_JOINED_ARRAY"
    return classes


def make_lark(files: GrammarFiles, *, debug: bool = False) -> Lark:
    """The grammar as a plain Lark parser over whitespace-separated tokens; the tests compare the transducer with it."""
    commands = tomllib.loads(files.commands)
    classes = token_classes(commands)

    class TokenLexer(Lexer):
        def __init__(self, conf: Any) -> None:
            self.patterns = [(t.name, t.pattern) for t in conf.terminals if t.pattern is not None]

        def lex(self, text: str) -> Iterator[Token]:  # type: ignore[override]
            exact = {p.value: name for name, p in self.patterns if p.type == "str"} | classes
            regexes = [(name, p.value) for name, p in self.patterns if p.type == "re"]
            for position, token in enumerate(text.split()):
                yield Token(terminal_of(token, exact, regexes), token, start_pos=position)

    return Lark(
        files.grammar,
        parser="lalr",
        lexer=TokenLexer,
        debug=debug,
        maybe_placeholders=False,
        keep_all_tokens=True,
    )


def compile_grammar(files: GrammarFiles) -> CompiledGrammar:
    """Build the LALR table with Lark, and derive the role of every state from the grammar's own rules."""
    lark = make_lark(files, debug=True)
    table = lark.parser.parser._parse_table
    order = sorted(table.states, key=lambda state: sorted(map(repr, state)))
    numbers = {state: number for number, state in enumerate(order)}
    actions: list[dict[str, int | tuple[str, int]]] = []
    for state in order:
        row: dict[str, int | tuple[str, int]] = {}
        for name, (action, target) in sorted(table.states[state].items()):
            row[name] = numbers[target] if action is Shift else (target.origin.name, len(target.expansion))
        actions.append(row)
    patterns = [t for t in lark.terminals if t.pattern is not None]
    commands = tomllib.loads(files.commands)
    return CompiledGrammar(
        digest=files.digest,
        exact={t.pattern.value: t.name for t in patterns if t.pattern.type == "str"} | token_classes(commands),
        regexes=[(t.name, t.pattern.value) for t in patterns if t.pattern.type == "re"],
        ordinary=sorted(name for group in commands["ordinary"].values() for name in group),
        actions=actions,
        roles=[role_of(state) for state in order],
        start=numbers[table.start_states["start"]],
        end=numbers[table.end_states["start"]],
    )


def role_of(state: Any) -> SyntaxRole | None:
    """The role of the token that leads into ``state``, by the rule that it was shifted in; ``None`` after a rule.

    Where two rules share the state, the one of higher priority decides, as it does in Lark's table.
    """
    shifted = [item for item in state if item.index and item.rule.expansion[item.index - 1].is_term]
    if not shifted:
        return None
    shifted.sort(key=lambda item: (-(item.rule.options.priority or 0), repr(item)))
    item = shifted[0]
    rule, dot = item.rule, item.index
    names = [symbol.name for symbol in rule.expansion]
    relation = rule.alias or rule.origin.name
    body = next((i for i, name in enumerate(names) if name in BODIES), None)
    if body is None:
        return SyntaxRole(relation if relation in SEPARATORS else "symbol", relation)
    if dot == body:
        return SyntaxRole("open", relation, closer=names[body + 1])
    if dot == body + 2:
        return SyntaxRole("close", relation)
    return SyntaxRole("mark" if dot < body else "tail", relation)
