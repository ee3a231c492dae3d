"""Random deformation of one glyph: rotation, shear, and displacement of its strokes.

Not for whole expressions: see `ink`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke

_REACH = 0.6  # correlation length of the displacement along a stroke, in heights of a capital


def warp_glyph(glyph: Glyph, amount: float, rng: np.random.Generator) -> Glyph:
    """A glyph with its points displaced by about ``amount`` heights of a capital.

    All strokes follow one smooth displacement field; each stroke of a ``loose`` glyph is also displaced independently.
    """
    counts = [_knots(stroke) if glyph.loose else 0 for stroke in glyph.strokes]
    draws = rng.normal(size=(8 + sum(counts) + len(counts), 2))
    turn, lean, kx, ky = (draws[:2].ravel() * (1.0, 1.8, 1.8, 1.2) * (amount * (0.5 + 0.5 * glyph.loose))).tolist()
    linear = np.array(((1 + kx, turn), (lean - turn, 1 + ky)))
    waves, begin = draws[2:8], 8
    strokes = []
    for stroke, count in zip(glyph.strokes, counts, strict=True):
        field = np.sin(stroke @ (waves[:2].T * 2.5) + waves[2] * 2) @ waves[3:5] * (0.6 * amount)
        moved = stroke @ linear + field + draws[begin] * (0.5 * amount * glyph.loose)
        begin += 1
        if count:
            moved += _drift(stroke, draws[begin : begin + count] * (amount * glyph.loose))
            begin += count
        strokes.append(moved)
    return Glyph(tuple(strokes), glyph.real, glyph.loose, glyph.source)


def _knots(stroke: Stroke) -> int:
    if len(stroke) < 2:
        return 0
    return 2 + int(np.hypot(*(stroke[1:] - stroke[:-1]).T).sum() / _REACH)


def _drift(stroke: Stroke, knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The displacement of each point of a stroke, interpolated linearly between the knots; shape (points, 2)."""
    along = np.zeros(len(stroke))
    np.cumsum(np.hypot(*(stroke[1:] - stroke[:-1]).T), out=along[1:])
    positions = along * ((len(knots) - 1) / max(along[-1], 1e-9))
    knot_positions = np.arange(len(knots))
    return np.stack(
        (np.interp(positions, knot_positions, knots[:, 0]), np.interp(positions, knot_positions, knots[:, 1])), axis=1
    )
