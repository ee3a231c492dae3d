"""Geometric transforms: maps from the original to the variant and back, composed and applied in one resampling.

Not for random choices: see the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mumer_data.augmentation.interpolation import interpolate

Points = NDArray[np.float64]
Plane = NDArray[np.float32]

_CELL = 12  # grid spacing of the inverse map, in pixels; interpolated linearly in between
_EXACT = 0.02  # maximum error of the inverse map, in pixels
_LEAST_MARGIN = 2.0
_INKED = 0.1


class Transform(Protocol):
    """One transform; points have shape (..., 2), x and y in pixels, (0, 0) at the corner of the first pixel."""

    def forward(self, points: Points) -> Points:
        """From the original to the variant."""

    def back(self, points: Points) -> Points:
        """From the variant to the original."""


@dataclass(frozen=True, slots=True)
class Homography:
    """A projective transform; ``matrix`` has shape (3, 3)."""

    matrix: NDArray[np.float64]

    def forward(self, points: Points) -> Points:
        """See `Transform`."""
        return _projected(points, self.matrix)

    def back(self, points: Points) -> Points:
        """See `Transform`."""
        return _projected(points, np.asarray(np.linalg.inv(self.matrix), dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Waves:
    """A displacement by a sum of plane waves; the strain, at most ``sum(|k| |shift|)``, must be less than 0.5.

    Attributes:
        vectors: wave vectors k, shape (waves, 2), in radians per pixel.
        shifts: amplitudes, shape (waves, 2), in pixels.
        phases: phases, shape (waves,), in radians.
    """

    vectors: NDArray[np.float64]
    shifts: NDArray[np.float64]
    phases: NDArray[np.float64]

    def forward(self, points: Points) -> Points:
        """See `Transform`."""
        return points + self._displacement(points)

    def back(self, points: Points) -> Points:
        """See `Transform`; fixed-point iteration, whose error shrinks by the strain in each step."""
        reach = np.hypot(*self.shifts.T)
        strain, farthest = float(np.hypot(*self.vectors.T) @ reach), float(reach.sum())
        rounds = int(np.ceil(np.log(_EXACT / farthest) / np.log(strain))) if farthest > _EXACT else 1
        result = points
        for _ in range(rounds):
            result = points - self._displacement(result)
        return result

    def _displacement(self, points: Points) -> Points:
        x, y = points[..., 0].copy(), points[..., 1].copy()
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for (across, down), shift, phase in zip(self.vectors, self.shifts, self.phases, strict=True):
            wave = np.sin(across * x + down * y + phase)
            dx += shift[0] * wave
            dy += shift[1] * wave
        return np.stack((dx, dy), axis=-1)


def _projected(points: Points, matrix: NDArray[np.float64]) -> Points:
    # Written out: the last bits of a matrix product may depend on the number of threads.
    x, y = points[..., 0].copy(), points[..., 1].copy()
    across, down, away = (row[0] * x + row[1] * y + row[2] for row in matrix)
    return np.stack((across / away, down / away), axis=-1)


@dataclass(frozen=True, slots=True)
class Frame:
    """The source coordinates of the pixels of a variant.

    Attributes:
        shape: rows and columns of the variant.
        grid: points of the original at every `_CELL`-th pixel corner of the variant, shape (rows, columns, 2).
    """

    shape: tuple[int, int]
    grid: Points

    def sources(self) -> tuple[Plane, Plane]:
        """x and y in the original of the centre of each pixel, each of the frame's shape."""
        rows, columns = self.shape
        across, down = (np.arange(columns) + 0.5) / _CELL, (np.arange(rows) + 0.5) / _CELL
        x, y = (interpolate(self.grid[..., axis].astype(np.float32), across, down) for axis in (0, 1))
        return x, y


def forward(points: Points, transforms: Sequence[Transform]) -> Points:
    """Points of the original, transformed to the variant."""
    for transform in transforms:
        points = transform.forward(points)
    return points


