"""Filter for cross-validation: one fold of a data set, or all others.

Not for parts of unequal size: see `part`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from mumer_data.filters import FilterOptions, Rejection
from mumer_data.filters.split import place_of
from mumer_data.latex.expression import Expression
from mumer_data.records import Example


def fold_of(example: Example, count: int, seed: int = 0) -> int:
    """The fold of an example, from 0: by writer where one is named, else by id; the same however the data grow.

    Its hash is not that of the gate `part`: of a part, too, every fold takes its share.
    """
    return int(place_of(f"folds\0{example.writer or example.id}", seed) * count)


class FoldsFilter:
    """Keeps one fold, or everything but it."""

    class Options(FilterOptions):
        """Which examples stay.

        Attributes:
            count: number of folds.
            fold: the one in question, from 0.
            keep: ``fold`` for that one, ``others`` for the rest.
            seed: another seed, other folds.
        """

        count: int = Field(ge=2)
        fold: int = Field(ge=0)
        keep: Literal["fold", "others"]
        seed: int = 0

        @model_validator(mode="after")
        def _there_is_one(self) -> FoldsFilter.Options:
            if self.fold >= self.count:
                raise ValueError(f"fold {self.fold} of {self.count}: they are numbered from 0")
            return self

    def __init__(self, options: Options, base: Path) -> None:
        """Needs nothing from disk."""
        self._options = options

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Reason: ``other_fold``."""
        found = fold_of(example, self._options.count, self._options.seed)
        if (found == self._options.fold) == (self._options.keep == "fold"):
            return None
        return Rejection("other_fold", f"it is in fold {found} of {self._options.count}")
