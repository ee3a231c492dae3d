"""The order of rows depends on seed and epoch alone, and keeps rows of like length together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs torch: pip install '.[train]'")
from mumer_train.sampler import EpochSampler


@given(st.lists(st.integers(1, 500), min_size=1, max_size=300), st.integers(1, 9), st.booleans())
def test_every_row_comes_once_and_the_same_way_again(lengths: list[int], group: int, by_length: bool) -> None:
    def order(epoch: int, seed: int = 0) -> list[int]:
        return list(EpochSampler(len(lengths), seed, lambda: epoch, lengths if by_length else None, group))

    assert sorted(order(0)) == list(range(len(lengths)))
    assert order(1) == order(1)
    if len(lengths) > 50:
        assert order(0) != order(1) != order(1, seed=1)


def test_rows_of_a_step_have_like_lengths() -> None:
    lengths = np.random.default_rng(0).integers(10, 1000, 4_000).tolist()
    found = np.asarray(list(EpochSampler(4_000, 0, lambda: 0, lengths, 16))).reshape(-1, 16)
    padded = sum(max(lengths[row] for row in step) * 16 for step in found)
    free = np.asarray(list(EpochSampler(4_000, 0, lambda: 0))).reshape(-1, 16)
    assert padded < 1.05 * sum(lengths)
    assert sum(max(lengths[row] for row in step) * 16 for step in free) > 1.5 * sum(lengths)
    assert max(lengths) in [lengths[row] for row in found[0]], "the longest comes first"
