"""The predicted human rating: agreement with people, equal pictures, monotonicity, explanations, and the metric."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import mumer_data
from mumer_data.metrics import rating
from mumer_data.metrics.evaluate import evaluate
from mumer_data.metrics.rating import RatingError, explain, rate, ratings, weights
from mumer_data.metrics.rating.edits import KINDS
from mumer_data.records import Prediction
from tests.conftest import SHARED

PAIRS = SHARED / "data/formula_judgements/pairs.jsonl"
WEIGHTS = Path(rating.__file__).parent / "weights.toml"
LABELS = [
    r"\frac { 1 } { 2 } ( a + b ) ^ { 2 } = c _ { i }",
    r"\sum _ { i = 1 } ^ { n } \sqrt { x _ { i } } \leq \int _ { 0 } ^ { 1 } f ( t ) d t",
    r"\begin {pmatrix} a & b \\ c & d \end {pmatrix} \hat { v } = \lambda \vec { w }",
]


@pytest.mark.skipif(not PAIRS.is_file(), reason="the rated pairs are not there")
def test_it_agrees_with_people() -> None:
    from mumer_data.metrics.rating.fit import agreement

    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    ratings = np.array([np.mean(row["ratings"]) for row in rows])
    ours = rate(predictions=[r["prediction"] for r in rows], references=[r["reference"] for r in rows])
    pearson, spearman, auc = agreement(ratings, np.array(ours))
    assert pearson > 0.8
    assert spearman > 0.8
    assert auc > 0.93


@pytest.mark.skipif(not PAIRS.is_file(), reason="the rated pairs are not there")
def test_the_frozen_weights_are_those_of_the_fit() -> None:
    from mumer_data.metrics.rating.fit import chosen, data_hash, fitted, load

    pairs, made = load(PAIRS), tomllib.loads(WEIGHTS.read_text(encoding="utf-8"))["fit"]
    assert made["sha256"] == data_hash(PAIRS)
    assert made["pairs"] == len(pairs.ratings)
    assert (made["pull"], weights().exponent) == chosen(pairs, made["seed"])
    model = fitted(pairs, made["pull"], weights().exponent)
    assert np.allclose(model, [*(weights().kinds[kind] for kind in KINDS), weights().top], atol=1e-3)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (r"A \setminus B", r"A \backslash B"),
        (r"\vec { v }", r"\overrightarrow { v }"),
        (r"$x^2$", "x ^ { 2 }"),
        (r"f'(x)", r"f^{\prime}(x)"),
        (r"a \not= b", r"a \neq b"),
        (r"\sum\limits_{i}^{n} i", r"\sum_{i}^{n} i"),
        (r"\begin{pmatrix} a & b \end{pmatrix}", r"\left(\begin{array}{cc} a & b \end{array}\right)"),
        (r"\ce{H2O + CO2 -> H2CO3}", r"\mathrm{H}_2\mathrm{O + CO_2 \rightarrow H_2CO_3}"),
        (r"\ce{Zn^{2}+ + SO4^{2-}}", r"\mathrm{Zn}^{2+} + \mathrm{SO}_4^{2-}"),
        (r"{\color[rgb]{1,0,0} x} + y", "x + y"),
        (r"x_1{}^2", "x_1^2"),
    ],
)
def test_one_picture_has_the_best_rating(one: str, two: str) -> None:
    assert rate(predictions=[one, two], references=[two, one]) == [weights().top] * 2


@pytest.mark.parametrize("label", LABELS)
def test_a_further_error_never_raises_it(label: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        tokens = label.split()
        symbols = [n for n, token in enumerate(tokens) if len(token) == 1 and token.isalnum()]
        last = explain(label, label).value
        for place in rng.permutation(symbols):
            tokens[place] = str(rng.choice(["Q", "\\Xi", "7", "\\zeta", "@"]))
            now = explain(" ".join(tokens), label).value
            assert now <= last + 1e-12, " ".join(tokens)
            last = now


def test_weights_are_not_negative() -> None:
    assert set(weights().kinds) == set(KINDS)
    assert all(weight >= 0 for weight in weights().kinds.values())


def test_worse_differences_cost_more() -> None:
    reference = r"\frac { \nu + 1 } { 2 } = \hat { x }"
    alike, accent, digit, lost = rate(
        predictions=[
            r"\frac { v + 1 } { 2 } = \hat { x }",
            r"\frac { \nu + 1 } { 2 } = x",
            r"\frac { \nu + 8 } { 2 } = \hat { x }",
            r"\nu + 1 2 = \hat { x }",
        ],
        references=[reference] * 4,
    )
    assert weights().top > alike > accent > digit > lost > 0


def test_what_does_not_parse_is_rated_from_its_tokens() -> None:
    rated = explain(r"\frac { a", r"\frac { a } { b }")
    assert rated.basis == "text"
    assert 0 < rated.value < weights().top
    assert explain("", "x").value == 0


def test_costs_add_up_to_the_loss() -> None:
    rated = explain("a + c = 8", "a + b = 3 .")
    assert rated.basis == "tree"
    assert sum(points for _, points in rated.costs) == pytest.approx(weights().top - rated.value)
    assert {(one.kind, one.reference, one.prediction) for one, _ in rated.costs} == {
        ("letter", "b", "c"),
        ("digit", "3", "8"),
        ("punctuation", ".", ""),
    }


def test_a_font_is_named_in_its_difference() -> None:
    ((one, _),) = explain("R", r"\mathbb { R }").costs
    assert (one.kind, one.reference, one.prediction) == ("font", "R (double)", "R (italic)")


def test_ratings_say_where_they_come_from() -> None:
    found = ratings(predictions=[r"\frac { a", "a"], references=["a", "a"])
    assert [one.basis for one in found] == ["text", "tree"]
    assert [one.value for one in found] == rate(predictions=[r"\frac { a", "a"], references=["a", "a"])


RAW = [
    (r"$\mathrm {PGL} (n,K)$", r"$\mathrm{PGL}(\mathrm{n}, \mathrm{K})$"),  # fonts are not the same
    (r"\bf x + y", r"\mathbf{x} + y"),  # a switch and a command
    (r"$i\in first[e]$", r"$i \in$ first $[e]$"),  # words between formulas
]


@pytest.mark.parametrize("preset", ["crohme", "im2latex"])
def test_fonts_that_a_preset_drops_count_for_the_rating_alone(preset: str) -> None:
    """`evaluate` of raw LaTeX rates what people see, as `rate` does; ExpRate and CDM see the normalised labels."""
    labels, texts = [label for label, _ in RAW], [text for _, text in RAW]
    found = mumer_data.evaluate(texts, labels, normalize=preset, metrics=["rating"], cdm=True)
    assert found["rating"].value == pytest.approx(np.mean(rate(predictions=texts, references=labels)))
    assert found["rating"].value < weights().top - 0.05
    plain = mumer_data.evaluate(texts, labels, normalize=preset, cdm=True)
    assert {name: plain[name].value for name in plain.figures} == {name: found[name].value for name in plain.figures}


def test_fonts_of_a_prediction_do_not_count_where_the_label_has_lost_its_own() -> None:
    found = mumer_data.evaluate([r"\mathbf{x}^2"], ["x ^ { 2 }"], normalize="crohme", metrics=["rating"])
    assert found["rating"].value == pytest.approx(weights().top, abs=1e-6)
    raw = mumer_data.evaluate([r"\mathbf{x}^2"], ["x^2"], normalize="crohme", metrics=["rating"])
    assert raw["rating"].value < weights().top


def test_lists_of_other_lengths_are_refused() -> None:
    with pytest.raises(RatingError, match="2 predictions and 1 references: give one reference per prediction"):
        rate(predictions=["x", "y"], references=["x"])


def test_it_is_a_metric_of_evaluate() -> None:
    rows = [Prediction(str(n), r"x ^ { 2 }", text) for n, text in enumerate((r"x ^ { 2 }", "x ^ {"))]
    result = evaluate(rows, metrics=["rating"]).to_json()
    expected = np.mean([explain(row.prediction, row.label).value for row in rows])
    assert result["rating"] == pytest.approx(expected, abs=1e-6)
    assert result["rating_from_text"] == 1


def test_a_very_long_pair_is_rated(tmp_path: Path) -> None:
    rated = explain(" ".join(["x"] * 5_000), " ".join(["y"] * 5_000))
    assert rated.value < 1
