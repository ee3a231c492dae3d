"""Folds: every example in one, each of its share, the same however the data grow, and of a part, too."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mumer_data.filters.folds import FoldsFilter, fold_of
from mumer_data.filters.split import SplitFilter
from mumer_data.latex.expression import Expression
from mumer_data.records import Example, ImageRef

EXPRESSION = Expression("x")


def example(name: str, writer: str = "") -> Example:
    return Example(name, "x", ImageRef("x.png", None, bytes), 0, writer)


@pytest.mark.parametrize("seed", [0, 7])
def test_of_a_part_every_fold_takes_its_share(seed: int) -> None:
    options = SplitFilter.Options(by="id", parts={"train": 0.8, "test": 0.2}, keep="test", seed=seed)
    part = SplitFilter(options, base=Path())
    kept = [one for one in (example(f"e{n}") for n in range(5_000)) if part.check(one, EXPRESSION) is None]
    folds = Counter(fold_of(one, 5, seed) for one in kept)
    assert sorted(folds) == [0, 1, 2, 3, 4]
    assert all(0.15 < count / len(kept) < 0.25 for count in folds.values())


def test_an_example_is_kept_in_its_fold_or_outside_it() -> None:
    for one in (example(f"e{n}", writer=f"w{n % 7}") for n in range(50)):
        kept = []
        for fold in range(3):
            for keep in ("fold", "others"):
                options = FoldsFilter.Options(count=3, fold=fold, keep=keep)
                if FoldsFilter(options, base=None).check(one, EXPRESSION) is None:  # type: ignore[arg-type]
                    kept.append((fold, keep))
        assert [keep for _, keep in kept].count("fold") == 1
        assert [keep for _, keep in kept].count("others") == 2
        assert fold_of(one, 3) == next(fold for fold, keep in kept if keep == "fold")


def test_one_writer_is_in_one_fold() -> None:
    assert {fold_of(example(f"e{n}", writer="w"), 5) for n in range(50)} == {fold_of(example("other", writer="w"), 5)}
