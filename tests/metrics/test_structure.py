"""Structure figures on formulas whose answer is plain to see."""

from __future__ import annotations

import pytest
from hypothesis import given

from mumer_data.metrics.evaluate import evaluate
from mumer_data.metrics.structure import brackets_close
from tests.latex.labels import labels
from tests.metrics.files import predictions


def figures(label: str, text: str) -> dict[str, float]:
    return {
        name: figure.value
        for name, figure in evaluate(predictions((label, text)), metrics=["structure"]).figures.items()
    }


def test_another_symbol_keeps_the_shape() -> None:
    found = figures("x ^ { 2 } + 1", "y ^ { 2 } + 1")
    assert (found["struct_rate"], found["symbol_rate"], found["tree_edit_distance"]) == (100, 0, 1 / 4)


def test_another_place_keeps_the_symbols() -> None:
    found = figures("x ^ { 2 }", "x _ { 2 }")
    assert (found["struct_rate"], found["symbol_rate"], found["tree_edit_distance"]) == (0, 100, 1 / 2)


def test_what_does_not_parse_still_counts() -> None:
    found = figures("x ^ { 2 }", "x ^ { 2")
    assert found["valid_rate"] == found["struct_rate"] == found["bracket_rate"] == 0
    assert found["symbol_rate"] == 100
    assert found["tree_edit_distance"] == 1


def test_an_empty_prediction_is_wrong() -> None:
    found = figures("x", "")
    assert (found["struct_rate"], found["symbol_rate"], found["valid_rate"]) == (0, 0, 0)


@given(labels())
def test_a_label_is_right_in_every_way(label: str) -> None:
    found = figures(label, label)
    assert (found["struct_rate"], found["symbol_rate"], found["valid_rate"]) == (100, 100, 100)
    assert found["tree_edit_distance"] == 0


@pytest.mark.parametrize(
    ("text", "closes"),
    [
        ("{ }", True),
        ("{ \\left ( } \\right )", False),
        ("\\left ( { } \\right )", True),
        ("\\begin {cases} a \\end {cases}", True),
        ("\\begin {cases} a \\end {matrix}", False),
        ("\\begin{matrix} a \\end{matrix}", True),
        ("}", False),
        ("\\{ a \\}", True),
        ("", False),
    ],
)
def test_brackets_close(text: str, closes: bool) -> None:
    assert brackets_close(text) is closes
