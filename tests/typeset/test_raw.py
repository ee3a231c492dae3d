"""Raw LaTeX in type: constructs that labels do not support are shown; unsupported constructs are refused."""

from __future__ import annotations

import pytest

from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.formula import set_label


@pytest.mark.parametrize(
    ("raw", "marks"),
    [
        (r"\ce{H2O}", "H 2 O"),
        (r"${\ce {A^{2}+ -> B v}}$", r"A 2 + \rightarrow B \downarrow"),
        (r"\color{red}x+\textcolor{blue}{y}", "x + y"),
        (r"\cancelto{0}{x}+y", r"\cancel x 0 + y"),
        (r"\cancelto { 0 } { x }", r"\cancel x 0"),
        (r"\sideset{_1^2}{_3^4}\prod_{k} x", r"1 2 \prod 3 4 k x"),
        (r"\prescript{14}{6}{C}", "1 4 6 C"),
        (r"\begin{array}{cc} \multicolumn{2}{c}{a}\\ b & c\end{array}", "a b c"),
        (r"\centernot\in A", r"\not\in A"),
        (r"\frac{\splitfrac{a}{b}}{c}", r"\frac a b c"),
        (r"x\eqref{1}", "x ( 1 )"),
    ],
    ids=lambda text: text.split("{")[0],
)
def test_its_marks_are_those_that_people_see(raw: str, marks: str) -> None:
    assert " ".join(set_label(raw).names) == marks


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (r"\foo{x}", r"unknown command '\\foo'"),
        (r"\includegraphics{x}", r"'\\includegraphics' cannot be written"),
        (r"x \foo", r"unknown command \\foo"),
        (r"\frac { a", "never closes"),
    ],
)
def test_what_has_no_known_look_is_refused(raw: str, reason: str) -> None:
    with pytest.raises(TypesetError, match=reason):
        set_label(raw)
