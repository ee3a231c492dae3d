"""Votes: classes of labels, majority, reranking, median and combination, weights, calibration; on real predictions."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mumer_data
from mumer_data.jobs.corpus import read_corpus
from mumer_data.jobs.vote import vote_files
from mumer_data.voting.calibration import calibration_error, fit_calibration, read_calibration
from mumer_data.voting.classes import classes_of
from mumer_data.voting.combine import combination, median, total_distance
from mumer_data.voting.decide import CLEAR, PRIOR, decide, source_weights
from mumer_data.voting.language_model import LanguageModel, VoteError

TRAINING = ["x _ { 1 } + x _ { 2 }", "x _ { 1 } = 0", "\\frac { 1 } { 2 }", "n + 1"] * 5


def chosen(*labels: str, weights: list[float] | None = None) -> tuple[str, str]:
    found = decide(classes_of(labels, weights or [1.0] * len(labels)))
    return found.label, found.method


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("x", "x"), ("x", "unanimous")),
        (("x", "y", "x"), ("x", "majority")),
        (("x", "y"), ("x", "majority")),
        (("", ""), ("", "none")),
        (("", "y"), ("y", "unanimous")),
        (("x ^ {", "x ^ {", "y"), ("y", "rerank")),  # the grammar does not read the first
        (("x _ { 1 } ^ { 2 }", "y", "x ^ { 2 } _ { 1 }"), ("x _ { 1 } ^ { 2 }", "majority")),  # one look
        (("y", "\\sum \\limits _ { i } i", "\\sum _ { i } i"), ("\\sum \\limits _ { i } i", "majority")),
    ],
)
def test_majority_over_classes(labels: tuple[str, ...], expected: tuple[str, str]) -> None:
    assert chosen(*labels) == expected


def test_a_heavier_source_wins() -> None:
    assert chosen("x", "y", weights=[1.0, 1.2])[0] == "y"
    assert chosen("x", "y", "y", weights=[3.0, 1.0, 1.0])[0] == "x"


def test_confidence_is_the_share() -> None:
    found = decide(classes_of(["x", "x", "y"], [1.0, 1.0, 1.0]))
    assert (found.votes, found.sources, found.classes) == (2, 3, 2)
    assert found.confidence == pytest.approx(2 / 3)


def test_median_and_combination_where_all_differ() -> None:
    labels = ["a + b + c + d", "a + 6 + c + d", "a + b + e + d", "a + b + c + f"]
    assert chosen(*labels[1:]) == ("a + b + c + d", "combination")
    assert chosen(*labels) == ("a + b + c + d", "median")


def test_a_combination_that_does_not_parse_is_not_kept() -> None:
    classes = classes_of(["{ a } b", "a { b }", "x y"], [1.0] * 3)
    together = combination(classes)
    assert together is None or mumer_data.parse(" ".join(together))
    assert combination(classes_of(["a", "b"], [1.0, 1.0])) is None


@given(st.lists(st.lists(st.sampled_from("abc+"), min_size=1, max_size=6).map(" ".join), min_size=3, max_size=6))
def test_a_combination_is_nearer_than_the_median(labels: list[str]) -> None:
    classes = classes_of(labels, [1.0] * len(labels))
    together = combination(classes)
    if together is not None:
        assert total_distance(together, classes) < total_distance(median(classes).tokens, classes)


def test_the_language_model_is_a_distribution() -> None:
    model = LanguageModel(["a b", "a c", "b"])
    direction = model._forward
    for context in (("<s>",), ("<s>", "a"), ("a",), ()):
        known = sum(direction._probability(context, token) for token in ("a", "b", "c", "</s>"))
        unknown = direction._probability(context, "z")
        assert known + 200 * unknown == pytest.approx(1.0)
    assert model.log_probability(["a", "b"]) > model.log_probability(["b", "a"])
    with pytest.raises(VoteError, match="needs training labels"):
        LanguageModel(["", " "])


def test_reranking_by_training_labels_and_log_probability() -> None:
    sources = [["x _ { l }", "n + l"], ["x _ { 1 }", "n + 1"]]
    plain = mumer_data.vote(sources)
    assert [vote.label for vote in plain] == sources[0]
    ranked = mumer_data.vote(sources, training_labels=TRAINING, weights=[1, 1])
    assert [(vote.label, vote.method) for vote in ranked] == [("x _ { 1 }", "majority"), ("n + 1", "majority")]
    heavy = mumer_data.vote(sources, training_labels=TRAINING, weights=[1.1, 1])
    assert [(vote.label, vote.method) for vote in heavy] == [("x _ { 1 }", "rerank"), ("n + 1", "rerank")]
    reported = mumer_data.vote(sources, log_probabilities=[[-9.0, -1.0], [-1.0, -9.0]])
    assert [vote.label for vote in reported] == ["x _ { 1 }", "n + l"]


def test_weights_are_estimated_from_majorities_and_clear_preferences() -> None:
    rows = [["a", "a", "b"]] * 20 + [["c", "c", "c"]] * 20
    one, two, three = source_weights(rows, None)
    assert one == two > three
    assert three == pytest.approx(3 * PRIOR / (3 * PRIOR + 40))
    model = LanguageModel(TRAINING)
    assert model.score(["n", "+", "1"]) - model.score(["n", "+", "l"]) > CLEAR
    assert source_weights([["n + 1", "n + l"]] * 10, model) == pytest.approx([4 / 3, 2 / 3])
    assert source_weights([["n + 1", "n + l"]] * 10, None) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("predictions", "weights", "message"),
    [
        ([], None, "there are no predictions"),
        ([["x"], ["x", "y"]], None, "1, 2 predictions"),
        ([["x"], ["x"]], [1], "1 weights for 2 sources"),
        ([["x"], ["x"]], [1, -1], "positive numbers"),
        ([["x"], ["x"]], [1, math.nan], "positive numbers"),
    ],
)
def test_wrong_arguments(predictions: list[list[str]], weights: list[float] | None, message: str) -> None:
    with pytest.raises(VoteError, match=message):
        mumer_data.vote(predictions, weights=weights)


def test_raw_predictions_are_normalised() -> None:
    assert [vote.label for vote in mumer_data.vote([["x^2"], ["x ^ { 2 }"], ["y"]])] == ["x ^ { 2 }"]


def test_calibration_pools_violators(tmp_path: Path) -> None:
    confidences = [0.5] * 4 + [0.6] * 4 + [0.9] * 10
    right = [True] * 2 + [False] * 2 + [True] + [False] * 3 + [True] * 9 + [False]
    fitted = fit_calibration(confidences, right)
    assert fitted.starts == (0.5, 0.9)
    assert fitted(0.1) == fitted(0.7) == pytest.approx(3.5 / 9)
    assert fitted(0.95) == pytest.approx(9.5 / 11)
    fitted.write(tmp_path / "calibration.json")
    assert read_calibration(tmp_path / "calibration.json") == fitted
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(VoteError, match="not a calibration"):
        read_calibration(tmp_path / "other.json")
    with pytest.raises(VoteError, match="labelled votes"):
        fit_calibration([], [])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_calibrations_never_fall(pairs: list[tuple[float, bool]]) -> None:
    fitted = fit_calibration([confidence for confidence, _ in pairs], [right for _, right in pairs])
    values = [fitted(place / 20) for place in range(21)]
    assert values == sorted(values)
    assert all(0 < value < 1 for value in values)


def test_two_published_models_on_crohme_2014(shared: Path) -> None:
    files = [shared / f"golden/predictions/crohme_2014_{model}_pred.json" for model in ("3b", "7b")]
    labels = read_corpus(str(shared / "data/crohme/train")).labels
    plain, ranked = vote_files(files), vote_files(files, training_labels=labels)
    assert plain.best is not None
    assert ranked.best is not None
    assert [round(rate, 2) for rate in ranked.rates] == [82.66, 83.87]
    assert ranked.weights[1] > ranked.weights[0]
    assert round(plain.best.exprate_b, 2) >= 82.66
    assert ranked.best.difference > 1.0
    right = [row.prediction == row.label for row in ranked.rows]
    halves = list(range(len(right)))
    random.Random(0).shuffle(halves)
    first, second = halves[::2], halves[1::2]
    fitted = fit_calibration([ranked.votes[n].confidence for n in first], [right[n] for n in first])
    raw = [ranked.votes[n].confidence for n in second]
    outcome = [right[n] for n in second]
    assert calibration_error([fitted(one) for one in raw], outcome) < 0.6 * calibration_error(raw, outcome)
