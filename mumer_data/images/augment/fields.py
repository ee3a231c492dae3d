"""Smooth random fields: small grids of noise, scaled up.

Not for anything with edges.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from mumer_data.images.augment.sheet import Plane

_BICUBIC = Image.Resampling.BICUBIC


def smooth(rng: np.random.Generator, shape: tuple[int, int], length: float) -> Plane:
    """A field of mean 0 and spread of about 1 that changes over ``length`` pixels."""
    rows, columns = (int(np.ceil(side / length)) + 3 for side in shape)
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    left, top = rng.uniform(0, 1, 2).tolist()
    box = (1 + left, 1 + top, 1 + left + shape[1] / length, 1 + top + shape[0] / length)
    # Between grid points bicubic interpolation averages, which takes about a quarter off the spread.
    return np.asarray(Image.fromarray(grid).resize((shape[1], shape[0]), _BICUBIC, box=box)) * np.float32(1.3)


def enlarged(grid: Plane, shape: tuple[int, int]) -> Plane:
    """A small field over the whole of an image, in smooth steps."""
    return np.asarray(Image.fromarray(grid).resize((shape[1], shape[0]), _BICUBIC))


def unit_grid(shape: tuple[int, int], cell: float) -> tuple[Plane, Plane]:
    """Coordinates x and y of a grid of about ``cell`` pixels a cell, each from -1 to 1 over the longer side."""
    rows, columns = (max(2, round(side / cell)) for side in shape)
    longest = max(shape)
    x = np.linspace(-1, 1, columns, dtype=np.float32) * np.float32(shape[1] / longest)
    y = np.linspace(-1, 1, rows, dtype=np.float32) * np.float32(shape[0] / longest)
    return np.broadcast_to(x, (rows, columns)), np.broadcast_to(y[:, None], (rows, columns))
