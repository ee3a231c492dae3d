"""One symbol as strokes, in units of the height of a capital; plain data.

Not for where symbols come from nor for where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""Points of one stroke, shape (points, 2): x to the right, y downwards."""


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """A symbol's ink: a capital is 1 high, the baseline is y = 0, above it y is negative.

    Attributes:
        strokes: in the order of writing as far as it is known; the ink begins at x = 0.
        real: cut from real handwriting, so little need be done to make it look like it.
        loose: how far each stroke may go its own way when a hand writes it, 0 (all hangs together) to 1.
        source: the writer or image that a real one is from.
        box: left, top, right, bottom of the ink.
    """

    strokes: tuple[Stroke, ...]
    real: bool = False
    loose: float = 0.5
    source: str = ""
    box: tuple[float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        points = np.concatenate(self.strokes)
        left, top = points.min(axis=0).tolist()
        right, bottom = points.max(axis=0).tolist()
        object.__setattr__(self, "strokes", tuple(stroke - (left, 0.0) for stroke in self.strokes))
        object.__setattr__(self, "box", (0.0, top, right - left, bottom))

    @property
    def width(self) -> float:
        """Of the ink."""
        return self.box[2]


class Alphabet(Protocol):
    """A source of glyphs."""

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """The shapes (allographs) of one symbol; none where the source does not have it.

        Args:
            token: as in the label, such as ``\\alpha`` or ``\\sin``.
            text: the characters that it shows.
            font: the variant (``bold``, ``script``, ``fraktur``, ``double``, ...), or ``""``.
        """


def placed(
    strokes: Sequence[Stroke], *, x: float = 0.0, y: float = 0.0, kx: float = 1.0, ky: float = 1.0
) -> list[Stroke]:
    """Strokes scaled about the origin, then moved."""
    return [stroke * (kx, ky) + (x, y) for stroke in strokes]
