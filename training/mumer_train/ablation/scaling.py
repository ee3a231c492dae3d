"""Scaling curves: ExpRate against images, fitted by E(n) = c - a n^-b, with the uncertainty of the fit.

The power law with a ceiling is that of T. Henighan et al., Scaling Laws for Autoregressive Generative Modeling, 2020,
for losses. With four points and three parameters it describes only the measured range; outside of it the band shows the
uncertainty. Not for plots.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mumer_data.metrics.bootstrap import interval
from mumer_data.seeding import rng_for
from mumer_train.ablation.config import AblationSettings

Floats = NDArray[np.float64]
_EXPONENTS = np.geomspace(0.05, 2.0, 60)
_DRAWS = 400
_Z = 1.96  # half of a 95% interval in standard deviations
_FEWEST = 3  # minimum number of points of a curve
_UNDETERMINED = 0.025  # share of fits with the smallest exponent, whose ceiling is arbitrary, above which none is given
_STEPS = 24  # number of points of a fitted curve


def fit_curves(settings: AblationSettings, results: dict[str, Any]) -> list[dict[str, Any]]:
    """Every curve for which there are at least three points: arms that differ in size, and ExpRate during training.

    Returns:
        For each: ``against`` (``real_images``, ``synthetic_images`` or ``images_seen``), ``set``, ``unit`` or ``arm``,
        the ``points`` [x, ExpRate, standard error], and the ``fit``, with ``ceiling_determined``: false if the points
        do not increase, or agree with an increase without end.
    """
    curves = []
    for test, budgets in results["tests"].items():
        for unit, budget_results in budgets.items():
            for against in ("real_images", "synthetic_images"):
                points = _arm_points(settings, results, budget_results, against)
                if len({x for x, _, _ in points}) >= _FEWEST:
                    curves.append({"against": against, "set": test, "unit": unit, **fitted_curve(points)})
    for unit in results["budget"]:
        for arm in settings.arms:
            points = _seen_points(results, unit, arm)
            if len(points) >= _FEWEST:
                curves.append(
                    {"against": "images_seen", "set": "validation", "unit": unit, "arm": arm, **fitted_curve(points)}
                )
    return curves


def _arm_points(
    settings: AblationSettings, results: dict[str, Any], budget_results: dict[str, Any], against: str
) -> list[tuple[float, float, float]]:
    points = []
    for title, arm in settings.arms.items():
        if against in arm.size and results["arms"][title][against]:
            figure = budget_results["arms"][title]["figures"]["exprate"]
            low, high = figure["interval"]
            points.append((float(results["arms"][title][against]), figure["value"], max(0.1, (high - low) / 2 / _Z)))
    return sorted(points)


def _seen_points(results: dict[str, Any], unit: str, arm: str) -> list[tuple[float, float, float]]:
    """Means over seeds of ExpRate on the validation images, at the numbers of images where all seeds were measured.

    The error is that of the choice of images (binomial), or of the seeds if it is larger.
    """
    curves = [run["validation"] for run in results["runs"] if run["arm"] == arm and run["unit"] == unit]
    points = []
    for measured in zip(*curves, strict=False):  # the first measurement of each seed, the second, ...
        seen, rates, counts = zip(*measured, strict=True)
        mean = float(np.mean(rates))
        chance = (mean * (100 - mean) / max(counts)) ** 0.5
        error = float(np.std(rates, ddof=1) / len(rates) ** 0.5) if len(rates) > 1 else 0.0
        points.append((float(np.mean(seen)), mean, max(0.1, chance, error)))
    return points


def fitted_curve(points: list[tuple[float, float, float]]) -> dict[str, Any]:
    """``points`` and ``fit`` of a curve, see `fit_curves`; the points are (images, ExpRate, standard error)."""
    x, y, error = np.array(points, dtype=np.float64).T
    ceiling, scale, exponent = fit(x, y, error)
    rng = rng_for(0, str(len(points)), "scaling")
    grid = np.geomspace(x[0], x[-1] * 4, _STEPS)
    drawn = [fit(x, y + error * rng.standard_normal(len(x)), error) for _ in range(_DRAWS)]
    ceilings = np.array([one[0] for one in drawn])
    slowest = np.mean([one[2] == _EXPONENTS[0] for one in drawn])
    curves = np.array([value_at(grid, *one) for one in drawn])
    low, high = np.percentile(curves, [2.5, 97.5], axis=0)
    best = value_at(grid, ceiling, scale, exponent)
    return {
        "points": [[round(value, 4) for value in point] for point in points],
        "fit": {
            "ceiling": round(ceiling, 4),
            "ceiling_interval": [round(value, 4) for value in interval(ceilings)],
            "ceiling_determined": bool(scale > 0 and exponent > _EXPONENTS[0] and slowest <= _UNDETERMINED),
            "scale": round(scale, 6),
            "exponent": round(exponent, 4),
            "curve": [[round(float(v), 4) for v in row] for row in zip(grid, best, low, high, strict=True)],
        },
    }


def fit(x: Floats, y: Floats, error: Floats) -> tuple[float, float, float]:
    """``(c, a, b)`` of ``c - a x^-b`` by weighted least squares, 0 <= c <= 100, a >= 0, over a grid of b.

    Args:
        x: positive.
        y: percentages.
        error: standard errors of ``y``.
    """
    best = (float(np.inf), 0.0, 0.0, 1.0)
    for exponent in _EXPONENTS.tolist():
        basis = x**-exponent
        for top in (None, 0.0, 100.0):
            c, a = _line(basis, y, error, top)
            if not (0 <= c <= 100 and a >= 0):
                a = 0.0
                c = float(np.clip(np.average(y, weights=error**-2), 0, 100))
            loss = float((((c - a * basis - y) / error) ** 2).sum())
            if loss < best[0]:
                best = (loss, c, a, exponent)
    return best[1:]


def _line(basis: Floats, y: Floats, error: Floats, ceiling: float | None) -> tuple[float, float]:
    """``c`` and ``a`` of ``c - a basis``; with ``ceiling`` only ``a`` is free."""
    if ceiling is not None:
        part = basis / error
        return ceiling, float(part @ ((ceiling - y) / error) / (part @ part))
    matrix = np.stack([np.ones_like(basis), -basis], axis=1) / error[:, None]
    c, a = np.linalg.lstsq(matrix, y / error, rcond=None)[0].tolist()
    return c, a


def value_at(x: Floats, ceiling: float, scale: float, exponent: float) -> Floats:
    """The fitted ExpRate at ``x``, at least 0."""
    values: Floats = np.clip(ceiling - scale * x**-exponent, 0, None)
    return values
