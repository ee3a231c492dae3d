"""Formulas set in type: every mark has its token, everything stands where TeX would have it, nothing is left out."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from mumer_data.latex.grammar import grammar_files
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.formula import TypesetFormula, set_label
from tests.latex.labels import labels


def boxes(label: str) -> dict[str, np.ndarray]:
    """Name -> box, for labels in which no mark comes twice."""
    names, found = set_label(label, 100).boxes
    assert len(set(names)) == len(names)
    return dict(zip(names, found, strict=True))


def centre(box: np.ndarray) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def test_scripts_are_smaller_and_stand_beside() -> None:
    found = boxes("x _ { y } ^ { z }")
    (x, level), (y_x, low), (z_x, high) = (centre(found[name]) for name in "xyz")
    assert min(y_x, z_x) > x
    assert low > level > high
    x_height, z_height = (found[name][3] - found[name][1] for name in "xz")
    assert z_height < 0.85 * x_height


def test_limits_stand_below_and_above_in_display_style_only() -> None:
    found = boxes("\\sum _ { a } ^ { b } x")
    assert centre(found["a"])[0] == pytest.approx(centre(found["\\sum"])[0], abs=15)
    assert found["a"][1] > found["\\sum"][3]
    assert found["b"][3] < found["\\sum"][1]
    inside = boxes("\\frac { \\sum _ { a } ^ { b } x } { y }")
    assert inside["a"][0] > inside["\\sum"][2] - 5
    forced = boxes("\\int \\limits _ { a } ^ { b } x")
    assert forced["a"][1] > forced["\\int"][3]


def test_a_fraction_is_a_bar_with_both_parts_over_and_under_it() -> None:
    found = boxes("\\frac { a } { b }")
    assert found["a"][3] < found["\\frac"][1] < found["\\frac"][3] < found["b"][1]
    assert found["\\frac"][2] - found["\\frac"][0] >= found["a"][2] - found["a"][0]


def test_a_root_covers_its_argument() -> None:
    found = boxes("\\sqrt [ n ] { x + y }")
    root = found["\\sqrt"]
    for name in "xy+":
        assert root[0] < found[name][0]
        assert found[name][2] <= root[2] + 1
        assert root[1] < found[name][1]
    assert centre(found["n"])[0] < found["x"][0]


def test_brackets_grow_with_what_they_hold_and_no_more() -> None:
    grown, plain = boxes("\\left ( \\frac { a } { b } \\right )"), boxes("( \\frac { a } { b } )")
    height = grown["\\left("][3] - grown["\\left("][1]
    assert height > 1.5 * (plain["("][3] - plain["("][1])
    assert grown["\\left("][1] < grown["a"][1] + 10
    small = boxes("\\left ( a \\right )")
    assert small["\\left("] == pytest.approx(boxes("( a )")["("], abs=1)


def test_names_are_letter_by_letter_and_dots_are_three() -> None:
    names, _ = set_label("\\sin x + \\ldots", 40).boxes
    assert names == ["s", "i", "n", "x", "+", ".", ".", "."]


def test_space_is_as_in_tex() -> None:
    def gap(label: str, one: str, two: str) -> float:
        found = boxes(label)
        return float(found[two][0] - found[one][2])

    assert gap("a = b", "a", "=") > gap("a + b", "a", "+") > gap("a b", "a", "b")
    assert gap("( - a )", "−" if "−" in boxes("( - a )") else "-", "a") < gap("c - a", "-", "a")
    assert gap("a , b", ",", "b") > gap("a . b", ".", "b")
    script = boxes("x ^ { c - a }")
    assert script["a"][0] - script["-"][2] < gap("c - a", "-", "a") / 2


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("\\begin {pmatrix} a & b \\\\ c & d \\end {pmatrix}", ["\\left(", "a", "b", "c", "d", "\\right)"]),
        ("\\begin{cases} a \\\\ b \\end{cases}", ["\\left\\{", "a", "b"]),
        ("\\begin {array} { l r } a & b \\end {array}", ["a", "b"]),
        ("\\hat { x } ^ { 2 }", ["\\hat", "x", "2"]),
        ("\\overbrace { a } ^ { n }", ["\\overbrace", "a", "n"]),
        ("n \\choose k", ["\\binom", "n", "k"]),
        ("\\mathrm { d } x", ["d", "x"]),
        ("x ' '", ["x", "\\prime", "\\prime"]),
        ("\\phantom { y } x", ["x"]),
        ("a \\not = b", ["a", "\\not=", "b"]),
        ("\\big ( x \\big )", ["\\big(", "x", "\\big)"]),
        ("\\left. x \\right|", ["x", "\\right|"]),
        ("\\boxed { x }", ["\\boxed", "x"]),
        ("a \\\\ b", ["a", "b"]),
    ],
)
def test_marks_in_the_order_of_the_label(label: str, names: list[str]) -> None:
    assert set_label(label, 40).boxes[0] == names


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("\\foo", "unknown command \\\\foo"),
        ("x ^ {", "never closes"),
        ("", "empty"),
        ("{ }", "no ink"),
        ("\\left ( x", "without"),
        ("{ " * 5000 + "x" + " }" * 5000, "too deep"),
    ],
)
def test_what_cannot_be_set_says_why(label: str, reason: str) -> None:
    with pytest.raises(TypesetError, match=reason):
        set_label(label, 40)


def test_what_the_font_lacks_is_a_box_that_equals_only_itself() -> None:
    one, same, other = (set_label(label, 40) for label in ("已 x", "{ 已 } x", "己 x"))
    assert one.boxes[0] == ["已", "x"]
    assert one.shapes == same.shapes != other.shapes
    assert [shape.box for shape in one.shapes] == [shape.box for shape in other.shapes]


def test_raw_latex_is_read_too() -> None:
    raw, canonical = set_label("x^2+\\frac12", 40), set_label("x ^ { 2 } + \\frac { 1 } { 2 }", 40)
    assert raw.shapes == canonical.shapes


def test_most_known_commands_have_a_look() -> None:
    ordinary = tomllib.loads(grammar_files().commands)["ordinary"]
    tokens = [token for name, group in ordinary.items() if name not in ("layout",) for token in group]
    lost = [token for token in tokens if not _can(f"{token} x")]
    assert lost == []


def _can(label: str) -> bool:
    try:
        return bool(set_label(label, 40).shapes)
    except TypesetError:
        return label.startswith(("\\left", "\\right", "\\big", "\\Big", "\\bigg", "\\Bigg"))


@given(labels())
def test_any_label_is_set_or_refused(label: str) -> None:
    try:
        found = set_label(label, 40)
    except TypesetError:
        return
    names, places = found.boxes
    assert np.isfinite(places).all()
    assert (places[:, 2:] >= places[:, :2]).all()
    assert len(names) == len(places)
    again = set_label(label, 80)
    assert again.boxes[0] == names
    assert again.boxes[1] == pytest.approx(2 * places, abs=1e-6)


def test_time_does_not_double_with_every_level() -> None:
    label = "\\left ( x + " * 25 + "x" + " \\right )" * 25
    assert len(set_label(label, 40).boxes[0]) == 25 * 4 + 1


def test_every_training_label_of_crohme_can_be_set(shared: Path) -> None:
    with (shared / "golden" / "crohme_train.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line)["label"] for line in file]
    assert len(rows) == 8835
    assert all(_marks_are_whole(set_label(label, 33)) for label in rows)


def _marks_are_whole(setting: TypesetFormula) -> bool:
    """Every mark that was promised leaves ink."""
    return Counter(setting.names) == Counter(setting.boxes[0])
