"""Ranges in a pipeline file: a number or ``[least, most]``; sampling from a range.

Not for options that are not numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Range = tuple[float, float]
"""Minimum and maximum, both included."""


@dataclass(frozen=True, slots=True)
class Within:
    """The limits of a field of type ``Range``: ``Annotated[Range, Within(0, 1)]``."""

    low: float
    high: float

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def read(self, value: Any) -> Range:
        """Convert a value of a pipeline file to a range; raises ``ValueError``."""
        pair = value if isinstance(value, list | tuple) else (value, value)
        numbers = [number for number in pair if isinstance(number, int | float) and not isinstance(number, bool)]
        if len(pair) != 2 or len(numbers) != 2:
            raise ValueError(f"expected a number or [least, most], found {value!r}")
        least, most = numbers
        if not self.low <= least <= most <= self.high:
            raise ValueError(f"expected {self.low:g} <= least <= most <= {self.high:g}, found [{least:g}, {most:g}]")
        return float(least), float(most)


def draw(rng: np.random.Generator, span: Range) -> float:
    """A uniformly distributed number of the range."""
    return float(rng.uniform(*span))
