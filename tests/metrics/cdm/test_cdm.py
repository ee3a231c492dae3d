"""CDM and VisEq: agreement with the published tool, and what each forgives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import spearmanr

from mumer_data.metrics.cdm import cdm_score, cdm_scores
from mumer_data.metrics.cdm.match import Marks, match
from mumer_data.metrics.cdm.names import canonical, looks
from mumer_data.metrics.evaluate import evaluate
from mumer_data.readers.predictions import load_predictions
from tests.latex.labels import labels
from tests.metrics.files import predictions


def test_it_agrees_with_the_published_tool(shared: Path) -> None:
    official = json.loads((shared / "golden" / "cdm_crohme_2014_3b.json").read_text(encoding="utf-8"))["f1"]
    rows = load_predictions(shared / "golden" / "predictions" / "crohme_2014_3b_pred.json")
    ours = np.array([score.f1 for score in cdm_scores([(row.label, row.prediction) for row in rows])])
    theirs = np.array([official[row.id] for row in rows])
    assert abs(ours.mean() - theirs.mean()) < 0.005
    assert abs((ours == 1).mean() - (theirs == 1).mean()) < 0.01
    assert ((ours == 1) == (theirs == 1)).mean() >= 0.98
    assert spearmanr(ours, theirs).statistic >= 0.95
    assert (ours != theirs).sum() <= 10


def test_viseq_accepts_nothing_of_what_the_published_tool_forgives(shared: Path) -> None:
    official = json.loads((shared / "golden" / "cdm_crohme_2014_3b.json").read_text(encoding="utf-8"))["f1"]
    rows = load_predictions(shared / "golden" / "predictions" / "crohme_2014_3b_pred.json")
    forgiven = [row for row in rows if official[row.id] == 1 and row.label.split() != row.prediction.split()]
    assert len(forgiven) == 30
    assert not any(cdm_score(row.label, row.prediction).viseq for row in forgiven)


def test_order_counts_by_the_longer_formula() -> None:
    """So a prediction that breaks off is matched with the beginning of its label, as the published tool does."""
    label = "\\sqrt { \\frac { 1 + x } { 1 - x } } = \\sqrt { \\frac { 1 + x } { 1 + x } \\frac { 1 + x } { 1 - x } }"
    rest = " = \\frac { 1 + x } { \\sqrt { 1 - x ^ { 2 } } }"
    assert cdm_score(label + rest, "\\sqrt { \\frac { 1 + x } { 1 - x } }").f1 == 0.381


# Of the pairs that the published tool calls equal: the eye does not.
FORGIVEN = [
    ("H _ { c l }", "H c l"),
    ("\\sqrt { x } \\sqrt { y }", "\\sqrt { x } y"),
    ("\\cos 2 ^ { t }", "\\cos 2 t"),
    ("9 \\cdot 8", "9 . 8"),
    ("a + \\ldots", "a + \\cdots"),
    ("( a ) ^ { 3 }", "( a ) 3"),
]
SAME = [
    ("{ x } ^ { 2 }", "x ^ { 2 }"),
    ("\\left ( x \\right )", "( x )"),
    ("a \\leq b", "a \\le b"),
    ("x '", "x ^ { \\prime }"),
    ("x _ { i } ^ { 2 }", "x ^ { 2 } _ { i }"),
    ("\\frac { a } { b }", "\\dfrac { a } { b }"),
    ("\\sum \\limits _ { i } x", "\\sum _ { i } x"),
    ("\\binom { n } { k }", "n \\choose k"),
    ("\\operatorname { s i n } x", "\\sin x"),
    ("\\begin {pmatrix} a \\end {pmatrix}", "\\left ( \\begin {matrix} a \\end {matrix} \\right )"),
]


@pytest.mark.parametrize(("label", "text"), FORGIVEN)
def test_viseq_forgives_less_than_cdm(label: str, text: str) -> None:
    score = cdm_score(label, text)
    assert not score.viseq
    if label != "\\sqrt { x } \\sqrt { y }":  # alone it is one mark fewer; in its formula the roots balance
        assert score.f1 == 1


@pytest.mark.parametrize(("label", "text"), SAME)
def test_what_looks_the_same_is_the_same(label: str, text: str) -> None:
    assert cdm_score(label, text).f1 == 1
    assert cdm_score(label, text).viseq
    assert cdm_score(text, label).viseq


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("x", "X"),
        ("a b", "b a"),
        ("x \\quad y", "x y"),
        ("\\mathbf { x }", "x"),
        ("\\int \\limits _ { a } x", "\\int _ { a } x"),
    ],
)
def test_what_looks_different_is_different(label: str, text: str) -> None:
    assert not cdm_score(label, text).viseq


@pytest.mark.parametrize(
    ("label", "text", "f1", "spelling"),
    [
        ("A \\setminus B", "A \\backslash B", 0.667, "\\setminus"),
        ("\\vec { v }", "\\overrightarrow { v }", 0.5, "\\overrightarrow"),
    ],
)
def test_verdicts_that_people_do_not_share_have_a_note(label: str, text: str, f1: float, spelling: str) -> None:
    """CDM stays as published; VisEq and the rating take both spellings for one picture."""
    for score in (cdm_score(label, text), cdm_score(text, label)):
        assert (score.f1, score.viseq) == (f1, True)
        assert score.note.startswith(f"{spelling} and its other spelling are one picture to people")
    assert cdm_score(label, label).note == ""
    assert cdm_score(label, f"{text} x").note == ""


@given(labels())
def test_a_label_equals_itself_in_other_braces(label: str) -> None:
    alone = cdm_score(label, label)
    wrapped = cdm_score(label, f"{{ {label} }}")
    if alone.unrenderable:
        assert wrapped.unrenderable == "label"
        return
    assert (alone.f1, alone.viseq) == (1, True)
    if "\\\\" not in label and not {"\\choose", "'"} & set(label.split()):
        assert wrapped.f1 == 1


@given(labels(), labels())
def test_scores_lie_between_nothing_and_all(label: str, text: str) -> None:
    score = cdm_score(label, text)
    if score.unrenderable == "label":
        assert score.f1 is None
        return
    assert score.f1 is not None
    assert 0 <= score.f1 <= 1
    if score.viseq:
        assert score.f1 == 1


def test_what_cannot_be_set() -> None:
    assert cdm_score("x", "\\foo").unrenderable == "prediction"
    assert cdm_score("x", "\\foo").f1 == 0
    assert cdm_score("x", "").f1 == 0
    assert cdm_score("\\foo", "x").f1 is None
    assert cdm_score("x", "1 " * 5000).unrenderable == "prediction"
    found = evaluate(predictions(("x", "x"), ("x", "\\foo"), ("\\foo", "\\foo")), metrics=["cdm"])
    assert found.figures["exprate_cdm"].value == 50
    assert found.figures["cdm_f1"].value == 0.5
    assert found.figures["viseq"].value == 50
    assert found.counts == {"cdm_unrenderable": 1, "cdm_unrenderable_labels": 1}


def test_workers_change_nothing() -> None:
    pairs = [("x ^ { 2 }", "x _ { 2 }"), ("a", "b"), *FORGIVEN, *SAME] * 12
    assert list(cdm_scores(pairs, workers=1)) == list(cdm_scores(pairs, workers=2))


def test_a_shifted_copy_matches_and_a_scattered_one_does_not() -> None:
    rng = np.random.default_rng(0)
    corner = rng.random((12, 2)) * 600
    boxes = np.hstack([corner, corner + 20])
    names = [f"\\t{n}" for n in range(12)]
    assert match(Marks(names, boxes), Marks(names, boxes * 1.3 + 50)).f1 == 1
    scattered = np.hstack([corner[::-1], corner[::-1] + 20])
    assert match(Marks(names, boxes), Marks(names, scattered)).f1 < 1
    assert match(Marks(names, boxes), Marks([f"{name}a" for name in names], boxes)).f1 == 0


@pytest.mark.parametrize(
    ("one", "two", "same", "alike"),
    [
        ("\\le", "\\leq", True, True),
        ("\\cdot", ".", False, True),
        ("\\left(", "(", False, True),
        ("\\left\\lbrace", "\\{", False, True),
        ("\\Bigr)", ")", False, True),
        ("\\left<", "\\langle", False, True),
        ("<", "\\langle", False, False),
        ("\\backslash", "/", False, False),
        ("\\varphi", "\\phi", False, True),
        ("\\widehat", "\\hat", False, True),
        ("\\leftarrow", "\\rightarrow", False, False),
        ("\\bigcup", "\\cup", False, False),
        ("x", "X", False, False),
    ],
)
def test_names(one: str, two: str, same: bool, alike: bool) -> None:
    assert (canonical(one) == canonical(two)) is same
    assert (looks(canonical(one)) == looks(canonical(two))) is alike
