"""Zhang and Shasha against the plain recursion that defines the distance."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import assume, given

from mumer_data.latex.parser import parse
from mumer_data.latex.tree import Symbol, SymbolTree
from mumer_data.metrics.tree_distance import TreeDistance, bounded_tree_distance, tree_distance
from tests.latex.labels import labels

Node = tuple[str, str, tuple["Node", ...]]


def nested(symbols: list[Symbol]) -> tuple[Node, ...]:
    return tuple((symbol.token, symbol.relation, nested(symbol.children)) for symbol in symbols)


@cache
def forest_distance(one: tuple[Node, ...], two: tuple[Node, ...]) -> int:
    """Take the last root away on one side, on the other, or match them."""
    if not one or not two:
        return size(one) + size(two)
    *left, last = one
    *right, other = two
    return min(
        forest_distance((*left, *last[2]), two) + 1,
        forest_distance(one, (*right, *other[2])) + 1,
        forest_distance(tuple(left), tuple(right)) + forest_distance(last[2], other[2]) + (last[:2] != other[:2]),
    )


def size(forest: tuple[Node, ...]) -> int:
    return sum(1 + size(children) for _, _, children in forest)


@given(labels(), labels())
def test_as_defined(one: str, two: str) -> None:
    first, second = parse(one), parse(two)
    left, right = nested(first.symbols), nested(second.symbols)
    assume(size(left) * size(right) < 200)
    assert tree_distance(first, second) == forest_distance(left, right) == tree_distance(second, first)


@given(labels(), labels(), labels())
def test_equal_neighbours_do_not_count(one: str, two: str, beside: str) -> None:
    first, second = parse(one), parse(two)
    assume(sum(1 for _ in first.walk()) * sum(1 for _ in second.walk()) < 400)
    same = parse(beside).symbols
    wider = SymbolTree([*same, *first.symbols, *same]), SymbolTree([*same, *second.symbols, *same])
    assert tree_distance(*wider) == tree_distance(first, second)


def test_from_nothing_every_symbol_is_an_edit() -> None:
    assert tree_distance(parse("x ^ { 2 } + 1"), SymbolTree([])) == 4


def test_a_row_of_thousands_is_compared() -> None:
    long = parse(" ".join("x" * 3000))
    assert tree_distance(long, parse(" ".join("y" * 3000))) == 3000


def test_deep_trees_are_bounded_and_named(caplog: pytest.LogCaptureFixture) -> None:
    from mumer_data.metrics.evaluate import evaluate
    from mumer_data.records import Prediction

    def nested(depth: int) -> str:
        return "\\frac { a } { " * depth + "b" + " }" * depth

    other = "\\frac { " * 199 + "b" + " } { a }" * 199
    one, two = parse(nested(200)), parse(other)
    found = bounded_tree_distance(one, two)
    assert not found.exact
    assert found.edits >= 2
    assert bounded_tree_distance(one, parse(nested(200))).edits == 0
    assert bounded_tree_distance(one, parse(nested(199))) == TreeDistance(2)
    rows = [Prediction("deep", nested(200), other), Prediction("plain", "x", "y")]
    counts = evaluate(rows, metrics=["structure"]).counts
    assert counts == {"tree_edit_distance_bounded": 1}
    assert "row deep: trees too large to compare" in caplog.text
    assert "plain" not in caplog.text
