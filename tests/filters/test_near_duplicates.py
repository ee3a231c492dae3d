"""Which rows are alike: against the plain definition, on random features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import FEATURES

KINDS = [("exact", "ignore"), ("exact", "same"), ("near", "ignore"), ("near", "same"), ("ignore", "same")]


@st.composite
def features(draw: st.DrawFn) -> NDArray[np.void]:
    """Rows that are often alike: few labels, few images, looks that differ in few bits."""
    found = np.zeros(draw(st.integers(0, 14)), FEATURES)
    for row in found:
        row["label"], row["image"] = draw(st.integers(0, 2)), draw(st.integers(0, 3))
        row["phash"] = [draw(st.sampled_from([0, 1, 3, 7, 1 << 63, (1 << 64) - 1])) for _ in range(4)]
        row["aspect"] = draw(st.sampled_from([0.0, 0.2, 3.0]))
        row["usable"] = draw(st.integers(0, 4)) > 0
    return found


def alike(one: np.void, two: np.void, like: NearDuplicateOptions) -> bool:
    """The definition."""
    if not one["usable"] or not two["usable"]:
        return False
    if like.label == "same" and one["label"] != two["label"]:
        return False
    if like.image == "exact":
        return bool(one["image"] == two["image"])
    differing = sum(int(a ^ b).bit_count() for a, b in zip(one["phash"], two["phash"], strict=True))
    return like.image == "ignore" or (differing <= like.distance and abs(one["aspect"] - two["aspect"]) <= 0.25)


@settings(max_examples=300, deadline=None)
@given(features(), st.sampled_from(KINDS), st.integers(0, 6))
def test_a_repeat_is_like_a_row_that_is_kept(found: NDArray[np.void], kind: tuple[str, str], distance: int) -> None:
    like = NearDuplicateOptions.model_validate({"image": kind[0], "label": kind[1], "distance": distance})
    first = first_near_duplicate(found, like)
    kept = np.flatnonzero(first < 0)
    for row in range(len(found)):
        earlier = [other for other in kept if other < row and alike(found[other], found[row], like)]
        if first[row] >= 0:
            assert first[first[row]] < 0
            assert first[row] < row
        assert (first[row] >= 0) == bool(earlier)


@settings(max_examples=300, deadline=None)
@given(features(), features(), st.sampled_from(KINDS), st.integers(0, 6))
def test_a_leak_is_like_a_row_of_the_other_source(
    one: NDArray[np.void], two: NDArray[np.void], kind: tuple[str, str], distance: int
) -> None:
    like = NearDuplicateOptions.model_validate({"image": kind[0], "label": kind[1], "distance": distance})
    if not len(one):
        return
    first = first_near_duplicate(np.concatenate([one, two]), like, len(one))
    assert (first[: len(one)] < 0).all()
    for row, match in enumerate(first[len(one) :]):
        matches = [place for place in range(len(one)) if alike(one[place], two[row], like)]
        assert (match in matches) if matches else match < 0


def test_something_must_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot both be ignored"):
        NearDuplicateOptions(image="ignore", label="ignore")
