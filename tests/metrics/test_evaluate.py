"""Intervals, signatures, slices, normalisation: what holds for every metric."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from mumer_data.metrics.bootstrap import RowCounts, resampled_sums
from mumer_data.metrics.evaluate import evaluate, evaluate_pairs
from mumer_data.metrics.pairs import pair_up
from mumer_data.metrics.slices import SLICES
from mumer_data.records import Prediction
from tests.metrics.files import files, predictions

FOUR = predictions(("x", "x"), ("x ^ { 2 }", "x ^ { 2 }"), ("\\frac { a } { b }", "a"), ("y + 1 = \\sum _ { i } i", ""))


@given(files)
def test_order_does_not_matter_and_values_lie_in_their_intervals(pairs: list[tuple[str, str]]) -> None:
    one, two = evaluate(predictions(*pairs)), evaluate(predictions(*reversed(pairs)))
    for name, figure in one.figures.items():
        assert figure.value == pytest.approx(two.figures[name].value)
        assert figure.low <= figure.high
    assert one.figures["exprate"].low <= one.figures["exprate"].value <= one.figures["exprate"].high


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert evaluate(FOUR).to_json() == evaluate(FOUR).to_json()
    many = predictions(*[("x y", "x y")] * 31, *[("x y", "x")] * 26)
    assert len({evaluate(many, seed=seed).figures["edit_score"].low for seed in range(10)}) > 1


def test_resamples_are_as_large_as_the_file_and_vary_as_they_should() -> None:
    sums = resampled_sums(np.column_stack([np.ones(400), np.arange(400) < 100]), resamples=4000)
    assert (sums[:, 0] == 400).all()
    rates = sums[:, 1] / 400
    assert rates.mean() == pytest.approx(0.25, abs=0.003)
    assert rates.std() == pytest.approx((0.25 * 0.75 / 400) ** 0.5, rel=0.1)


def test_every_figure_says_how_it_was_made() -> None:
    found = evaluate(FOUR, normalizer="crohme").to_json()
    assert set(found["signatures"]) == set(found["intervals"]) == set(found) & set(found["signatures"])
    for name, signature in found["signatures"].items():
        assert signature.startswith(f"{name}|")
        assert "norm:crohme" in signature
        assert "version:mumer-" in signature
        assert "tok:whitespace" in signature


def test_figures_of_a_slice_say_so_too() -> None:
    sliced = evaluate(FOUR, metrics=["published", "semantic", "cdm"], by=["depth"]).to_json()["by"]["depth"]["0"]
    assert set(sliced["signatures"]) == set(sliced["intervals"])
    for signature in sliced["signatures"].values():
        assert all(part in signature for part in ("|tok:whitespace|", "|norm:none|", "|version:mumer-", "|n:1|"))


@pytest.mark.parametrize(
    ("dataset", "image", "name"),
    [
        ("mine", "./data/CROHME/2014/images/x.jpg", "mine"),
        ("", "./data/CROHME/2014/images/x.jpg", "CROHME/2014"),
        ("", "C:\\hme100k\\test\\x.png", "hme100k/test"),
        ("", "images/x.png", "unnamed"),
        ("", "", "unnamed"),
    ],
)
def test_a_row_that_names_no_data_set_has_that_of_its_image(dataset: str, image: str, name: str) -> None:
    rows = [Prediction("a", "x", "x", image=image, dataset=dataset)]
    assert list(evaluate(rows, by=["dataset"]).slices["dataset"]) == [name]


@settings(max_examples=10)
@given(files, files)
def test_batches_do_not_change_a_figure(one: list[tuple[str, str]], two: list[tuple[str, str]]) -> None:
    by = ["length", "symbol"]
    whole = evaluate(predictions(*one, *two), by=by)
    parts = evaluate_pairs([pair_up(predictions(*one)), pair_up(predictions(*two))], by=by)
    assert parts.to_json() == whole.to_json()


def test_resamples_of_counts_are_those_of_rows() -> None:
    rng = np.random.default_rng(5)
    statistics = np.column_stack([np.ones(500), rng.integers(0, 3, 500), rng.integers(0, 90_000, 500), rng.random(500)])
    counts = RowCounts()
    for begin in range(0, 500, 120):
        counts.add(statistics[begin : begin + 120])
    plain = np.random.default_rng([7, 500])
    sums = [statistics[plain.integers(500, size=500)].sum(axis=0) for _ in range(50)]
    np.testing.assert_allclose(counts.resampled_sums(7, 50), sums, rtol=1e-12)
    np.testing.assert_allclose(counts.sums(), statistics.sum(axis=0))
    chosen = np.array([3, 3, 499, 120])
    np.testing.assert_allclose(counts.subset(chosen).sums(), statistics[chosen].sum(axis=0))


def test_slices_by_what_each_row_has_once_add_up() -> None:
    found = evaluate(FOUR, by=["length", "depth", "dataset"])
    for slices in found.slices.values():
        assert sum(n for n, _ in slices.values()) == 4
        right = sum(n * figures["exprate"].value for n, figures in slices.values())
        assert right == pytest.approx(4 * found.figures["exprate"].value)


def test_depths_from_five_on_are_one_slice() -> None:
    nested = ["x ^ { " * depth + "y" + " }" * depth for depth in range(8)]
    slices = evaluate(predictions(*[(label, label) for label in nested]), by=["depth"]).slices["depth"]
    assert {name: n for name, (n, _) in slices.items()} == {"0": 1, "1": 1, "2": 1, "3": 1, "4": 1, "5+": 3}


def test_slices_by_structure_and_symbol_overlap() -> None:
    found = evaluate(FOUR, by=["structure", "symbol"]).slices
    assert {name: n for name, (n, _) in found["structure"].items()} == {
        "plain": 1,
        "script": 2,
        "fraction": 1,
        "big operator": 1,
    }
    assert found["symbol"]["x"][0] == 2
    assert found["symbol"]["x"][1]["exprate"].value == 100


def test_a_slice_is_the_figures_of_its_rows_alone() -> None:
    rows = [Prediction(str(n), "x y", text, dataset="ab"[n % 2]) for n, text in enumerate(["x y", "x", "y x", ""])]
    sliced = evaluate(rows, by=["dataset"]).slices["dataset"]
    for name, (_, figures) in sliced.items():
        alone = evaluate([row for row in rows if row.dataset == name])
        assert {k: f.value for k, f in figures.items()} == {k: f.value for k, f in alone.figures.items()}


def test_a_label_that_does_not_parse_has_a_slice_too() -> None:
    found = evaluate(predictions(("{", "{")), by=list(SLICES)).slices
    assert list(found["depth"]) == ["unparsed"]
