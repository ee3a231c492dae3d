"""Statistics: counts that can be checked by hand, and that do not depend on slices or workers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mumer_data.filters.validation import RowValidator
from mumer_data.readers import Reader, reader_class
from mumer_data.report.plots import plot_statistics
from mumer_data.report.statistics import Statistics, quantiles, statistics


def reader(folder: Path) -> Reader:
    kind = reader_class("caption")
    return kind(kind.Options.model_validate({"format": "caption", "path": str(folder)}), Path("."))


def counted(folder: Path, max_rows: int = 1000, workers: int = 1, vocabulary: list[str] | None = None) -> Statistics:
    found = reader(folder)
    return statistics(found, found.plan(max_rows, 1 << 30), RowValidator(), vocabulary=vocabulary, workers=workers)


def test_every_row_is_counted_once(faulty_folder: Path) -> None:
    found = counted(faulty_folder)
    assert (found.examples, found.rejected.total()) == (10, 9)
    assert found.rejected["image_missing"] == found.rejected["image_too_large"] == 1
    assert found.length == {13: 10}
    assert found.depth == {1: 10}
    assert (found.width, found.height) == ({12: 10}, {8: 10})
    assert found.symbols["x"] == found.labels_with["x"] == found.symbols["\\frac"] == 10
    assert found.relations == {"right": 20, "sub": 10, "above": 10, "below": 10}


@pytest.mark.parametrize(("max_rows", "workers"), [(3, 1), (4, 2)])
def test_slices_and_workers_do_not_matter(faulty_folder: Path, max_rows: int, workers: int) -> None:
    words = ["x", "_", "+", "\\frac", "a", "1"]
    assert counted(faulty_folder, max_rows, workers, words) == counted(faulty_folder, vocabulary=words)


def test_symbols_outside_a_vocabulary_are_listed(good_folder: Path) -> None:
    found = counted(good_folder, vocabulary=["x", "_", "+", "\\frac", "a", *map(str, range(60))])
    assert found.unknown == {"b": ["e0", "e1", "e2"]}
    assert found.to_json()["unknown_symbols"] == {"b": {"count": 60, "labels": 60, "first": ["e0", "e1", "e2"]}}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_quantiles_are_those_of_the_values(values: list[int]) -> None:
    found = quantiles(Counter(values))
    assert found["mean"] == pytest.approx(np.mean(values), abs=1e-3)
    for share in (5, 25, 50, 75, 95, 100):
        assert found[f"p{share}"] == np.percentile(values, share, method="inverted_cdf")
    assert found["p0"] == min(values)


def test_plots_are_pictures(good_folder: Path, tmp_path: Path) -> None:
    for found in (counted(good_folder), Statistics()):
        paths = plot_statistics(found, tmp_path / "plots")
        assert {path.stem for path in paths} == {"length", "depth", "width", "height", "symbols"}
        for path in paths:
            with Image.open(path) as image:
                assert image.format == "PNG"
                assert image.convert("L").getextrema()[0] < 128  # type: ignore[operator]
