"""VisEq: two formulas look the same if they have the same glyphs at the same positions.

Stricter than CDM: no shift or scaling is fitted, and similar glyphs do not match.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from mumer_data.typeset.formula import Shape, TypesetFormula

TOLERANCE = 0.05  # em: a third of a thin space


def visually_equal(label: TypesetFormula, text: TypesetFormula, tolerance: float = TOLERANCE) -> bool:
    """Whether two formulas, typeset at the same size, look the same.

    Args:
        label, text: set at the same size.
        tolerance: largest difference of any edge of any glyph or line, in em, after both are aligned at the left and
            upper edges of their ink.
    """
    if len(label.shapes) != len(text.shapes):
        return False
    label_boxes, text_boxes = _by_glyph(label), _by_glyph(text)
    if {glyph: len(boxes) for glyph, boxes in label_boxes.items()} != {
        glyph: len(boxes) for glyph, boxes in text_boxes.items()
    }:
        return False
    limit = tolerance * label.size
    return all(_same_positions(boxes, text_boxes[glyph], limit) for glyph, boxes in label_boxes.items())


def _by_glyph(setting: TypesetFormula) -> dict[Hashable, np.ndarray]:
    left, top, _, _ = setting.extent
    boxes_of: dict[Hashable, list[Sequence[float]]] = {}
    for shape in setting.shapes:
        boxes_of.setdefault(_kind(shape), []).append(shape.box)
    return {glyph: np.array(boxes) - [left, top, left, top] for glyph, boxes in boxes_of.items()}


def _kind(shape: Shape) -> Hashable:
    """Index of a glyph; the set of its parts' indices for an assembled glyph, -1 for a line."""
    parts = getattr(shape.drawn, "glyphs", None)
    if parts:
        return frozenset(part.index for part in parts)
    return max(shape.glyph, -1)


def _same_positions(label_boxes: np.ndarray, text_boxes: np.ndarray, limit: float) -> bool:
    from scipy.optimize import linear_sum_assignment

    differences = np.abs(label_boxes[:, None] - text_boxes[None]).max(axis=2)
    near = differences <= limit
    if not near.any(axis=1).all():
        return False
    left, right = linear_sum_assignment(~near)
    return bool(near[left, right].all())
