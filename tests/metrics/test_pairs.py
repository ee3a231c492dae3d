"""The hand-judged pairs of ``pairs.tsv``: what ExpRate, CDM and VisEq wrongly accept or reject among them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mumer_data.metrics.cdm import cdm_score

PAIRS = Path(__file__).with_name("pairs.tsv")


def judged() -> list[tuple[bool, str, str, str]]:
    with PAIRS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(row["verdict"] == "same", row["one"], row["two"], row["reason"]) for row in rows]


def test_every_pair_has_a_verdict_and_a_reason() -> None:
    rows = judged()
    assert len(rows) >= 250
    assert all(reason for *_, reason in rows)
    assert 100 <= sum(same for same, *_ in rows) <= len(rows) - 100


def test_viseq_accepts_two_wrongly_at_most_and_rejects_five() -> None:
    wrong = [(same, one, two) for same, one, two, _ in judged() if cdm_score(one, two).viseq != same]
    assert len([pair for pair in wrong if not pair[0]]) <= 2, wrong
    assert len([pair for pair in wrong if pair[0]]) <= 5, wrong


def test_a_verdict_does_not_depend_on_the_side() -> None:
    for _, one, two, _ in judged():
        assert cdm_score(one, two).viseq == cdm_score(two, one).viseq, (one, two)


@pytest.mark.parametrize(
    ("one", "two", "f1"),
    [
        (r"A \setminus B", r"A \backslash B", 0.667),
        (r"\vec { v }", r"\overrightarrow { v }", 0.5),
        (r"\begin {array} { c } a \\ \hline b \end {array}", r"\begin {array} { c } a \\ b \end {array}", 1.0),
        (r"{ \bf x }", "x", 1.0),
    ],
)
def test_cdm_stays_as_published(one: str, two: str, f1: float) -> None:
    assert cdm_score(one, two).f1 == f1
