"""Marks that an image cannot show are left out of labels and predictions."""

from __future__ import annotations

import pytest

from mumer_data.exceptions import SourceError
from mumer_data.mining.ignore import IGNORABLE, ignored, without_marks


@pytest.mark.parametrize(
    ("names", "label", "expected"),
    [
        (["limits"], r"\sum \limits _ { i } x", r"\sum _ { i } x"),
        (["limits"], r"\left( x \right)", r"\left( x \right)"),
        (["delimiters"], r"\left( x \right)", "( x )"),
        (["delimiters"], r"\left ( x \right )", "( x )"),
        (["delimiters"], r"\left. x \right|", "x |"),
        (["delimiters"], r"\left . x \right | . 5", "x | . 5"),
        (["delimiters"], r"\big ( x \Bigr)", "( x )"),
        (["delimiters"], r"\left\{ x \right\}", r"\{ x \}"),
        (["delimiters"], r"a \leftarrow b", r"a \leftarrow b"),
        (["fonts"], r"\mathrm { d } x ^ { \mathbf { y } }", "d x ^ { y }"),
        (["fonts"], r"{ \rm d x } + \frac { 1 } { 2 }", r"{ d x } + \frac { 1 } { 2 }"),
        (list(IGNORABLE), r"\sum \limits _ { \mathrm { i } } \left( x \right)", r"\sum _ { i } ( x )"),
        ([], r"\sum \limits _ { i } x", r"\sum \limits _ { i } x"),
    ],
)
def test_groups(names: list[str], label: str, expected: str) -> None:
    assert " ".join(without_marks(label.split(), names)) == expected


def test_names() -> None:
    assert ignored(["\\left", "fonts", "\\limits", "fonts"]) == ("limits", "delimiters", "fonts")
    with pytest.raises(SourceError, match="font"):
        ignored(["fonds"])
