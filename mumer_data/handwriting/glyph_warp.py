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
    lengths = [path_length(stroke) if glyph.loose and len(stroke) > 1 else None for stroke in glyph.strokes]
    counts = [0 if along is None else 2 + int(along[-1] / _REACH) for along in lengths]
    draws = rng.normal(size=(8 + sum(counts) + len(counts), 2))
    turn, lean, kx, ky = (draws[:2].ravel() * (1.0, 1.8, 1.8, 1.2) * (amount * (0.5 + 0.5 * glyph.loose))).tolist()
    # One product gives the linear map (two columns) and the arguments of the displacement field (two columns).
    product = np.empty((2, 4))
    product[:, :2] = ((1 + kx, turn), (lean - turn, 1 + ky))
    product[:, 2:] = draws[2:4].T * 2.5
    phases, directions = draws[4] * 2, draws[5:7] * (0.6 * amount)
    begin = 8
    strokes = []
    for stroke, along, count in zip(glyph.strokes, lengths, counts, strict=True):
        mapped = stroke @ product
        moved = mapped[:, :2] + np.sin(mapped[:, 2:] + phases) @ directions
        moved += draws[begin] * (0.5 * amount * glyph.loose)
        begin += 1
        if along is not None:
            moved += _drift(along, draws[begin : begin + count]) * (amount * glyph.loose)
            begin += count
        strokes.append(moved)
    return Glyph(tuple(strokes), glyph.real, glyph.loose, glyph.source)


def path_length(stroke: Stroke) -> NDArray[np.float64]:
    """The length of the stroke up to each point, shape (points,)."""
    steps = stroke[1:] - stroke[:-1]
    along = np.zeros(len(stroke))
    np.add.accumulate(np.hypot(steps[:, 0], steps[:, 1]), out=along[1:])
    return along


def _drift(along: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The displacement of each point of a stroke, interpolated linearly between the knots; shape (points, 2)."""
    positions = along * ((len(knots) - 1) / max(along[-1], 1e-9))
    return between(positions, np.arange(float(len(knots))), knots)


def between(positions: NDArray[np.float64], known: NDArray[np.float64], points: NDArray[np.float64]) -> Stroke:
    """Points interpolated linearly at positions; ``points``, shape (known, 2), are those at the ``known`` positions."""
    values = np.ascontiguousarray(points).view(np.complex128)[:, 0]  # both coordinates in one call
    return np.interp(positions, known, values).view(np.float64).reshape(-1, 2)
