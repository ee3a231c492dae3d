"""What SymPy proves, what it must not, and what happens when it does not come back."""

from __future__ import annotations

import pytest

from mumer_data.latex.parser import parse
from mumer_data.metrics.evaluate import evaluate
from mumer_data.metrics.semantic import DIFFERENT, EQUAL, NOT_CONVERTIBLE, TIMEOUT, prove, prove_all
from mumer_data.metrics.to_sympy import NotConvertibleError, to_sympy
from tests.metrics.files import predictions


@pytest.mark.parametrize(
    ("label", "text", "verdict"),
    [
        ("a + b", "b + a", EQUAL),
        ("( a + b ) ^ { 2 }", "a ^ { 2 } + 2 a b + b ^ { 2 }", EQUAL),
        ("\\frac { 1 } { 2 }", "0 . 5", EQUAL),
        ("\\sin ^ { 2 } x + \\cos ^ { 2 } x", "1", EQUAL),
        ("a = b", "b = a", EQUAL),
        ("a = b", "a - b = 0", EQUAL),
        ("2 a = 2 b", "a = b", EQUAL),
        ("\\sum _ { i = 1 } ^ { n } i", "\\sum \\limits _ { i = 1 } ^ { n } i", EQUAL),
        ("a < b + 1", "1 + b > a", EQUAL),
        ("0 < a \\leq b", "b \\geq a > 0", EQUAL),
        ("a", "b", DIFFERENT),
        ("x _ { 1 }", "x _ { 2 }", DIFFERENT),
        ("a < b", "a > b", DIFFERENT),
        ("a = a", "b = b", DIFFERENT),  # both are true of everything: that proves nothing
        ("x = 0", "x ^ { 2 } = 0", DIFFERENT),
        ("a \\in b", "a \\in b", NOT_CONVERTIBLE),
        ("x", "x ^ {", NOT_CONVERTIBLE),
        ("x", "", NOT_CONVERTIBLE),
        ("9 ^ { 9 ^ { 9 ^ { 9 } } }", "1", NOT_CONVERTIBLE),
    ],
)
def test_verdicts(label: str, text: str, verdict: str) -> None:
    assert prove(label, text) == verdict


def test_no_text_is_evaluated() -> None:
    with pytest.raises(NotConvertibleError):
        to_sympy(parse("\\operatorname { e x i t } ( )"))


def test_a_proof_that_takes_too_long_is_given_up() -> None:
    slow = "( a + b + c + d + e + f + g + h + i ) ^ { 6 0 }"
    other = slow.replace("a", "\\sin a")
    verdicts = list(prove_all([(slow, other), ("a + b", "b + a")], seconds=1.0, workers=1))
    assert verdicts == [TIMEOUT, EQUAL]


def test_it_is_a_figure_of_its_own() -> None:
    found = evaluate(
        predictions(("a + b", "b + a"), ("a", "b"), ("a", "a"), ("x", "")), metrics=["published", "semantic"]
    )
    assert (found.figures["exprate"].value, found.figures["semantic_rate"].value) == (25, 50)
    assert found.counts == {"semantic_proved": 1, "semantic_not_convertible": 1, "semantic_timeout": 0}
