"""VisEq: two formulas look the same if they have the same glyphs at the same places.

Stricter than CDM: nothing is shifted or scaled to fit, nothing that merely looks alike is forgiven.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from mumer_data.typeset.formula import Shape, TypesetFormula

TOLERANCE = 0.05  # em: a third of a thin space


def visually_equal(label: TypesetFormula, text: TypesetFormula, tolerance: float = TOLERANCE) -> bool:
    """Whether two formulas, set at one size, show the same.

    Args:
        label, text: set at the same size.
        tolerance: largest difference of any edge of any glyph or line, in em; both are laid upon each other by the
            left and upper edges of their ink.
    """
    if len(label.shapes) != len(text.shapes):
        return False
    ours, theirs = _by_glyph(label), _by_glyph(text)
    if {glyph: len(boxes) for glyph, boxes in ours.items()} != {glyph: len(boxes) for glyph, boxes in theirs.items()}:
        return False
    limit = tolerance * label.size
    return all(_same_places(boxes, theirs[glyph], limit) for glyph, boxes in ours.items())


def _by_glyph(setting: TypesetFormula) -> dict[Hashable, np.ndarray]:
    left, top, _, _ = setting.extent
    found: dict[Hashable, list[Sequence[float]]] = {}
    for shape in setting.shapes:
        found.setdefault(_kind(shape), []).append(shape.box)
    return {glyph: np.array(boxes) - [left, top, left, top] for glyph, boxes in found.items()}


def _kind(shape: Shape) -> Hashable:
    """Number of a glyph; the numbers of its parts where it is built up, -1 for a line."""
    parts = getattr(shape.drawn, "glyphs", None)
    if parts:
        return frozenset(part.index for part in parts)
    return max(shape.glyph, -1)


def _same_places(ours: np.ndarray, theirs: np.ndarray, limit: float) -> bool:
    from scipy.optimize import linear_sum_assignment

    apart = np.abs(ours[:, None] - theirs[None]).max(axis=2)
    near = apart <= limit
    if not near.any(axis=1).all():
        return False
    left, right = linear_sum_assignment(~near)
    return bool(near[left, right].all())
