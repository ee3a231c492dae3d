"""Outlines of a page: every glyph once, also those that are built up from parts."""

from __future__ import annotations

import pytest

from mumer_data.report.page.drawing import Outlines
from mumer_data.typeset.formula import set_label

ROWS = r" \\ ".join([r"\frac { a } { b }"] * 4)
TALL = rf"\begin {{array}} {{ c }} {ROWS} \end {{array}}"
# Glyphs that no size of the font is tall enough for.
BUILT_UP = [
    r"\left | \frac { a } { b } \right |",
    r"\begin {vmatrix} a & b \\ c & d \\ e & f \end {vmatrix}",
    rf"\left \{{ {TALL} \right ]",
    rf"\sqrt {{ {TALL} }}",
]


@pytest.mark.parametrize("label", BUILT_UP)
def test_glyphs_built_up_from_parts_are_drawn(label: str) -> None:
    outlines = Outlines()
    drawing = outlines.drawing(set_label(label), set())
    numbers = drawing["s"][::6]
    assert all(outlines.paths[number][0].startswith("M") for number in numbers if number >= 0)
    for path, width, height in outlines.paths:
        points = [float(part) for part in path.replace(",", " ").split() if part.lstrip("-").replace(".", "").isdigit()]
        assert min(points) >= -0.05
        assert max(points) <= max(width, height) + 0.05


def test_each_outline_is_there_once() -> None:
    outlines = Outlines()
    for _ in range(2):
        outlines.drawing(set_label(BUILT_UP[0]), set())
        outlines.drawing(set_label(BUILT_UP[3]), set())
    paths = [path for path, _, _ in outlines.paths]
    assert len(paths) == len(set(paths))
