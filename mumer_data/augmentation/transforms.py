"""Moves of ink: maps from the original to the variant and back, joined, framed and carried out once.

Not for choosing moves: the steps do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mumer_data.augmentation.interpolation import between

Points = NDArray[np.float64]
Plane = NDArray[np.float32]

_CELL = 12  # pixels between the points at which the way back is computed; between them it is taken as straight
_EXACT = 0.02  # pixels by which the way back may miss
_LEAST_MARGIN = 2.0
_INKED = 0.1


class Warp(Protocol):
    """One move; points have shape (..., 2), x and y in pixels, (0, 0) at the corner of the first pixel."""

    def forward(self, points: Points) -> Points:
        """From the original to the variant."""

    def back(self, points: Points) -> Points:
        """From the variant to the original."""


@dataclass(frozen=True, slots=True)
class Homography:
    """A move that keeps lines straight; ``matrix`` of shape (3, 3)."""

    matrix: NDArray[np.float64]

    def forward(self, points: Points) -> Points:
        """See `Warp`."""
        return _projected(points, self.matrix)

    def back(self, points: Points) -> Points:
        """See `Warp`."""
        return _projected(points, np.asarray(np.linalg.inv(self.matrix), dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Waves:
    """A move by a sum of waves. Lengths change by ``sum(|k| |shift|)`` at most, which must be below a half.

    Attributes:
        vectors: k of each wave, shape (waves, 2), in radians a pixel.
        shifts: how far it moves points at its crest, shape (waves, 2).
        phases: shape (waves,).
    """

    vectors: NDArray[np.float64]
    shifts: NDArray[np.float64]
    phases: NDArray[np.float64]

    def forward(self, points: Points) -> Points:
        """See `Warp`."""
        return points + self._moved(points)

    def back(self, points: Points) -> Points:
        """See `Warp`: by fixed-point iteration; the error shrinks by the strain each time."""
        reach = np.hypot(*self.shifts.T)
        strain, farthest = float(np.hypot(*self.vectors.T) @ reach), float(reach.sum())
        rounds = int(np.ceil(np.log(_EXACT / farthest) / np.log(strain))) if farthest > _EXACT else 1
        found = points
        for _ in range(rounds):
            found = points - self._moved(found)
        return found

    def _moved(self, points: Points) -> Points:
        x, y = points[..., 0].copy(), points[..., 1].copy()
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for (across, down), shift, phase in zip(self.vectors, self.shifts, self.phases, strict=True):
            wave = np.sin(across * x + down * y + phase)
            dx += shift[0] * wave
            dy += shift[1] * wave
        return np.stack((dx, dy), axis=-1)


def _projected(points: Points, matrix: NDArray[np.float64]) -> Points:
    # Written out: the last bits of a matrix product may depend on how many threads there are.
    x, y = points[..., 0].copy(), points[..., 1].copy()
    across, down, away = (row[0] * x + row[1] * y + row[2] for row in matrix)
    return np.stack((across / away, down / away), axis=-1)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the pixels of a variant come from.

    Attributes:
        shape: rows and columns of the variant.
        grid: points of the original, shape (rows, columns, 2), at every `_CELL`-th corner of the variant's pixels.
    """

    shape: tuple[int, int]
    grid: Points

    def sources(self) -> tuple[Plane, Plane]:
        """x and y in the original of the middle of each pixel, each of the frame's shape."""
        rows, columns = self.shape
        across, down = (np.arange(columns) + 0.5) / _CELL, (np.arange(rows) + 0.5) / _CELL
        x, y = (between(self.grid[..., axis].astype(np.float32), across, down) for axis in (0, 1))
        return x, y


def forward(points: Points, warps: Sequence[Warp]) -> Points:
    """Points of the original, moved."""
    for warp in warps:
        points = warp.forward(points)
    return points


def back(points: Points, warps: Sequence[Warp]) -> Points:
    """Points of the variant, moved back."""
    for warp in reversed(warps):
        points = warp.back(points)
    return points


