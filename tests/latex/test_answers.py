"""Answers as models write them: what is raw, and what remains of it."""

from __future__ import annotations

import pytest
from hypothesis import given

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.answers import AnswerNormalizer, clean_answer, is_tokenised
from mumer_data.latex.parser import parse
from tests.latex.labels import labels

ANSWERS = [
    ("x^2", "x ^ { 2 }"),
    ("$x^2$", "x ^ { 2 }"),
    ("$$\\frac{a}{b}$$", "\\frac { a } { b }"),
    ("\\[ \\frac{a}{b} \\]", "\\frac { a } { b }"),
    ("\\( a = b \\)", "a = b"),
    ("\\boxed{x+1}", "x + 1"),
    ("The formula is: x^2.", "x ^ { 2 }"),
    ("The formula is: $x^2$.", "x ^ { 2 }"),
    ("The LaTeX expression in the image is: \\( a = b \\).", "a = b"),
    ("**Answer:** $\\boxed{\\frac12}$", "\\frac { 1 } { 2 }"),
    ("Therefore, the answer is \\boxed{x}.", "x"),
    ("```latex\n\\frac{a}{b}\n```", "\\frac { a } { b }"),
    ("```\nx^2\n```", "x ^ { 2 }"),
    ("Here is the LaTeX:\n\n```latex\nx^2\n```\nHope it helps!", "x ^ { 2 }"),
    ("Sure! The handwritten expression reads: `\\sqrt{2}`", "\\sqrt { 2 }"),
    ("\\fracĠ{a}{ĠX}", "\\frac { a } { X }"),
    ("\\mathcalĠ{ĠXĠ}", "\\mathcal { X }"),
    ("x^2<|im_end|>", "x ^ { 2 }"),
    ("<answer>x^2</answer>", "x ^ { 2 }"),
    ("First the numerator is one\nand so on\n\\frac{1}{2}", "\\frac { 1 } { 2 }"),
    ("公式为:x+1", "x + 1"),
    ("a=b", "a = b"),
    ("22", "2 2"),
]


@pytest.mark.parametrize(("answer", "label"), ANSWERS)
def test_what_models_write(answer: str, label: str) -> None:
    assert not is_tokenised(answer)
    normalizer = AnswerNormalizer("crohme")
    assert normalizer.pair("x", answer)[1] == label
    assert normalizer.unreadable == 0


@given(labels())
def test_a_tokenised_label_is_seen_as_one_and_comes_back(label: str) -> None:
    assert is_tokenised(label)
    assert clean_answer(label) == label.strip()


@pytest.mark.parametrize(
    "formula",
    ["f : x \\rightarrow y", "a : b", "x . y .", "\\left [ a \\right ]", "\\text { i s : } x", "\\$ 5", "< s >"],
)
def test_a_formula_loses_nothing(formula: str) -> None:
    assert clean_answer(formula) == formula


def test_a_box_that_the_label_has_stays() -> None:
    normalizer = AnswerNormalizer("crohme")
    assert normalizer.pair("\\boxed { x }", "\\boxed { x }") == ("\\boxed { x }", "\\boxed { x }")
    assert normalizer.pair("x", "\\boxed { x }") == ("x", "x")


def test_what_is_no_latex_stays_and_is_counted() -> None:
    normalizer = AnswerNormalizer("crohme")
    assert normalizer.pair("x", "\\frac{a") == ("x", "\\frac{a")
    assert normalizer.unreadable == 1


@pytest.mark.parametrize("token", ["22", "a=b", "解:x=1", "sin", "x^2", "\\alpha1", "$x$", "\\mathcalĠ{ĠXĠ}", "&amp;"])
def test_several_characters_are_not_one_symbol(token: str) -> None:
    with pytest.raises(LatexSyntaxError, match="holds more than one symbol"):
        parse(f"a {token} b")
    assert not is_tokenised(f"a {token} b")


@pytest.mark.parametrize(
    "token", ["解", "x̄", "\\alpha", "\\{", "\\left\\{", "\\left(", "\\bigl|", "\\hspace{1cm}", "\\,", "\\operatorname*"]
)
def test_one_token_is_one_symbol(token: str) -> None:
    assert [symbol.token for symbol in parse(f"a {token} b").symbols] == ["a", token, "b"]
