"""Smooth random fields: small grids of noise, upsampled.

Not for fields with edges.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from mumer_data.augmentation.interpolation import interpolate
from mumer_data.augmentation.layers import Plane

_BICUBIC, _BILINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR
_COARSE = 4


def smooth(rng: np.random.Generator, shape: tuple[int, int], length: float) -> Plane:
    """A random field of mean 0, standard deviation about 1 and correlation length ``length``, in pixels."""
    rows, columns = (int(np.ceil(side / length)) + 3 for side in shape)
    left, top = rng.uniform(0, 1, 2).tolist()
    box = (1 + left, 1 + top, 1 + left + shape[1] / length, 1 + top + shape[0] / length)
    # Interpolation reduces the standard deviation by about a quarter.
    grid = rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(1.3)
    if length <= 2 * _COARSE:
        x, y = (np.arange(count) / length + start for count, start in ((shape[1], left), (shape[0], top)))
        return interpolate(grid, x, y)
    # Linear interpolation of a coarse grid is visible; bicubic is slow, so it is applied to a small field.
    small = (max(2, shape[1] // _COARSE), max(2, shape[0] // _COARSE))
    return upsample(np.asarray(Image.fromarray(grid).resize(small, _BICUBIC, box=box)), shape)


def grain(rng: np.random.Generator, shape: tuple[int, int]) -> Plane:
    """A random field of mean 0, standard deviation about 1 and correlation length 2 pixels."""
    small = rng.integers(0, 256, (shape[0] // 2 + 1, shape[1] // 2 + 1), dtype=np.uint8)
    levels = np.asarray(Image.fromarray(small).resize((shape[1], shape[0]), _BILINEAR), dtype=np.float32)
    levels -= np.float32(127.5)
    levels *= np.float32(1 / 46)
    return levels


def upsample(grid: Plane, shape: tuple[int, int]) -> Plane:
    """A small smooth field, interpolated to the shape of an image."""
    x, y = (
        (np.arange(count) + 0.5) * (points / count) - 0.5
        for count, points in zip(shape[::-1], grid.shape[::-1], strict=True)
    )
    return interpolate(grid, np.clip(x, 0, grid.shape[1] - 1), np.clip(y, 0, grid.shape[0] - 1))


def unit_grid(shape: tuple[int, int], cell: float) -> tuple[Plane, Plane]:
    """Coordinates x and y of a grid with cells of about ``cell`` pixels; -1 to 1 along the longer side."""
    rows, columns = (max(2, round(side / cell)) for side in shape)
    longest = max(shape)
    x = np.linspace(-1, 1, columns, dtype=np.float32) * np.float32(shape[1] / longest)
    y = np.linspace(-1, 1, rows, dtype=np.float32) * np.float32(shape[0] / longest)
    return np.broadcast_to(x, (rows, columns)), np.broadcast_to(y[:, None], (rows, columns))
