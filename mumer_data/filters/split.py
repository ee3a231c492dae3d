"""Filter that keeps one part of a train/validation/test split by a hash of the writer or id.

Not for the folds of a cross-validation: see `folds`.
"""

from __future__ import annotations

import hashlib
import math
from itertools import accumulate
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from mumer_data.filters import FilterOptions, Rejection
from mumer_data.latex.expression import Expression
from mumer_data.records import Example


def unit_interval_hash(unit: str, seed: int) -> float:
    """A hash of a writer or id in [0, 1): the same on every machine, independent of the other rows."""
    digest = hashlib.blake2b(f"{seed}\0{unit}".encode(), digest_size=7).digest()
    return int.from_bytes(digest) / 2**56


class SplitFilter:
    """Keeps the examples of one part; writers (or ids) are assigned by their hash, so the parts are stable."""

    class Options(FilterOptions):
        """The split.

        Attributes:
            by: ``writer``: no writer is in two parts; ``id``: each example by itself.
            parts: name -> share; the shares sum up to 1.
            keep: the part to build.
            seed: seed of the assignment to parts.
        """

        by: Literal["writer", "id"] = "writer"
        parts: dict[str, float]
        keep: str
        seed: int = 0

        @model_validator(mode="after")
        def _sums_up(self) -> SplitFilter.Options:
            if self.keep not in self.parts:
                raise ValueError(f"keep names no part: '{self.keep}' is not among {', '.join(self.parts)}")
            if min(self.parts.values()) <= 0 or not math.isclose(sum(self.parts.values()), 1, abs_tol=1e-9):
                raise ValueError(f"the shares of parts must be positive and sum up to 1, found {self.parts}")
            return self

    def __init__(self, options: Options, base: Path) -> None:
        """Read no files."""
        self._options = options
        self._ends = dict(zip(options.parts, accumulate(options.parts.values()), strict=True))

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Reasons: ``other_part``; ``writer_unknown`` where the source names no writer."""
        unit = example.writer if self._options.by == "writer" else example.id
        if not unit:
            return Rejection("writer_unknown", "the source does not name its writer: use by: id, or another source")
        position = unit_interval_hash(unit, self._options.seed)
        part = next((name for name, end in self._ends.items() if position < end), next(reversed(self._ends)))
        if part != self._options.keep:
            return Rejection("other_part", f"{self._options.by} {unit!r} belongs to {part}")
        return None
