"""The table of rules: every example holds, presets are what they say, and switches work."""

from __future__ import annotations

import pytest

from mumer_data.exceptions import PipelineError
from mumer_data.latex.normalize import Normalizer, normalize
from mumer_data.latex.normalize.rules import Rule, chosen_rules, rule_table
from mumer_data.latex.normalize.structure import STRUCTURE

RULES, PRESETS = rule_table()


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_every_example_of_the_table_holds(rule: Rule) -> None:
    alone = Normalizer("none", {rule.name: True, "groups": True})
    assert alone(rule.before) == rule.after
    assert alone(rule.after) == rule.after
    assert rule.why
    assert set(rule.presets) <= set(PRESETS)


def test_the_table_and_the_code_name_the_same_structures() -> None:
    assert [rule.name for rule in RULES if rule.kind == "structure"] == list(STRUCTURE)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_spelling_is_spelled_again(preset: str) -> None:
    rules = chosen_rules(preset)
    dropped = {token for rule in rules for token in rule.tokens}
    spellings = {before: after for rule in rules for before, after in rule.spellings.items()}
    assert not set(spellings.values()) & (set(spellings) | dropped)


CASES = {
    "unbraced": (
        "crohme",
        r"x_1^2 + \frac12 + \sqrt[3]x",
        r"x _ { 1 } ^ { 2 } + \frac { 1 } { 2 } + \sqrt [ 3 ] { x }",
    ),
    "command as argument": (
        "crohme",
        r"\frac\alpha{b} + x^\frac12",
        r"\frac { \alpha } { b } + x ^ { \frac { 1 } { 2 } }",
    ),
    "wrappers": ("crohme", r"{ { i + \mbox { F } } \gt { j } }", "i + F > j"),
    "writer's order": ("crohme", "A^2_k", "A ^ { 2 } _ { k }"),
    "clean order": ("mathwriting", "A^2_k", "A _ { k } ^ { 2 }"),
    "group with scripts apart": ("crohme", "{x^2}^3", "{ x ^ { 2 } } ^ { 3 }"),
    "group with scripts together": ("crohme", "{p_1}^2", "p _ { 1 } ^ { 2 }"),
    "prescript": ("crohme", "a{}^2x", "a { } ^ { 2 } x"),
    "spelled": ("crohme", "l o g x + a_{tan}", r"\log x + a _ { t a n }"),
    "over": ("crohme", r"{a+1\over{b}}^2", r"\frac { a + 1 } { b } ^ { 2 }"),
    "environment": ("crohme", r"\begin{cases}x&1\\y\end{cases}", r"\begin {cases} x & 1 \\ y \end {cases}"),
    "environment of two tokens": ("mathwriting", r"\begin{matrix} x \end{matrix}", r"\begin {matrix} x \end {matrix}"),
    "primes": ("im2latex", "f''_1^2", r"f _ { 1 } ^ { \prime \prime 2 }"),
    "null delimiter": ("crohme", r"\left. x \right|_0", "x | _ { 0 }"),
    "unicode": ("crohme", "α≤½", r"\alpha \leq \frac { 1 } { 2 }"),
    "operator": ("im2latex", r"\operatorname*{lim}_{x} \operatorname{rot} v", r"\lim _ { x } r o t v"),
    "Chinese": ("hme100k", r"已知\text{x}=1", "已 知 x = 1"),
    "none": ("none", r" x^2 ", " x^2 "),
}


@pytest.mark.parametrize(("preset", "raw", "label"), CASES.values(), ids=CASES)
def test_raw_labels(preset: str, raw: str, label: str) -> None:
    assert normalize(raw, preset) == label


def test_switches_turn_single_rules() -> None:
    assert Normalizer("crohme", {"arrows": False})(r"x \to 0") == r"x \to 0"
    assert Normalizer("crohme", {"script_order": True})("A^2_k") == "A _ { k } ^ { 2 }"


def test_explain_names_the_rules_that_fired() -> None:
    label, fired = Normalizer("crohme").explain(r"{\mbox{F}} \gt x^2")
    assert label == "F > x ^ { 2 }"
    assert [rule.name for rule in fired] == ["wrappers", "relations", "braces", "groups"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("cromhe", None), "unknown preset 'cromhe': known are crohme"), (("crohme", {"x": True}), "unknown rule 'x'")],
    ids=["preset", "rule"],
)
def test_unknown_names_are_errors(arguments: tuple[str, dict[str, bool] | None], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        Normalizer(*arguments)
