"""The edit script: shortest by rapidfuzz's count, applied it gives the label, and of equal ones the one meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from mumer_data.alignment import align as module
from mumer_data.alignment.align import Edit, EditScript, align
from tests.latex.labels import labels

TOKENS = [*"{}{}^_ab1()[]&", "\\frac", "\\sqrt", "\\\\", "\\begin", "{cases}", "\\end", "\\left", "\\right", "中", "->"]
token_lists = st.lists(st.sampled_from(TOKENS), max_size=14)


def applied(script: EditScript) -> list[str]:
    """The prediction after all edits, from right to left."""
    tokens = list(script.prediction)
    for edit in reversed(script.edits):
        replaced = slice(edit.prediction_at, edit.prediction_at + len(edit.prediction_tokens))
        assert tuple(tokens[replaced]) == edit.prediction_tokens
        assert script.label[edit.label_at : edit.label_at + len(edit.label_tokens)] == edit.label_tokens
        tokens[replaced] = edit.label_tokens
    return tokens


def check(label: list[str], text: list[str]) -> None:
    script = align(label, text)
    assert script.cost == Levenshtein.distance(label, text)
    assert applied(script) == label
    whole = EditScript(script.label, script.prediction, tuple(script.spans()))
    assert applied(whole) == label
    for before, after in zip(whole.edits, whole.edits[1:], strict=False):  # something is right between two runs
        assert before.prediction_at + len(before.prediction_tokens) < after.prediction_at
    assert sum(max(len(run.label_tokens), len(run.prediction_tokens)) for run in whole.edits) == script.cost


@given(token_lists, token_lists)
def test_scripts_of_any_tokens_are_shortest_and_lead_to_the_label(label: list[str], text: list[str]) -> None:
    check(label, text)


@given(labels(), st.data())
def test_scripts_of_damaged_labels(label: str, data: st.DataObject) -> None:
    tokens = label.split()
    text = list(tokens)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        text[place : place + data.draw(st.integers(0, 3))] = data.draw(st.lists(st.sampled_from(TOKENS), max_size=3))
    check(tokens, text)


def test_beyond_the_table_rapidfuzz_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_CELLS", 10)
    check(["a", "{", "b", "}", "1"] * 30, ["b", "1", "(", "a"] * 40)


def test_many_different_tokens() -> None:
    label = [str(number) for number in range(60_000)]
    text = label[5:100] + label[:3] + label[103:]
    assert align(label, text).cost == Levenshtein.distance(label, text)


# label, prediction, the runs as (label tokens, predicted tokens, kind)
CASES = {
    "same": ("x + 1", "x + 1", []),
    "symbol": ("x + 1", "x + l", [("1", "l", "symbol")]),
    "symbol for symbol": (r"\frac { a } { b } c", r"\frac { a } d", [("{ b } c", "d", "structure")]),
    "a symbol stays": (r"\sin ( x", r"5 \sin x", [("", "5", "symbol"), ("(", "", "symbol")]),
    "two braces by themselves": ("{ a }", "} b {", [("{ a }", "} b {", "structure")]),
    "first argument": ("x { a } { b }", "x { b }", [("{ a }", "", "structure")]),
    "second argument": ("x { a } { b }", "x { c }", [("a", "c", "symbol"), ("{ b }", "", "structure")]),
    "second script": ("R _ { 0 } ^ { 0 }", "R _ { i }", [("0", "i", "symbol"), ("^ { 0 }", "", "structure")]),
    "the rest of a sum": (
        r"a ^ { x } + \frac { c } { 2 }",
        "a ^ { q }",
        [("x", "q", "symbol"), (r"+ \frac { c } { 2 }", "", "structure")],
    ),
    "outer braces": ("{ { a } b }", "{ a b }", [("{", "", "structure"), ("}", "", "structure")]),
    "whole script": (
        "x ^ { 2 } x ^ { 2 } + 1",
        "x ^ { 2 } + 1",
        [("x ^ { 2 }", "", "structure")],
    ),
    "mark and braces": ("x _ { a } ^ { b }", "x ^ { b }", [("_ { a }", "", "structure")]),
    "the base, not the script": (r"( \pi )", r"( f ^ { \prime } )", [(r"\pi", r"f ^ { \prime }", "structure")]),
    "on the line": ("x ^ { 2 }", "x 2", [("^ {", "", "relation"), ("}", "", "relation")]),
    "raised": ("P a", "P _ { a }", [("", "_ {", "relation"), ("", "}", "relation")]),
    "wrong script": ("x ^ { 2 }", "x _ { 2 }", [("^", "_", "relation")]),
    "no script": ("x ^ { 2 }", "x", [("^ { 2 }", "", "structure")]),
    "root too long": (r"\sqrt { 2 } x", r"\sqrt { 2 x }", [("", "x", "relation"), ("x", "", "relation")]),
    "index of a root": (r"\sqrt [ 3 ] { x }", r"\sqrt { x }", [("[ 3 ]", "", "structure")]),
    "interval": ("[ 3 ]", "3", [("[", "", "symbol"), ("]", "", "symbol")]),
    "stray brace": ("x ^ { 2 }", "x ^ { 2 } }", [("", "}", "structure")]),
    "fraction": (r"\frac { a } b", r"a b", [(r"\frac {", "", "structure"), ("}", "", "structure")]),
    "unparsed": ("x ^ { 2", "x 2", [("^ {", "", "relation")]),
    "empty": ("x ^ { 2 }", "", [("x ^ { 2 }", "", "structure")]),
}


@pytest.mark.parametrize(("label", "text", "expected"), CASES.values(), ids=CASES)
def test_the_script_that_is_meant(label: str, text: str, expected: list[tuple[str, str, str]]) -> None:
    runs = align(label, text).spans()
    assert [(" ".join(run.label_tokens), " ".join(run.prediction_tokens), run.kind) for run in runs] == expected


def test_places() -> None:
    assert align("a b c", "a x c d").edits == (
        Edit("replace", ("b",), ("x",), 1, 1, "symbol"),
        Edit("delete", (), ("d",), 3, 3, "symbol"),
    )


def test_real_predictions(shared: Path) -> None:
    for file in sorted((shared / "golden/predictions").glob("*.json")):
        for row in json.loads(file.read_text(encoding="utf-8")):
            check(row["gt"].split(), row["pred"].split())
