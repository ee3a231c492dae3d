"""Results -> Markdown: one table of arms per test set and budget, and tables by length and by depth.

Not for the figures: see `results`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TITLES = {"exprate": "ExpRate", "le1": "<= 1", "struct_rate": "structure", "cdm_f1": "CDM F1"}
UNITS = {"steps": "steps", "recognition": "recognition images"}
BY = {"length": "tokens of the label", "depth": "depth of the tree"}


def markdown(results: dict[str, Any]) -> str:
    """All tables of an ablation."""
    lines = [f"# {results['name']}", "", f"Intervals: {results['intervals']}."]
    for test, budgets in results["tests"].items():
        for unit, budget_results in budgets.items():
            lines += ["", f"## {test}: {budget_results['n']:,} images, {budget_text(results, unit)}", ""]
            lines += main_table(results, test, unit)
            for key, title in BY.items():
                lines += ["", f"ExpRate by {title}:", "", *slice_table(budget_results, key)]
    for curve in results["scaling"]:
        lines += ["", scaling_text(curve)]
    return "\n".join(lines) + "\n"


def budget_text(results: dict[str, Any], unit: str) -> str:
    """E.g. ``1,000 steps per run, 3 seeds``."""
    seeds = len(results["seeds"])
    return f"{results['budget'][unit]:,} {UNITS[unit]} per run, {seeds} seed{'s' if seeds > 1 else ''}"


def main_table(results: dict[str, Any], test: str, unit: str) -> list[str]:
    """One row per arm: ExpRate with its interval, the difference from the first arm, the other figures."""
    arms = results["tests"][test][unit]["arms"]
    names = [name for name in TITLES if name in next(iter(arms.values()))["figures"]]
    others = [name for name in names if name != "exprate"]
    head = ["arm", "images learnt", "ExpRate (95% interval)", "sd over seeds", "difference (95% interval)"]
    head += [TITLES[name] for name in others]
    return list(_table(head, (_row(results, unit, arm, scores, others) for arm, scores in arms.items())))


def _row(results: dict[str, Any], unit: str, arm: str, scores: dict[str, Any], others: list[str]) -> list[str]:
    rate = scores["figures"]["exprate"]
    low, high = rate["interval"]
    learnt = [run["images"] for run in results["runs"] if run["arm"] == arm and run["unit"] == unit]
    first = next(iter(results["arms"])) == arm
    cells = [arm, f"{sum(learnt) / len(learnt):,.0f}", f"{rate['value']:.1f} ({low:.1f} to {high:.1f})"]
    cells += ["" if rate["sd"] is None else f"{rate['sd']:.1f}", "" if first else difference_text(rate)]
    return cells + [f"{scores['figures'][name]['value']:.{3 if name == 'cdm_f1' else 1}f}" for name in others]


def difference_text(figure: dict[str, Any]) -> str:
    """E.g. ``+1.2 (-0.3 to +2.6)``."""
    low, high = figure["difference_interval"]
    return f"{figure['difference']:+.1f} ({low:+.1f} to {high:+.1f})"


def slice_table(budget_results: dict[str, Any], key: str) -> list[str]:
    """One row per arm, one column per slice."""
    slices = next(iter(budget_results["arms"].values()))["by"][key]
    head = ["arm", *(f"{name} (n = {part['n']:,})" for name, part in slices.items())]
    rows = (
        [arm, *(f"{one['by'][key][name]['exprate']['value']:.1f}" for name in slices)]
        for arm, one in budget_results["arms"].items()
    )
    return list(_table(head, rows))


def scaling_text(curve: dict[str, Any]) -> str:
    """A fitted curve in a sentence."""
    fit, against = curve["fit"], curve["against"].replace("_", " ")
    points = ", ".join(f"{y:.1f} at {x:,.0f}" for x, y, _ in curve["points"])
    arm = f", {curve['arm']}" if "arm" in curve else ""
    return (
        f"ExpRate on {curve['set']} against {against} (equal {UNITS[curve['unit']]}{arm}): {points}; {_ceiling(fit)}."
    )


def _ceiling(fit: dict[str, Any]) -> str:
    if fit["scale"] == 0:
        return "the fitted curve does not increase"
    if not fit["ceiling_determined"]:
        return "these points do not determine a ceiling"
    low, high = fit["ceiling_interval"]
    return f"fitted ceiling {fit['ceiling']:.1f} (95% interval {low:.1f} to {high:.1f}), exponent {fit['exponent']:.2f}"


def _table(head: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
