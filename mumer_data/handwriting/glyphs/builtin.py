"""The commonest symbols as people write them: points of the pen's way, with several shapes a symbol.

The shapes stand in ``builtin.txt``. Not for signs that are rare: stroke and printed fonts have those.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mumer_data.handwriting.glyphs.glyph import Glyph, Stroke

_STEPS = 6  # points between two points of the file
_STEADY = "()[]{}|/=≠≤≥±"  # whose strokes must not stray: a bracket without its bend is another sign


class Drawn:
    """The shapes as an `Alphabet`; they have no bold or other variants."""

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        return _shapes().get(text, ()) if font in ("", "normal", "italic") else ()


@lru_cache(maxsize=1)
def _shapes() -> dict[str, tuple[Glyph, ...]]:
    found: dict[str, tuple[Glyph, ...]] = {}
    for line in (Path(__file__).parent / "builtin.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            text, _, ways = line.partition(" ")
            loose = 0.3 if text in _STEADY else 1.0
            glyph = Glyph(tuple(_stroke(way) for way in ways.split("|")), loose=loose)
            found[text] = (*found.get(text, ()), glyph)
    return found


def _stroke(way: str) -> Stroke:
    """``x,y x,y* x,y`` -> curves between the corners, in heights of a capital."""
    points, corners = [], [0]
    for place, word in enumerate(way.split()):
        x, _, y = word.rstrip("*").partition(",")
        points.append((int(x) / 100, -int(y) / 100))
        if word.endswith("*"):
            corners.append(place)
    corners.append(len(points) - 1)
    whole = np.array(points)
    parts = [_curve(whole[begin : end + 1]) for begin, end in pairwise(corners) if end > begin]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _curve(points: NDArray[np.float64]) -> Stroke:
    """A Catmull-Rom spline through points, ends included.

    Source: E. Catmull, R. Rom, A Class of Local Interpolating Splines, 1974.
    """
    if len(points) < 3:
        return points
    padded = np.concatenate((2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]))
    along = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (padded[place : len(padded) - 3 + place, None] for place in range(4))
    curve = p1 + 0.5 * along * (p2 - p0 + along * (2 * p0 - 5 * p1 + 4 * p2 - p3 + along * (3 * (p1 - p2) + p3 - p0)))
    return np.concatenate((curve.reshape(-1, 2), points[-1:]))
