"""Filter for cross-validation: one fold of a data set, or all others.

Not for parts of unequal size: see `split`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from mumer_data.filters import FilterOptions, Rejection
from mumer_data.filters.split import unit_interval_hash
from mumer_data.latex.expression import Expression
from mumer_data.records import Example


def fold_of(example: Example, count: int, seed: int = 0) -> int:
    """The fold of an example, from 0: by writer if it is known, otherwise by id; stable when data are added.

    The hash is independent of that of the filter `split`, so every part is spread evenly over the folds.
    """
    return int(unit_interval_hash(f"folds\0{example.writer or example.id}", seed) * count)


class FoldsFilter:
    """Keeps one fold, or all others."""

    class Options(FilterOptions):
        """Which examples are kept.

        Attributes:
            count: number of folds.
            fold: number of the fold, from 0.
            keep: ``fold`` to keep that fold, ``others`` to keep the rest.
            seed: seed of the assignment to folds.
        """

        count: int = Field(ge=2)
        fold: int = Field(ge=0)
        keep: Literal["fold", "others"]
        seed: int = 0

        @model_validator(mode="after")
        def _fold_exists(self) -> FoldsFilter.Options:
            if self.fold >= self.count:
                raise ValueError(f"fold {self.fold} of {self.count}: they are numbered from 0")
            return self

    def __init__(self, options: Options, base: Path) -> None:
        """Read no files."""
        self._options = options

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Reason: ``other_fold``."""
        fold = fold_of(example, self._options.count, self._options.seed)
        if (fold == self._options.fold) == (self._options.keep == "fold"):
            return None
        return Rejection("other_fold", f"it is in fold {fold} of {self._options.count}")
