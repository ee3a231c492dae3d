"""The scale of a row of real ink, by the usual heights of its letters and digits."""

from __future__ import annotations

import numpy as np
import pytest

from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.handwriting.glyphs.proportions import Extent, measures_of, row_scale, sized
from mumer_data.handwriting.glyphs.segment_image import segment_symbols
from mumer_data.handwriting.ink import write
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.io.png import encode_png
from mumer_data.jobs.glyphs import ink_of
from mumer_data.latex.parser import parse


def usual(text: str, height: float, baseline: float) -> list[Extent]:
    rows = []
    for token in text.split():
        measures = measures_of(token)
        assert measures is not None
        middle = baseline + measures[1] * height
        rows.append((token, middle - measures[0] * height / 2, middle + measures[0] * height / 2))
    return rows


@pytest.mark.parametrize("text", ["1 2 3", "A B", "x", "x y", "b d", "a 2 + B", "\\alpha \\beta", "f", "速"])
def test_rows_of_all_letters_have_the_same_scale(text: str) -> None:
    row = usual(text.replace(" +", ""), 40.0, 100.0)
    height, baseline = row_scale(row) or (0.0, 0.0)
    assert (round(height, 9), round(baseline, 9)) == (40.0, 100.0)


def test_a_row_without_letters_has_no_scale() -> None:
    assert row_scale([]) is None
    assert row_scale([("+", 10.0, 30.0), ("(", 0.0, 40.0)]) is None
    assert row_scale([("i", 0.0, 40.0)]) is None  # with or without its dot
    assert row_scale([("1", 20.0, 20.0)]) is None  # no height


def test_one_letter_of_odd_size_does_not_change_the_scale() -> None:
    assert row_scale([*usual("1 2 3 4", 40.0, 0.0), ("x", -200.0, 0.0)]) == (40.0, 0.0)


@pytest.mark.parametrize(
    ("label", "least", "most"),
    [("2 3 + 5 8", 0.9, 1.1), ("A B + R E", 1.0, 1.3), ("a c + m n", 0.6, 0.8), ("2 x + 3 a", 0.7, 1.1)],
)
def test_symbols_cut_out_of_images_have_the_size_of_their_kind(label: str, least: float, most: float) -> None:
    heights = []
    for number in range(12):
        rendered = Synthesizer(size=40, corrections=0).picture(str(number), label)
        for symbol in segment_symbols(ink_of(encode_png(rendered.image)), parse(label)):
            if symbol.token != "+":
                heights.append(symbol.glyph.box[3] - symbol.glyph.box[1])
    assert len(heights) > 20
    assert least < float(np.median(heights)) < most


def test_drawn_letters_have_the_sizes_of_real_ones_beside_digits() -> None:
    """Medians over writers, within 15% of the usual heights of real ink."""
    for text in ("a n c", "b d h", "A B R", "g p y", "f", "2 3 5"):
        for letter in text.split():
            heights = []
            for number in range(40):
                hand = Synthesizer(corrections=0).writer_model(f"writer-{number:05d}", letter)
                heights.append(float(np.ptp(np.concatenate(write(letter, hand).strokes)[:, 1])))
            measures = measures_of(letter)
            assert measures is not None
            assert float(np.median(heights)) == pytest.approx(measures[0], rel=0.15), letter


@pytest.mark.parametrize(("text", "usual_height"), [("2", 1.0), ("x", 0.71), ("b", 1.24), ("A", 1.17), ("(", 1.59)])
@pytest.mark.parametrize("height", [0.4, 0.9, 2.0])
def test_glyphs_of_fonts_come_near_to_their_usual_height(text: str, usual_height: float, height: float) -> None:
    _, top, _, bottom = sized(text, Glyph((np.array([(0.0, -height), (0.3, 0.0)]),), source="font")).box
    assert abs(np.log((bottom - top) / usual_height)) < 0.3 * abs(np.log(1.2 * height / usual_height)) + 1e-9
    if text != "(":
        assert bottom == 0.0


def test_a_sign_of_a_font_keeps_its_height_over_the_line() -> None:
    strokes = (np.array([(0.0, -0.5), (0.2, -0.5)]), np.array([(0.1, -0.6), (0.1, -0.4)]))
    left, top, right, bottom = sized("+", Glyph(strokes, source="font")).box
    assert (top + bottom) / 2 == pytest.approx(1.2 * -0.5)
    assert 0.4 < bottom - top < 0.68
    assert 0.4 < right - left < 0.68


def test_symbols_without_a_usual_size_are_enlarged_only() -> None:
    glyph = sized("∃", Glyph((np.array([(0.0, -1.0), (0.5, 0.0)]),), source="font"))
    assert glyph.box == pytest.approx((0.0, -1.2, 0.6, 0.0))
