"""Intervals cover what they claim to cover: 95%, held against the normal approximation."""

from __future__ import annotations

import pytest

from mumer_data.metrics.compare import compare
from mumer_data.metrics.evaluate import evaluate
from tests.metrics.files import predictions

HALF_WIDTH = 1.96  # standard errors of a 95% interval; 1.64 would be a 90% interval


@pytest.mark.parametrize("right", [200, 500, 900])
def test_the_interval_of_a_rate_is_a_95_percent_interval(right: int) -> None:
    rows = predictions(*[("x", "x")] * right, *[("x", "y")] * (1000 - right))
    figure = evaluate(rows, metrics=["published"]).figures["exprate"]
    rate = right / 1000
    error = (rate * (1 - rate) / 1000) ** 0.5
    scale = figure.value / rate  # a share or a percentage
    assert (figure.high - figure.low) / 2 == pytest.approx(HALF_WIDTH * error * scale, rel=0.08)


def test_the_interval_of_a_difference_is_a_95_percent_interval() -> None:
    one = predictions(*[("x", "x")] * 600, *[("x", "y")] * 400)
    two = predictions(*[("x", "x")] * 500, *[("x", "y")] * 500)
    result = compare(one, two)
    error = (0.1 * 0.9 / 1000) ** 0.5  # of the 1,000 rows, 100 differ, all in one direction
    points = 100  # the difference is in percentage points
    assert (result.high - result.low) / 2 == pytest.approx(HALF_WIDTH * error * points, rel=0.1)
