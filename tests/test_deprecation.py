"""Attributes under their old names: the same value, with one warning that names the new one and the caller's line."""

from __future__ import annotations

import re

import pytest

from mumer_data import correction
from mumer_data.metrics.pairs import pair_up
from mumer_data.records import Prediction

ROW = Prediction("a", "x ^ { 2 }", "x 2")
OLD = [
    (ROW, "text", "prediction"),
    (correction(ROW.label, ROW.prediction), "text", "prediction"),
    (pair_up([ROW]), "texts", "predictions"),
    (pair_up([ROW]), "text_lengths", "prediction_lengths"),
]


@pytest.mark.parametrize(
    ("record", "old", "new"), OLD, ids=[f"{type(record).__name__}.{old}" for record, old, _ in OLD]
)
def test_an_old_attribute_works_with_a_warning(record: object, old: str, new: str) -> None:
    message = f"'{type(record).__name__}.{old}' is deprecated: use '{new}'"
    with pytest.warns(DeprecationWarning, match=f"^{re.escape(message)}$") as warnings:
        value = getattr(record, old)
    assert value == getattr(record, new)
    (warning,) = warnings
    assert warning.filename == __file__
