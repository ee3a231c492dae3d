"""Counts of confusions: what counts, rates, merging, bounded memory."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumer_data.alignment.align import align
from mumer_data.alignment.confusions import Confusion, Confusions, confusions_of
from mumer_data.mining.candidates import confusions_state, load_confusions
from mumer_data.mining.counting import count_confusions
from mumer_data.report.confusions import confusions_json, section_of

ROWS = [
    ("x + 1", "x + l", "a"),
    ("x + 1 1", "X + l l", "b"),
    ("x ^ { 2 }", "x 2", "c"),
    ("x", "x", "d"),
    ("x + y", "x y z", "e"),
    ("x { y }", "x y", "f"),
    ("x + y", "x " * 40, "g"),
]


def counted(rows: list[tuple[str, str, str]], dataset: str = "", limit: int = 100) -> Confusions:
    found = Confusions(limit=limit)
    for label, text, example_id in rows:
        found.add_prediction(label, text, example_id, dataset)
    return found


def test_counts_rates_and_examples() -> None:
    found = counted(ROWS)
    assert (found.predictions, found.wrong, found.degenerate) == (6, 5, 1)
    first = found.rows()[0]
    assert first.confusion == Confusion("", "1", "l", "symbol")
    assert (first.count, first.rate) == (3, 1.0)
    assert [example.id for example in first.examples] == ["a", "b"]
    rows = {row.confusion: row for row in found.rows()}
    assert rows[Confusion("", "x", "X", "symbol")].rate == pytest.approx(1 / 6)
    assert rows[Confusion("", "^", "", "relation")].count == 1
    assert rows[Confusion("", "", "z", "symbol")].rate == pytest.approx(1 / 20)
    assert {row.confusion: section_of(row) for row in found.rows()} == {
        Confusion("", "1", "l", "symbol"): "confusions",
        Confusion("", "x", "X", "symbol"): "confusions",
        Confusion("", "^", "", "relation"): "structure",
        Confusion("", "+", "", "symbol"): "deletions",
        Confusion("", "", "z", "symbol"): "insertions",
        Confusion("", "{", "", "structure"): "structure",
        Confusion("", "}", "", "structure"): "structure",
    }


def test_braces_count_only_by_themselves() -> None:
    assert [c[1:3] for c in confusions_of(align("x ^ { 2 }", "x"))] == [("^", ""), ("2", "")]
    assert [c[1:3] for c in confusions_of(align("{ x } 1", "x l"))] == [("{", ""), ("}", ""), ("1", "l")]


@given(st.lists(st.sampled_from(ROWS)), st.integers(0, 8), st.integers(0, 8))
def test_merging_parts_is_counting_all(rows: list[tuple[str, str, str]], first: int, second: int) -> None:
    cuts = sorted({0, min(first, len(rows)), min(second, len(rows)), len(rows)})
    merged = Confusions()
    for begin, end in itertools.pairwise(cuts):
        merged.merge(counted(rows[begin:end]))
    assert merged.rows() == counted(rows).rows()
    assert (merged.predictions, merged.symbols) == (counted(rows).predictions, counted(rows).symbols)


def test_data_sets_apart_and_together() -> None:
    found = counted(ROWS[:2], "one")
    found.merge(counted(ROWS[:1], "two"))
    assert {(row.confusion.dataset, row.count) for row in found.rows() if row.confusion.prediction == "l"} == {
        ("one", 3),
        ("two", 1),
    }
    assert found.all_datasets().rows()[0].count == 4


def test_memory_is_bounded() -> None:
    rows = [("x + y", f"x + t{number}", str(number)) for number in range(100)]
    rows += [("x + y", "x + z", str(number)) for number in range(5)]
    found = counted(rows + rows, limit=10)
    assert len(found.pairs) <= 20
    assert found.rows()[0].confusion.prediction == "z"
    assert found.dropped + sum(row.count for row in found.rows()) == 2 * len(rows)


def test_state_survives_a_file(tmp_path: Path) -> None:
    found = counted(ROWS, "d")
    (tmp_path / "c.json").write_text(json.dumps(confusions_state(found)), encoding="utf-8")
    assert load_confusions(tmp_path / "c.json") == Confusions(**{**vars(found), "limit": 100_000})


def test_real_predictions(shared: Path) -> None:
    found = count_confusions([shared / "golden/predictions/crohme_2014_3b_pred.json"])
    assert (found.predictions, found.wrong, found.degenerate) == (985, 170, 1)
    sections = confusions_json(found)
    assert [(row["label_symbol"], row["predicted_symbol"], row["count"]) for row in sections["confusions"][:2]] == [
        ("C", "c", 13),
        ("X", "x", 10),
    ]
