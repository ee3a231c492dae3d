"""Two models side by side: rates, tests, changed rows, and what must match."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mumer_data.exceptions import SourceError
from mumer_data.metrics.compare import Comparison, compare
from tests.metrics.files import predictions

RIGHT, WRONG = ("x y", "x y"), ("x y", "x")


def test_a_clear_difference_is_found() -> None:
    a = predictions(*[RIGHT] * 10, *[WRONG] * 30)
    b = predictions(*[RIGHT] * 35, *[WRONG] * 5)
    found = compare(a, b)
    assert (found.exprate_a, found.exprate_b, found.difference) == (25, 87.5, 62.5)
    assert found.low > 40
    assert found.bootstrap_p < 0.01
    assert found.mcnemar_p == pytest.approx(2 * 0.5**25)
    assert [change.better for change in found.changes] == ["b"] * 25
    back = compare(b, a)
    assert (back.difference, back.mcnemar_p) == (-62.5, found.mcnemar_p)


def test_no_difference_is_no_difference() -> None:
    rows = predictions(RIGHT, WRONG)
    found = compare(rows, rows)
    assert (found.difference, found.low, found.high, found.bootstrap_p, found.mcnemar_p) == (0, 0, 0, 1, 1)
    assert found.to_json()["changes"] == []


def test_rows_are_matched_by_id_not_by_place() -> None:
    rows = predictions(RIGHT, WRONG, ("a", "a"))
    assert compare(rows, rows[::-1]).changes == []


def test_missing_ids_are_named() -> None:
    rows = predictions(RIGHT, WRONG, RIGHT)
    with pytest.raises(SourceError, match="second file lacks 1 id: '2'"):
        compare(rows, rows[:2])
    with pytest.raises(SourceError, match="first file lacks 2 ids: '0', '1'"):
        compare(rows[2:], rows)


def test_an_id_twice_or_another_label_is_an_error() -> None:
    rows = predictions(RIGHT, WRONG)
    with pytest.raises(SourceError, match="more than one row for 1 id: '0'"):
        compare([rows[0], replace(rows[0], row=5)], rows)
    with pytest.raises(SourceError, match="a different label"):
        compare(rows, [rows[0], replace(rows[1], label="z")])


def test_passes_of_sampling_are_rows_of_their_own() -> None:
    rows = predictions(RIGHT, WRONG)
    rows = [*rows, *(replace(row, sample=1) for row in rows)]
    assert compare(rows, rows).n == 4


def test_a_comparison_prints_its_figures() -> None:
    comparison = Comparison(4, 50.0, 75.0, 25.0, -10.0, 60.5, 0.5, 0.625, [], "")
    assert repr(comparison) == "Comparison(n=4, difference=+25.00 (-10.00 to +60.50), mcnemar_p=0.625)"
