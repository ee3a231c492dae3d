"""Filter on the number of tokens of a label."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from mumer_data.filters import FilterOptions, Rejection
from mumer_data.latex.expression import Expression
from mumer_data.records import Example


class LengthFilter:
    """Keeps labels of ``min`` to ``max`` tokens, both included."""

    class Options(FilterOptions):
        """Bounds in tokens, braces counted."""

        min: int = Field(1, ge=1)
        max: int = Field(1_000_000, ge=1)

    def __init__(self, options: Options, base: Path) -> None:
        """Read no files."""
        self._options = options

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Reasons: ``too_short``, ``too_long``."""
        tokens = len(expression.tokens)
        if tokens < self._options.min:
            return Rejection("too_short", f"the label has {tokens} tokens, fewer than {self._options.min}")
        if tokens > self._options.max:
            return Rejection("too_long", f"the label has {tokens} tokens, more than {self._options.max}")
        return None
