"""The trace of a label: the steps that the parser runs, and exactly the symbols that it builds."""

from __future__ import annotations

import pytest

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.parser import parse
from mumer_data.latex.trace import trace
from mumer_data.latex.transducer import Op

LABELS = [
    "x",
    r"\frac { a ^ { 2 } + 1 } { b }",
    r"{ x } ^ { 2 } + \sqrt [ [ 3 ] ] { }",
    r"\begin {cases} a & { c } \\ d \end {cases} x",
    r"\begin{array} { l r } a & b \end{array}",
    "{ }",
]


@pytest.mark.parametrize("label", LABELS)
def test_every_symbol_is_the_output_of_one_step(label: str) -> None:
    rows = trace(label)
    assert [row.token for row in rows] == [*label.split(), ""]
    outputs = [line for row in rows for line in row.output.split("\n") if line]
    expected = [
        f"{'  ' * d}{token or '_'}" + f" ({relation})" * bool(relation) for d, token, relation in parse(label).rows()
    ]
    assert outputs == expected


def test_frames_follow_the_braces_of_arguments() -> None:
    rows = trace(r"\frac { a ^ { 2 } } { b }")
    assert [row.frames for row in rows] == [0, 0, 1, 1, 1, 2, 2, 1, 0, 1, 1, 0]
    assert {row.op for row in rows} == {Op.ADD, Op.OPEN, Op.CLOSE, Op.SKIP}


def test_a_label_that_does_not_parse() -> None:
    with pytest.raises(LatexSyntaxError, match="never closes"):
        trace(r"\frac { a")
