"""Random affine and elastic changes of fitted training images, with their symbols' boxes.

Not for camera or paper effects: see `mumer_data.augmentation`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mumer_train.from_scratch.image_store import Boxes, Pixels
from mumer_train.from_scratch.supervision import STRIDE

_GRID = 16  # pixels, about the height of a symbol


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of fitted images; the values are standard deviations, of scales in logarithms.

    Attributes:
        scale: scale of both sides.
        stretch: additional scale of the width.
        shear: horizontal shift per pixel of height.
        turn: rotation in radians.
        elastic: pixels by which the nodes of a grid of ``_GRID`` pixels move, so that the shape of every symbol varies.
        token_noise: share of the decoder's input tokens that are replaced at random.
    """

    scale: float = 0.1
    stretch: float = 0.1
    shear: float = 0.1
    turn: float = 0.02
    elastic: float = 0.0
    token_noise: float = 0.15

    def scaled(self, factor: float) -> Augmentation:
        """The same with stronger or weaker affine changes."""
        names = ("scale", "stretch", "shear", "turn")
        return replace(self, **{name: factor * getattr(self, name) for name in names})


def augmented(pixels: Pixels, boxes: Boxes, amount: Augmentation, rng: np.random.Generator) -> tuple[Pixels, Boxes]:
    """An image and its boxes after a random affine map; the new size is a multiple of the stride."""
    scale, stretch, shear, turn = (
        rng.normal(size=4).clip(-2, 2) * (amount.scale, amount.stretch, amount.shear, amount.turn)
    ).tolist()
    across, down = float(np.exp(scale + stretch)), float(np.exp(scale))
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    matrix = np.array(((cos, -sin), (sin, cos))) @ np.array(((1.0, shear), (0.0, 1.0))) @ np.diag((across, down))
    height, width = pixels.shape
    corners = np.array(((0, 0), (width, 0), (0, height), (width, height)), dtype=np.float64) @ matrix.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    shift = -low + rng.uniform(0, 4, 2)
    size = np.ceil((high - low + 4 - 1e-6) / STRIDE).astype(int) * STRIDE
    inverse = np.linalg.inv(matrix)
    offset = -inverse @ shift
    source = Image.fromarray(np.ascontiguousarray(pixels))
    shape = int(size[0]), int(size[1])
    if amount.elastic > 0:
        mesh = _elastic_mesh(shape, inverse, offset, amount.elastic, rng)
        image = source.transform(shape, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    else:
        coefficients = (*inverse[0].tolist(), float(offset[0]), *inverse[1].tolist(), float(offset[1]))
        image = source.transform(shape, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    if not len(boxes):
        return np.asarray(image), boxes
    points = boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 4, 2) @ matrix.T + shift
    return np.asarray(image), np.concatenate((points.min(axis=1), points.max(axis=1)), axis=1).astype(np.float32)


def _elastic_mesh(
    shape: tuple[int, int],
    inverse: NDArray[np.float64],
    offset: NDArray[np.float64],
    amount: float,
    rng: np.random.Generator,
) -> list[tuple[tuple[int, int, int, int], tuple[float, ...]]]:
    """Rectangles of the target and the quadrilaterals of the source that they show, as Pillow's MESH takes them.

    Args:
        shape: (width, height) of the target.
        inverse, offset: affine map from target to source.
        amount: standard deviation of the nodes' shifts, pixels of the source.
        rng: random generator.
    """
    columns, rows = ([*range(0, length, _GRID), length] for length in shape)
    nodes = np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.float64)
    moved = nodes @ inverse.T + offset + (rng.normal(size=nodes.shape) * amount).clip(-2 * amount, 2 * amount)
    corners = np.concatenate((moved[:-1, :-1], moved[1:, :-1], moved[1:, 1:], moved[:-1, 1:]), axis=-1)
    return [
        ((columns[x], rows[y], columns[x + 1], rows[y + 1]), tuple(corners[y, x].tolist()))
        for y in range(len(rows) - 1)
        for x in range(len(columns) - 1)
    ]
