"""Whether the parts of an answer agree."""

from __future__ import annotations

import pytest
from hypothesis import given

from mumer_data.latex.counts import symbol_count_text
from mumer_data.latex.serialize import label_text
from mumer_data.recognizers import RecognizerError
from mumer_data.recognizers.self_check import SelfCheck, self_check
from tests.latex.labels import labels


@given(labels(empty_scripts=False))
def test_our_own_answers_agree(label: str) -> None:
    assert self_check([f"{label_text(label)}\n{label}"], "tree_cot") == SelfCheck(1, 1, 1)
    for dialect in ("slt", "compact"):
        assert self_check([f"{label_text(label, dialect)}\n{label}"], "tree_cot", dialect) == SelfCheck(1, 1, 1)
    assert self_check([f"{symbol_count_text(label)}\n{label}"], "symbol_count") == SelfCheck(1, 1, 1)


def test_what_disagrees_and_what_cannot_be_read() -> None:
    answers = ["x\n\t2 (sup)\nx ^ { 2 }", "x\n\t3 (sup)\nx ^ { 2 }", "x\n\t\t2 (sup)\nx ^ { 2 }", "x ^ { 2 }"]
    assert self_check(answers, "tree_cot") == SelfCheck(4, 2, 1)
    assert self_check(["x\n\t(sup) 2\nx ^ { 2 }", "x\n\t(sup) 3\nx ^ { 2 }"], "tree_cot", "compact") == SelfCheck(
        2, 2, 1
    )
    counts = ["x: 1, ^: 1, 2: 1\nx ^ { 2 }", "x: 2, ^: 1, 2: 1\nx ^ { 2 }", "x 1\nx"]
    assert self_check(counts, "symbol_count") == SelfCheck(3, 2, 1)
    with pytest.raises(RecognizerError, match="have one part"):
        self_check([], "recognition")
