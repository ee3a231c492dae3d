"""Match the marks of two formulas one to one: an assignment, then RANSAC with a shift and a scale.

Source: B. Wang et al., CDM: A Reliable Metric for Fair and Accurate Formula Recognition Evaluation, 2024 (arXiv
2409.03643); constants as in the tool published with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mumer_data.metrics.cdm.names import canonical, looks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ALIKE = 0.005  # cost of two marks that only look alike; different marks cost 1
_POSITION, _ORDER = 0.05, 0.15  # weights of position and order costs; name costs have weight 1
_ROUNDS, _TRIALS, _RESIDUAL = 5, 50, 20.0  # RANSAC settings; the residual in pixels at 200 dpi
_MARGIN = 8  # white around a picture, in pixels
_SEED = 0


@dataclass(frozen=True)
class Marks:
    """The marks of one formula.

    Attributes:
        names: tokens of the label.
        boxes: left, top, right, bottom in pixels: shape (marks, 4); y grows downwards.
    """

    names: Sequence[str]
    boxes: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Match:
    """Which mark of the label is which of the prediction.

    Attributes:
        pairs: shape (matches, 2): positions in label and prediction, in the order of the label.
        f1: 2 * matches / (marks of the label + marks of the prediction), to 3 decimals.
    """

    pairs: Ints
    f1: float


def match(label: Marks, text: Marks) -> Match:
    """Match the marks of two formulas; both must have at least one mark."""
    from scipy.optimize import linear_sum_assignment

    names = _name_costs(label.names, text.names)
    cost = names + _POSITION * _position_costs(label.boxes, text.boxes) + _ORDER * _order_costs(len(label), len(text))
    left, right = linear_sum_assignment(cost)
    consistent = _consistent(_centres(label.boxes)[left], _centres(text.boxes)[right])
    kept = consistent & (names[left, right] < 1)
    pairs = np.column_stack([left[kept], right[kept]])
    return Match(pairs, round(2 * len(pairs) / (len(label) + len(text)), 3))


def _name_costs(label: Sequence[str], text: Sequence[str]) -> Floats:
    label_names, text_names = [canonical(name) for name in label], [canonical(name) for name in text]
    alike = _equal([looks(name) for name in label_names], [looks(name) for name in text_names])
    return np.where(_equal(label_names, text_names), 0.0, np.where(alike, _ALIKE, 1.0))


def _equal(label_names: list[str], text_names: list[str]) -> NDArray[np.bool_]:
    ids = {name: i for i, name in enumerate({*label_names, *text_names})}
    left, right = (np.array([ids[name] for name in names]) for names in (label_names, text_names))
    return np.asarray(left[:, None] == right[None])


def _position_costs(label: Floats, text: Floats) -> Floats:
    """Mean difference of the four edges, relative to the sizes of the images."""
    label_boxes, text_boxes = (_in_picture(boxes) for boxes in (label, text))
    total = np.zeros((len(label_boxes), len(text_boxes)))
    for edge in range(4):  # one at a time takes a quarter of the memory
        total += np.abs(label_boxes[:, None, edge] - text_boxes[None, :, edge])
    return total / 4


def _in_picture(boxes: Floats) -> Floats:
    corner = boxes[:, :2].min(axis=0) - _MARGIN
    size = boxes[:, 2:].max(axis=0) + _MARGIN - corner
    return np.asarray((boxes - np.tile(corner, 2)) / np.tile(size, 2))


def _order_costs(label: int, text: int) -> Floats:
    """Difference of the positions in the sequence, relative to the longer formula."""
    return np.asarray(np.abs(np.arange(label)[:, None] - np.arange(text)[None]) / max(label, text))


def _centres(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2)


def _consistent(source: Floats, target: Floats) -> NDArray[np.bool_]:
    """Points that belong to one of up to five groups, each with a common shift and scale: shape (points,)."""
    consistent = np.zeros(len(source), bool)
    if len(source) <= 2:
        return ~consistent
    for _ in range(_ROUNDS):
        rest = np.flatnonzero(~consistent)
        if len(rest) <= 2:
            break
        inliers = _consensus(source[rest], target[rest])
        if not inliers.any():
            break
        consistent[rest[inliers]] = True
    return consistent


def _consensus(source: Floats, target: Floats) -> NDArray[np.bool_]:
    """RANSAC: the inliers of the best model, each model being estimated from two points: shape (points,)."""
    chosen = _samples(len(source))
    mean, goal = source[chosen].mean(axis=1), target[chosen].mean(axis=1)
    spread = np.linalg.norm(source[chosen] - mean[:, None], axis=2).mean(axis=1)
    scale = np.linalg.norm(target[chosen] - goal[:, None], axis=2).mean(axis=1) / (spread + 1e-10)
    # As published, a model scales around the centre of all points, not of its two sample points.
    centre = source.mean(axis=0)
    moved = scale[:, None, None] * (source - centre) + centre + (goal - mean)[:, None]
    errors = np.linalg.norm(moved - target, axis=2)
    inliers = errors < _RESIDUAL
    best = np.lexsort([(errors**2).sum(axis=1), -inliers.sum(axis=1)])[0]
    return np.asarray(inliers[best])


@lru_cache(maxsize=1 << 10)
def _samples(points: int) -> Ints:
    """Pairs of different points: shape (trials, 2); a function of the number of points only."""
    rng = np.random.default_rng([_SEED, points])
    first = rng.integers(points, size=_TRIALS)
    second = rng.integers(points - 1, size=_TRIALS)
    return np.column_stack([first, second + (second >= first)])
