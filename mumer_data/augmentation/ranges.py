"""Ranges in a pipeline file: a number, or ``[least, most]``; and draws from them.

Not for options that are no numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Range = tuple[float, float]
"""Least and most; both are drawn alike where they are the same."""


@dataclass(frozen=True, slots=True)
class Within:
    """Says of a field of type ``Range`` between which numbers it must lie: ``Annotated[Range, Within(0, 1)]``."""

    low: float
    high: float

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def read(self, value: Any) -> Range:
        """A value of a pipeline file as a range; raises ``ValueError``."""
        pair = value if isinstance(value, list | tuple) else (value, value)
        numbers = [one for one in pair if isinstance(one, int | float) and not isinstance(one, bool)]
        if len(pair) != 2 or len(numbers) != 2:
            raise ValueError(f"expected a number or [least, most], found {value!r}")
        least, most = numbers
        if not self.low <= least <= most <= self.high:
            raise ValueError(f"expected {self.low:g} <= least <= most <= {self.high:g}, found [{least:g}, {most:g}]")
        return float(least), float(most)


def draw(rng: np.random.Generator, span: Range) -> float:
    """A number of the range, all alike likely."""
    return float(rng.uniform(*span))
