"""Built-in glyphs of common symbols: pen trajectories, several allographs per symbol.

The shapes are in ``builtin.txt``. Not for rare symbols: see `hershey` and `centerline`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke

_STEPS = 6  # interpolated points between two points of the file
_RIGID = "()[]{}|/=≠≤≥±.,⋅…⋯"  # little deformation allowed: a bracket without its bend is another symbol


class BuiltinGlyphs:
    """The built-in glyphs as an `Alphabet`; without bold or other variants."""

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        return builtin_glyphs().get(text, ()) if font in ("", "normal", "italic") else ()


@lru_cache(maxsize=1)
def builtin_glyphs() -> dict[str, tuple[Glyph, ...]]:
    """All glyphs by the character that they show, in the order of the file."""
    shapes: dict[str, tuple[Glyph, ...]] = {}
    for line in (Path(__file__).parent / "builtin.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            text, _, paths = line.partition(" ")
            loose = 0.3 if text in _RIGID else 1.0
            glyph = Glyph(tuple(_stroke(path) for path in paths.split("|")), loose=loose)
            shapes[text] = (*shapes.get(text, ()), glyph)
    return shapes


def _stroke(path: str) -> Stroke:
    """``x,y x,y* x,y`` (``*`` marks a corner) -> splines between the corners, in heights of a capital."""
    points, corners = [], [0]
    for index, point_text in enumerate(path.split()):
        x, _, y = point_text.rstrip("*").partition(",")
        points.append((int(x) / 100, -int(y) / 100))
        if point_text.endswith("*"):
            corners.append(index)
    corners.append(len(points) - 1)
    all_points = np.array(points)
    parts = [_curve(all_points[begin : end + 1]) for begin, end in pairwise(corners) if end > begin]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _curve(points: NDArray[np.float64]) -> Stroke:
    """A Catmull-Rom spline through all points.

    Source: E. Catmull, R. Rom, A Class of Local Interpolating Splines, 1974.
    """
    if len(points) < 3:
        return points
    padded = np.concatenate((2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]))
    along = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (padded[index : len(padded) - 3 + index, None] for index in range(4))
    curve = p1 + 0.5 * along * (p2 - p0 + along * (2 * p0 - 5 * p1 + 4 * p2 - p3 + along * (3 * (p1 - p2) + p3 - p0)))
    return np.concatenate((curve.reshape(-1, 2), points[-1:]))
