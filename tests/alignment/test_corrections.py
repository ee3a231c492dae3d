"""Marked formulas and correction logs, to the byte; and the law: the log applied to the marks gives the label."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumer_data.alignment.corrections import apply_log, correction
from mumer_data.exceptions import CorrectionError
from mumer_data.records import Correction
from tests.latex.labels import labels

# label, prediction, marked formula, log
CASES = {
    "replace": ("x + 1", "x + l", "x + <error_start> l <error_end>", "REPLACE:l -> 1"),
    "insert": ("x + 1", "x 1", "x <deleted> 1", "INSERT:+ after x"),
    "insert first": ("- x", "x", "<deleted> x", "INSERT:- after <start>"),
    "delete": ("x", "x ^ { 2 }", "x <error_start> ^ { 2 } <error_end>", "DELETE:^ { 2 }"),
    "run": ("a b c d", "a x y d", "a <error_start> x y <error_end> d", "REPLACE:x y -> b c"),
    "longer run": ("a b c d e", "a x e", "a <error_start> x <error_end> e", "REPLACE:x -> b c d"),
    "two gaps": ("x ^ { 2 }", "x 2", "x <deleted> 2 <deleted>", "INSERT:^ { after x\nINSERT:} after 2"),
    "after a run": (
        "a b + c d",
        "x b + d",
        "<error_start> x <error_end> b + <deleted> d",
        "REPLACE:x -> a\nINSERT:c after +",
    ),
    "nothing": ("x + 1", "x + 1", "x + 1", ""),
    "words": ("a after b c", "a b c", "a <deleted> b c", "INSERT:after after a"),
}


@pytest.mark.parametrize(("label", "text", "marked", "log"), CASES.values(), ids=CASES)
def test_marks_and_log(label: str, text: str, marked: str, log: str) -> None:
    assert correction(label, text) == Correction(label, text, marked, log)
    assert apply_log(marked, log) == label


def test_whitespace_becomes_single_spaces() -> None:
    assert correction("x  +\t1 ", " x +  l").label == "x + 1"


words = st.lists(
    st.one_of(
        st.sampled_from([*"ab{}^_:", "after", "REPLACE:", "DELETE:x", "->x", "<", ">", "start", "\\frac", "INSERT:"]),
        st.text(min_size=1, max_size=3).filter(lambda text: len(text.split()) == 1 and text.split()[0] == text),
    ),
    min_size=1,
    max_size=10,
).filter(lambda tokens: "->" not in tokens)


@given(words, words)
def test_the_log_leads_back_for_any_tokens(label: list[str], text: list[str]) -> None:
    found = correction(" ".join(label), " ".join(text))
    assert apply_log(found.marked, found.log) == " ".join(label)
    assert found.marked.count("<error_start>") + found.marked.count("<deleted>") == len(found.log.split("\n")) * bool(
        found.log
    )
    unmarked = [token for token in found.marked.split() if token not in ("<error_start>", "<error_end>", "<deleted>")]
    assert unmarked == text


@given(labels(), labels())
def test_the_log_leads_back_for_labels(label: str, text: str) -> None:
    found = correction(label, text)
    assert apply_log(found.marked, found.log) == label


@pytest.mark.parametrize(
    ("label", "text", "reason"),
    [
        ("x <deleted>", "x", "token_like_mark"),
        ("x", "a<error_start>b", "token_like_mark"),
        ("x", "<start> x", "token_like_mark"),
        ("x -> y", "x", "token_like_arrow"),
        ("x", "x ->", "token_like_arrow"),
        ("x", " ", "prediction_empty"),
        ("", "x", "label_empty"),
    ],
)
def test_what_cannot_be_marked_is_refused(label: str, text: str, reason: str) -> None:
    with pytest.raises(CorrectionError) as caught:
        correction(label, text)
    assert caught.value.reason == reason
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.reason, str(again)) == (reason, str(caught.value))


@pytest.mark.parametrize(
    ("marked", "log", "message"),
    [
        ("x <error_start> l <error_end>", "", "does not replace or delete 'l'"),
        ("x <error_start> l <error_end>", "REPLACE:m -> 1", "does not replace or delete 'l'"),
        ("x <error_start> l <error_end>", "REPLACE:l", "does not replace or delete 'l'"),
        ("x <deleted>", "INSERT:1 after y", "does not insert after 'x'"),
        ("x <deleted>", "DELETE:x", "does not insert after 'x'"),
        ("x", "DELETE:x", "no mark is left for 'DELETE:x'"),
        ("x <error_start> l", "DELETE:l", "without <error_end>"),
        ("x <error_end>", "DELETE:l", "<error_end> is not allowed here"),
        ("<error_start> <deleted> <error_end>", "DELETE:l", "<deleted> is not allowed here"),
    ],
)
def test_logs_that_do_not_fit_are_refused(marked: str, log: str, message: str) -> None:
    with pytest.raises(CorrectionError, match=message):
        apply_log(marked, log)


def test_real_predictions(shared: Path) -> None:
    for file in sorted((shared / "golden/predictions").glob("*.json")):
        for row in json.loads(file.read_text(encoding="utf-8")):
            found = correction(row["gt"], row["pred"])
            assert apply_log(found.marked, found.log) == row["gt"]
