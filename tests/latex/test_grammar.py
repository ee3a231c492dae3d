"""The grammar files: compiled form up to date, found from everywhere, and telling what they should."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mumer_data.latex import grammar as grammar_module
from mumer_data.latex.compile import compile_grammar, make_lark
from mumer_data.latex.grammar import COMPILED, grammar_files, grammar_folder, lalr_table, load_grammar
from mumer_data.latex.lalr import END, CompiledGrammar
from mumer_data.latex.to_latex import class_of


def test_the_compiled_grammar_is_current() -> None:
    committed = (grammar_folder() / COMPILED).read_text(encoding="utf-8")
    assert compile_grammar(grammar_files()).to_json() == committed, "run `make grammar`"


def test_the_compiled_grammar_reads_back() -> None:
    grammar = load_grammar()
    assert CompiledGrammar.from_json(grammar.to_json()) == grammar


def test_a_changed_grammar_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    files = grammar_files()
    changed = replace(files, commands=files.commands.replace("'\\bar',", "'\\bar', '\\crown',"))
    monkeypatch.setattr(grammar_module, "grammar_files", lambda: changed)
    load_grammar.cache_clear()
    try:
        assert load_grammar().exact["\\crown"] == "ACCENT"
    finally:
        load_grammar.cache_clear()


def test_the_only_conflicts_are_braces_after_commands_with_optional_arguments() -> None:
    import logging

    from lark import logger

    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        make_lark(grammar_files())
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    conflicts = [record for record in records if "conflict" in record.lower()]
    rules = {record.strip() for record in records if record.strip().startswith("*")}
    assert all("LBRACE" in conflict for conflict in conflicts)
    assert rules == {"* <infix : INFIX>", "* <wrapper : WRAPPER>", "* <overset : OVERSET>", "* <underset : UNDERSET>"}


@pytest.mark.parametrize(
    ("token", "expected"),
    [("\\frac", "fraction"), ("\\sum", "operator"), ("\\alpha", "symbol"), ("\\oint", "operator"), ("x", "symbol")],
)
def test_classes(token: str, expected: str) -> None:
    assert class_of(token) == expected


def test_no_command_stands_in_two_classes() -> None:
    import tomllib

    commands = tomllib.loads(grammar_files().commands)
    groups = [*commands["classes"].values(), *commands["ordinary"].values()]
    names = [name for group in groups for name in group]
    assert len(names) == len(set(names)), {name for name in names if names.count(name) > 1}


def test_parsing_needs_neither_lark_nor_pyarrow(tmp_path: Path) -> None:
    code = "import sys, json, mumer_data; mumer_data.parse('x'); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"lark", "pyarrow", "datasets", "typer", "PIL", "torch"}


def test_the_end_of_a_label_leads_to_the_final_state() -> None:
    table = lalr_table()
    stack = table.shift(table.start, table.terminal("x"))
    assert table.shift(stack, END)[-1] == table.grammar.end