def back(points: Points, transforms: Sequence[Transform]) -> Points:
    """Points of the variant, transformed back to the original."""
    for transform in reversed(transforms):
        points = transform.back(points)
    return points


def outline(mask: NDArray[np.bool_]) -> Points:
    """Centres of the outermost pixels of a mask in every row and column, shape (points, 2)."""
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
    """The bounding box of pixel centres, extended by ``reach`` pixels on all sides."""
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def frame_around(
    ink: Plane, transforms: Sequence[Transform], margins: tuple[float, float, float, float]
) -> tuple[Frame, tuple[float, float]]:
    """A frame around all transformed ink, and the position of its corner; margins of at least 2 pixels."""
    mask = ink > _INKED
    height, width = ink.shape
    if mask.any():
        left, top, right, bottom = bounds(forward(outline(mask), transforms))
    else:
        corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], dtype=np.float64)
        left, top, right, bottom = bounds(forward(corners, transforms), 0)
    corner = np.floor(np.array([left - max(margins[0], _LEAST_MARGIN), top - max(margins[1], _LEAST_MARGIN)]))
    columns = int(np.ceil(right + max(margins[2], _LEAST_MARGIN) - corner[0]))
    rows = int(np.ceil(bottom + max(margins[3], _LEAST_MARGIN) - corner[1]))
    x = np.arange(columns // _CELL + 2) * float(_CELL) + corner[0]
    y = np.arange(rows // _CELL + 2) * float(_CELL) + corner[1]
    grid = back(np.stack(np.meshgrid(x, y), axis=-1), transforms)
    return Frame((rows, columns), grid), (float(corner[0]), float(corner[1]))


def sample_ink(ink: Plane, frame: Frame) -> Plane:
    """The ink in the frame, interpolated bilinearly; 0 outside the original."""
    height, width = ink.shape
    padded = np.zeros((height + 3, width + 3), dtype=np.float32)
    padded[1 : height + 1, 1 : width + 1] = ink
    # Most pixels are paper: only those with ink in one of the four neighbours are computed.
    inked = padded > 0
    near = inked.copy()
    near[:-1] |= inked[1:]
    near[:, :-1] |= near[:, 1:].copy()
    x, y = frame.sources()
    x = np.clip(x + np.float32(0.5), 0, width + 1)
    y = np.clip(y + np.float32(0.5), 0, height + 1)
    column, row = x.astype(np.int32), y.astype(np.int32)
    flat_index = row * (width + 3) + column
    selected = np.flatnonzero(near.ravel().take(flat_index))
    start = flat_index.ravel()[selected]
    right, down = (x.ravel()[selected] - column.ravel()[selected]), (y.ravel()[selected] - row.ravel()[selected])
    flat = padded.ravel()
    upper = flat[start] * (1 - right) + flat[start + 1] * right
    lower = flat[start + width + 3] * (1 - right) + flat[start + width + 4] * right
    result = np.zeros(frame.shape, dtype=np.float32)
    result.ravel()[selected] = upper * (1 - down) + lower * down
    return result


def transform_boxes(boxes: Points, ink: Plane, transforms: Sequence[Transform]) -> Points:
    """The bounding boxes of the same ink after the transforms; a box without ink is transformed by its corners."""
    mask = ink > _INKED
    height, width = mask.shape
    result = np.empty_like(boxes)
    for index, (left, top, right, bottom) in enumerate(boxes.tolist()):
        x0, y0 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
        inside = mask[y0 : min(height, int(np.ceil(bottom))), x0 : min(width, int(np.ceil(right)))]
        if inside.any():
            points, reach = outline(inside) + np.array((x0, y0)), 1.0
        else:
            points, reach = np.array([(left, top), (right, top), (left, bottom), (right, bottom)]), 0.0
        result[index] = bounds(forward(points, transforms), reach)
    return result
