"""Which predictions are no material, and which are though they look odd."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mumer_data.alignment.degenerate import degenerate, repetition

ZEROS = r"\begin {matrix} " + "0 & " * 12 + r"0 \end {matrix}"


@pytest.mark.parametrize(
    ("label", "text", "reason"),
    [
        ("x + 1", "", "prediction_empty"),
        ("x + 1", "x + " + "1 " * 40, "prediction_repeats"),
        ("x + 1", r"\frac { 1 } " * 30 + r"\frac { 1", "prediction_repeats"),
        ("x + 1", "a b c d e f g h i j", "prediction_too_long"),
        ("x + 1 + 2", r"\frac { x }", "prediction_unparsable"),
        ("x + 1 + 2", r"\begin {cases} x", "prediction_unparsable"),
        ("x + 1 + 2", "x + 2", None),
        ("x + 1 + 2", "x ^ 2", None),  # an argument without braces
        ("x + 1 + 2", r"\frac { x } { 1", None),  # cut short
        ("x + 1 + 2", "x } + 1", None),
        ("9 " * 20, "9 " * 25, None),  # the label repeats too
        (ZEROS, ZEROS.replace(r"\end {matrix}", "& 0"), "prediction_unparsable"),
        ("a b c", "a b c d e f g h i", None),  # three times the length, not more
    ],
)
def test_reasons(label: str, text: str, reason: str | None) -> None:
    found = degenerate(label.split(), text.split())
    assert (found[0] if found else None) == reason


def test_repetition() -> None:
    assert repetition(["x", "y", *["a", "b"] * 8, "a"]) == (17, 2)
    assert repetition(["1", "2"] * 2) == (0, 0)
    assert repetition([]) == (0, 0)


def test_real_predictions(shared: Path) -> None:
    found = {}
    for file in sorted((shared / "golden/predictions").glob("*.json")):
        for row in json.loads(file.read_text(encoding="utf-8")):
            if row["gt"] != row["pred"] and (problem := degenerate(row["gt"].split(), row["pred"].split())):
                found[file.stem[12:14], row["img_id"]] = problem[0]
    assert found == {("3b", "34_em_244"): "prediction_repeats"}
