"""The page of ablation results: its grids are those of the configurations, its figures those of the result files."""

from __future__ import annotations

import json
from functools import cache
from statistics import fmean
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")

from mumer_train.ablation.config import load_ablation
from mumer_train.ablation.table import difference_text, main_table, scaling_text, slice_table

from tests.docs.pages import ROOT

BUDGETS = [  # configuration, test set, unit of the budget
    ("ablation_mini", "crohme_2014", "steps"),
    ("ablation_mini", "crohme_2014", "recognition"),
    ("ablation_recipe", "crohme_2013", "recognition"),
    ("ablation_passes", "crohme_2013", "recognition"),
    ("ablation_curriculum", "crohme_2013", "steps"),
]
PLOTS = ["ablation_mini", "ablation_recipe", "ablation_scaling"]


@cache
def page() -> str:
    return (ROOT / "docs" / "ablation_results.md").read_text(encoding="utf-8")


@cache
def results_of(name: str) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((ROOT / "docs" / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return results


def verdict(figure: dict[str, Any]) -> str:
    """What the interval of a difference says."""
    low, high = figure["difference_interval"]
    return "a gain" if low > 0 else "a loss" if high < 0 else "no difference is shown"


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _, _ in BUDGETS))
def test_the_grid_is_that_of_its_configuration(name: str) -> None:
    results, settings = results_of(name), load_ablation(ROOT / "training" / "configs" / f"{name}.yaml")
    assert list(results["arms"]) == list(settings.arms)
    assert (results["budget"], results["seeds"]) == (settings.budget, settings.seeds)
    for title, arm in settings.arms.items():
        assert (results["arms"][title]["tasks"], results["arms"][title]["use"]) == (arm.tasks, arm.use)


@pytest.mark.parametrize(("name", "test", "unit"), BUDGETS)
def test_tables_and_sentences_are_those_of_the_results(name: str, test: str, unit: str) -> None:
    results = results_of(name)
    arms = results["tests"][test][unit]["arms"]
    assert "\n".join(main_table(results, test, unit)) in page()
    text = " ".join(page().split())
    for arm in list(arms)[1:]:
        runs = [run for run in results["runs"] if run["arm"] == arm and run["unit"] == unit]
        recognised = fmean(run["recognised"] for run in runs)
        figure = arms[arm]["figures"]["exprate"]
        sentence = f"**{arm}** ({recognised:,.0f} recognition images): {difference_text(figure)}, {verdict(figure)}"
        assert sentence in text


@pytest.mark.parametrize("unit", ["steps", "recognition"])
def test_slices_and_unfinished_predictions(unit: str) -> None:
    results = results_of("ablation_mini")
    budget = results["tests"]["crohme_2014"][unit]
    for key in ("length", "depth"):
        assert "\n".join(slice_table(budget, key)) in page()
    for arm in budget["arms"]:
        runs = [run for run in results["runs"] if run["arm"] == arm and run["unit"] == unit]
        cells = [f"{run['unfinished']['crohme_2014']:.1f}" for run in runs]
        assert f"| {arm} | {' | '.join(cells)} |" in page()


def test_what_the_page_says_of_several_rows() -> None:
    results = results_of("ablation_mini")
    units = results["tests"]["crohme_2014"]
    rates = {unit: {arm: one["figures"]["exprate"] for arm, one in units[unit]["arms"].items()} for unit in units}
    assert not any(verdict(figure) == "a gain" for figures in rates.values() for figure in figures.values())
    every = rates["recognition"]
    parts = ("+ tree_cot (published)", "+ symbol_count", "+ error tasks")
    assert every["all"]["difference"] > max(every[part]["difference"] for part in parts)
    cdm = {unit: {arm: verdict(one["figures"]["cdm_f1"]) for arm, one in units[unit]["arms"].items()} for unit in units}
    assert [cdm[unit]["+ votes"] for unit in cdm] == ["a gain", "a gain"]
    assert (cdm["steps"]["+ GRPO"], cdm["recognition"]["+ GRPO"]) == ("a gain", "no difference is shown")
    recipe = results_of("ablation_recipe")["tests"]["crohme_2013"]["recognition"]["arms"]
    lost = [arm for arm, one in recipe.items() if verdict(one["figures"]["exprate"]) == "a loss"]
    assert lost == ["no augmentation", "CROHME / 4", "CROHME / 8"]


def test_scaling_curves() -> None:
    recipe, curriculum = (results_of(name)["scaling"] for name in ("ablation_recipe", "ablation_curriculum"))
    curves = [curve for curve in recipe if curve.get("arm", "recipe") in ("recipe", "no averaged weights")]
    assert {curve["against"] for curve in curves} == {"real_images", "synthetic_images", "images_seen"}
    text = " ".join(page().split())
    assert all(scaling_text(curve) in text for curve in [*curves, *curriculum])


def test_the_start_of_the_runs() -> None:
    before = json.loads((ROOT / "docs" / "data" / "reader_results.json").read_text(encoding="utf-8"))["mini"]
    for year in ("2013", "2014"):
        assert f"{before[f'crohme_{year}']['exprate']:.1f}% of CROHME {year}" in " ".join(page().split())


@pytest.mark.parametrize("name", PLOTS)
def test_there_are_plots(name: str) -> None:
    assert f"images/{name}.png" in page()
    assert (ROOT / "docs" / "images" / f"{name}.png").stat().st_size > 5_000
