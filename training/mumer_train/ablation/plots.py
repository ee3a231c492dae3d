"""Plots of an ablation: differences from the first arm with their intervals, and scaling curves. Layout only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mumer_data.io.atomic import atomic_write
from mumer_train.ablation.table import UNITS, budget_text

_INK, _PALE = "#1f4e79", "#c9d8e6"


def plot_differences(results: dict[str, Any], path: Path) -> None:
    """One panel per test set and budget: each arm's difference of ExpRate from the first arm, in points."""
    from matplotlib.figure import Figure

    panels = [(test, unit) for test, budgets in results["tests"].items() for unit in budgets]
    arms = list(results["arms"])[::-1]
    figure = Figure(figsize=(7, (0.9 + 0.32 * len(arms)) * len(panels)), layout="constrained")
    for axes, (test, unit) in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        by_arm = results["tests"][test][unit]["arms"]
        rates = [by_arm[arm]["figures"]["exprate"] for arm in arms]
        values = [rate["difference"] for rate in rates]
        errors = [
            [value - rate["difference_interval"][0] for value, rate in zip(values, rates, strict=True)],
            [rate["difference_interval"][1] - value for value, rate in zip(values, rates, strict=True)],
        ]
        axes.axvline(0, color="0.6", linewidth=0.8)
        axes.errorbar(values, range(len(arms)), xerr=errors, fmt="o", color=_INK, capsize=3)
        axes.set_yticks(range(len(arms)), labels=arms)
        axes.set_ylim(-0.6, len(arms) - 0.4)
        axes.set(xlabel="difference of ExpRate, points", title=f"{test}, {budget_text(results, unit)}")
        axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def plot_scaling(results: dict[str, Any], path: Path) -> None:
    """One panel per curve: measured points, fitted curve, and the band of the fit.

    Of the curves over images seen, only those of the first arm are drawn.
    """
    from matplotlib.figure import Figure

    base = next(iter(results["arms"]))
    curves = [curve for curve in results["scaling"] if curve.get("arm", base) == base]
    if not curves:
        return
    figure = Figure(figsize=(7, 3 * len(curves)), layout="constrained")
    for axes, curve in zip(figure.subplots(len(curves), squeeze=False)[:, 0], curves, strict=True):
        grid, best, low, high = zip(*curve["fit"]["curve"], strict=True)
        x, y, error = zip(*curve["points"], strict=True)
        axes.fill_between(grid, low, high, color=_PALE, linewidth=0)
        axes.plot(grid, best, color=_INK)
        axes.errorbar(x, y, yerr=[1.96 * one for one in error], fmt="o", color=_INK, capsize=3)
        title = f"{curve.get('arm', 'arms by size')}, {curve['set']}, equal {UNITS[curve['unit']]}"
        axes.set(xscale="log", xlabel=curve["against"].replace("_", " "), ylabel="ExpRate, %", title=title)
        axes.set_ylim(0, max(1.0, *high, *(value + 2 * one for value, one in zip(y, error, strict=True))) * 1.05)
        axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
