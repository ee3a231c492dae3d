"""``\\ce`` is written out only where it begins, and refused where two readings are drawn differently."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mumer_data import LatexSyntaxError, normalize
from mumer_data.latex.normalize.chemistry import chemical_latex


def test_the_second_half_of_a_line_break_begins_no_chemistry() -> None:
    assert normalize(r"K = \\ce{ab}") == r"K = \\ c e a b"
    assert normalize(r"a \\\ce{H2O} b") == r"a \\ H _ { 2 } O b"


def test_a_plus_between_small_letters_is_refused() -> None:
    assert normalize(r"\ce{Na+ + Cl-}") == "N a ^ { + } + C l ^ { - }"
    with pytest.raises(LatexSyntaxError, match="chemistry"):
        normalize(r"\ce{x+y}")


@given(st.text("AaHv2+-^_{}$\\[]().*=<>& ", max_size=12))
@example("+")
@example("A^{$}")
def test_any_text_is_read_or_refused(text: str) -> None:
    made = chemical_latex(text)
    assert made is None or made
