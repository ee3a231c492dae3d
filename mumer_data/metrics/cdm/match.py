"""Marks of two formulas, matched one to one: assignment, then what one shift and scale explains.

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

_ALIKE = 0.005  # cost of two marks that only look alike; of different ones it is 1
_POSITION, _ORDER = 0.05, 0.15  # weights beside the names'
_ROUNDS, _TRIALS, _RESIDUAL = 5, 50, 20.0  # of RANSAC; the residual in pixels at 200 dpi
_MARGIN = 8  # white around a picture, in pixels
_SEED = 0


@dataclass(frozen=True)
class Marks:
    """The marks of one formula.

    Attributes:
        names: as they stand in the label.
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
        pairs: shape (matches, 2): places in label and prediction, in the order of the label.
        f1: 2 * matches / (marks of the label + marks of the prediction), to 3 decimals.
    """

    pairs: Ints
    f1: float


def match(label: Marks, text: Marks) -> Match:
    """Match the marks of two formulas, neither without any."""
    from scipy.optimize import linear_sum_assignment

    names = _name_costs(label.names, text.names)
    cost = names + _POSITION * _position_costs(label.boxes, text.boxes) + _ORDER * _order_costs(len(label), len(text))
    left, right = linear_sum_assignment(cost)
    steady = _steady(_centres(label.boxes)[left], _centres(text.boxes)[right])
    kept = steady & (names[left, right] < 1)
    pairs = np.column_stack([left[kept], right[kept]])
    return Match(pairs, round(2 * len(pairs) / (len(label) + len(text)), 3))


def _name_costs(label: Sequence[str], text: Sequence[str]) -> Floats:
    ours, theirs = [canonical(name) for name in label], [canonical(name) for name in text]
    alike = _equal([looks(name) for name in ours], [looks(name) for name in theirs])
    return np.where(_equal(ours, theirs), 0.0, np.where(alike, _ALIKE, 1.0))


def _equal(ours: list[str], theirs: list[str]) -> NDArray[np.bool_]:
    numbers = {name: number for number, name in enumerate({*ours, *theirs})}
    left, right = (np.array([numbers[name] for name in names]) for names in (ours, theirs))
    return np.asarray(left[:, None] == right[None])


def _position_costs(label: Floats, text: Floats) -> Floats:
    """Mean difference of the four edges, as shares of the pictures' sizes."""
    ours, theirs = (_in_picture(boxes) for boxes in (label, text))
    total = np.zeros((len(ours), len(theirs)))
    for edge in range(4):  # one by one: a quarter of the memory
        total += np.abs(ours[:, None, edge] - theirs[None, :, edge])
    return total / 4


def _in_picture(boxes: Floats) -> Floats:
    corner = boxes[:, :2].min(axis=0) - _MARGIN
    size = boxes[:, 2:].max(axis=0) + _MARGIN - corner
    return np.asarray((boxes - np.tile(corner, 2)) / np.tile(size, 2))


def _order_costs(label: int, text: int) -> Floats:
    """Difference of the ranks, as a share of the longer formula."""
    return np.asarray(np.abs(np.arange(label)[:, None] - np.arange(text)[None]) / max(label, text))


def _centres(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2)


def _steady(source: Floats, target: Floats) -> NDArray[np.bool_]:
    """Which points move together: in up to five groups, each with one shift and scale."""
    steady = np.zeros(len(source), bool)
    if len(source) <= 2:
        return ~steady
    for _ in range(_ROUNDS):
        rest = np.flatnonzero(~steady)
        if len(rest) <= 2:
            break
        found = _consensus(source[rest], target[rest])
        if not found.any():
            break
        steady[rest[found]] = True
    return steady


def _consensus(source: Floats, target: Floats) -> NDArray[np.bool_]:
    """RANSAC: of the models that two points give, the one that most points agree with."""
    chosen = _samples(len(source))
    mean, goal = source[chosen].mean(axis=1), target[chosen].mean(axis=1)
    spread = np.linalg.norm(source[chosen] - mean[:, None], axis=2).mean(axis=1)
    scale = np.linalg.norm(target[chosen] - goal[:, None], axis=2).mean(axis=1) / (spread + 1e-10)
    # As published, a model scales around the centre of all points, not of the two that gave it.
    centre = source.mean(axis=0)
    moved = scale[:, None, None] * (source - centre) + centre + (goal - mean)[:, None]
    errors = np.linalg.norm(moved - target, axis=2)
    inside = errors < _RESIDUAL
    best = np.lexsort([(errors**2).sum(axis=1), -inside.sum(axis=1)])[0]
    return np.asarray(inside[best])


@lru_cache(maxsize=1 << 10)
def _samples(points: int) -> Ints:
    """Pairs of different points: shape (trials, 2), always the same for a number of points."""
    rng = np.random.default_rng([_SEED, points])
    first = rng.integers(points, size=_TRIALS)
    second = rng.integers(points - 1, size=_TRIALS)
    return np.column_stack([first, second + (second >= first)])
