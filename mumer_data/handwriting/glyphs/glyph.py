"""One symbol as strokes, in heights of a capital letter; plain data.

Not for sources of glyphs nor for layout.
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
    """The ink of one symbol: a digit or drawn capital is 1 high, the baseline is y = 0, and y is negative above it.

    Attributes:
        strokes: in writing order where it is known; the ink begins at x = 0.
        real: whether it was segmented from real handwriting; such glyphs are deformed less.
        loose: independent displacement of strokes, 0 (strokes move together) to 1.
        source: the writer or image of a real glyph.
        box: left, top, right, bottom of the ink.
    """

    strokes: tuple[Stroke, ...]
    real: bool = False
    loose: float = 0.5
    source: str = ""
    box: tuple[float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        points = self.strokes[0] if len(self.strokes) == 1 else np.concatenate(self.strokes)
        left, top = np.minimum.reduce(points).tolist()
        right, bottom = np.maximum.reduce(points).tolist()
        shift = np.array((left, 0.0))
        object.__setattr__(self, "strokes", tuple(stroke - shift for stroke in self.strokes))
        object.__setattr__(self, "box", (0.0, top, right - left, bottom))

    @property
    def width(self) -> float:
        """Width of the ink."""
        return self.box[2]


class Alphabet(Protocol):
    """A source of glyphs."""

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """The shapes (allographs) of one symbol; empty where the source does not have it.

        Args:
            token: token of the label, such as ``\\alpha`` or ``\\sin``.
            text: the characters that the symbol shows.
            font: font variant (``bold``, ``script``, ``fraktur``, ``double``, ...), or ``""``.
        """


def transform_strokes(
    strokes: Sequence[Stroke], *, x: float = 0.0, y: float = 0.0, kx: float = 1.0, ky: float = 1.0
) -> list[Stroke]:
    """Strokes scaled about the origin by (kx, ky), then translated by (x, y)."""
    return [stroke * (kx, ky) + (x, y) for stroke in strokes]
