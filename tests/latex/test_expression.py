"""Expressions: label, tokens and tree of one row, computed once and compared by tokens."""

from __future__ import annotations

import pickle

import pytest

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.expression import Expression
from mumer_data.latex.parser import parse
from mumer_data.latex.serialize import DIALECTS, expression_text, label_text

LABEL = r"\frac { a ^ { 2 } + 1 } { b }"


def test_tokens_and_tree_are_computed_once() -> None:
    expression = Expression(LABEL)
    assert expression.tokens == tuple(LABEL.split())
    assert expression.tree == parse(LABEL)
    assert (expression.tree is expression.tree, expression.tokens is expression.tokens) == (True, True)
    assert (expression.depth, expression.label) == (2, LABEL)


def test_of_keeps_what_is_parsed() -> None:
    expression = Expression.of(LABEL)
    assert Expression.of(expression) is expression
    assert Expression.from_tokens(LABEL.split()) == expression
    assert Expression.from_tokens(LABEL.split()).label == LABEL


def test_equality_is_that_of_the_tokens() -> None:
    assert Expression("a  b") == Expression("a b") != Expression("b a")
    assert len({Expression("a  b"), Expression("a b"), Expression("b a")}) == 2


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Expression(LABEL).label = "x"  # type: ignore[misc]


@pytest.mark.parametrize("label", [r"\frac { a", "", "x ^ 2"])
def test_a_label_that_does_not_parse(label: str) -> None:
    expression = Expression(label)
    with pytest.raises(LatexSyntaxError) as expected:
        parse(label)
    for _ in range(2):  # the second time from the cache
        assert expression.tree_or_none is None
        with pytest.raises(LatexSyntaxError) as error:
            _ = expression.tree
        assert (error.value.reason, error.value.position) == (expected.value.reason, expected.value.position)


def test_strict_validation_names_the_unknown_command() -> None:
    expression = Expression(r"x + \frob")
    expression.validate()
    with pytest.raises(LatexSyntaxError, match=r"unknown command \\frob"):
        expression.validate(strict=True)


def test_it_pickles_however_deep() -> None:
    deep = Expression("{ " * 5000 + "x" + " }" * 5000)
    copy = pickle.loads(pickle.dumps(deep))
    assert copy == deep
    assert copy.depth == 5000


@pytest.mark.parametrize("dialect", DIALECTS)
def test_texts_are_those_of_the_label(dialect: str) -> None:
    assert expression_text(Expression(LABEL), dialect) == label_text(LABEL, dialect)  # type: ignore[arg-type]
