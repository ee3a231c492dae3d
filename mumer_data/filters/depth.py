"""Filter on the depth of a label's symbol layout tree."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from mumer_data.filters import FilterOptions, Rejection
from mumer_data.latex.expression import Expression
from mumer_data.records import Example


class DepthFilter:
    """Keeps labels of depth ``min`` to ``max``, both included; a single baseline has depth 0."""

    class Options(FilterOptions):
        """Bounds in levels."""

        min: int = Field(0, ge=0)
        max: int = Field(1_000_000, ge=0)

    def __init__(self, options: Options, base: Path) -> None:
        """Read no files."""
        self._options = options

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Reasons: ``too_flat``, ``too_deep``."""
        depth = expression.depth
        if depth < self._options.min:
            return Rejection("too_flat", f"the label is nested {depth} deep, less than {self._options.min}")
        if depth > self._options.max:
            return Rejection("too_deep", f"the label is nested {depth} deep, more than {self._options.max}")
        return None