def outline(mask: NDArray[np.bool_]) -> Points:
    """Middles of the outermost pixels of a mask in every row and column, shape (points, 2)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    left = mask[rows].argmax(axis=1)
    right = width - 1 - mask[rows, ::-1].argmax(axis=1)
    top = mask[:, columns].argmax(axis=0)
    bottom = height - 1 - mask[::-1, columns].argmax(axis=0)
    x = np.concatenate((left, right, columns, columns))
    y = np.concatenate((rows, rows, top, bottom))
    return np.stack((x, y), axis=1) + 0.5


def bounds(points: Points, reach: float = 1.0) -> tuple[float, float, float, float]:
    """The box around pixels whose middles are given, and ``reach`` pixels more on all sides."""
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def framed(
    ink: Plane, warps: Sequence[Warp], margins: tuple[float, float, float, float]
) -> tuple[Frame, tuple[float, float]]:
    """A frame around all ink, moved; and the place of the frame's corner. Margins as in `Layers`, 2 pixels at least."""
    mask = ink > _INKED
    height, width = ink.shape
    if mask.any():
        left, top, right, bottom = bounds(forward(outline(mask), warps))
    else:
        corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], dtype=np.float64)
        left, top, right, bottom = bounds(forward(corners, warps), 0)
    before = np.floor(np.array([left - max(margins[0], _LEAST_MARGIN), top - max(margins[1], _LEAST_MARGIN)]))
    columns = int(np.ceil(right + max(margins[2], _LEAST_MARGIN) - before[0]))
    rows = int(np.ceil(bottom + max(margins[3], _LEAST_MARGIN) - before[1]))
    x = np.arange(columns // _CELL + 2) * float(_CELL) + before[0]
    y = np.arange(rows // _CELL + 2) * float(_CELL) + before[1]
    grid = back(np.stack(np.meshgrid(x, y), axis=-1), warps)
    return Frame((rows, columns), grid), (float(before[0]), float(before[1]))


def sampled(ink: Plane, frame: Frame) -> Plane:
    """The ink in the frame, interpolated bilinearly; outside the original there is none."""
    height, width = ink.shape
    padded = np.zeros((height + 3, width + 3), dtype=np.float32)
    padded[1 : height + 1, 1 : width + 1] = ink
    # Paper is most of any image: only where one of the four neighbours has ink is there anything to compute.
    inked = padded > 0
    near = inked.copy()
    near[:-1] |= inked[1:]
    near[:, :-1] |= near[:, 1:].copy()
    x, y = frame.sources()
    x = np.clip(x + np.float32(0.5), 0, width + 1)
    y = np.clip(y + np.float32(0.5), 0, height + 1)
    column, row = x.astype(np.int32), y.astype(np.int32)
    places = row * (width + 3) + column
    chosen = np.flatnonzero(near.ravel().take(places))
    start = places.ravel()[chosen]
    right, down = (x.ravel()[chosen] - column.ravel()[chosen]), (y.ravel()[chosen] - row.ravel()[chosen])
    flat = padded.ravel()
    upper = flat[start] * (1 - right) + flat[start + 1] * right
    lower = flat[start + width + 3] * (1 - right) + flat[start + width + 4] * right
    found = np.zeros(frame.shape, dtype=np.float32)
    found.ravel()[chosen] = upper * (1 - down) + lower * down
    return found


def moved_boxes(boxes: Points, ink: Plane, warps: Sequence[Warp]) -> Points:
    """Boxes around the same ink after the moves; that of a box without ink around its corners."""
    mask = ink > _INKED
    height, width = mask.shape
    found = np.empty_like(boxes)
    for place, (left, top, right, bottom) in enumerate(boxes.tolist()):
        x0, y0 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
        inside = mask[y0 : min(height, int(np.ceil(bottom))), x0 : min(width, int(np.ceil(right)))]
        if inside.any():
            points, reach = outline(inside) + np.array((x0, y0)), 1.0
        else:
            points, reach = np.array([(left, top), (right, top), (left, bottom), (right, bottom)]), 0.0
        found[place] = bounds(forward(points, warps), reach)
    return found
