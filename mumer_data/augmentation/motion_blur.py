"""Motion blur."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.ranges import Range, Within, draw


class MotionBlur(Step):
    """Linear motion blur of the ink, in a random direction.

    Attributes:
        length: length of the motion, in stroke widths.
    """

    phase = Phase.LENS
    length: Annotated[Range, Within(0, 1)] = (0.2, 0.8)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Blurs the ink."""
        length, angle = draw(rng, self.length) * layers.pen, rng.uniform(0, np.pi)
        if length < 0.3:
            return layers
        count = int(np.ceil(length)) + 1
        reach = int(np.ceil(length / 2)) + 1
        padded = np.pad(layers.ink, reach)
        total = np.zeros_like(layers.ink)
        for along in np.linspace(-length / 2, length / 2, count).tolist():
            total += _shifted(padded, reach, along * np.cos(angle), along * np.sin(angle))
        return replace(layers, ink=total / np.float32(count))


def _shifted(padded: Plane, reach: int, x: float, y: float) -> Plane:
    """The centre of a padded plane, displaced by less than ``reach`` pixels, interpolated bilinearly."""
    column, row = int(np.floor(x)), int(np.floor(y))
    right, down = np.float32(x - column), np.float32(y - row)
    rows, columns = padded.shape[0] - 2 * reach, padded.shape[1] - 2 * reach

    def part(dy: int, dx: int) -> Plane:
        top, left = reach + row + dy, reach + column + dx
        return padded[top : top + rows, left : left + columns]

    upper = part(0, 0) * (1 - right) + part(0, 1) * right
    lower = part(1, 0) * (1 - right) + part(1, 1) * right
    return np.asarray(upper * (1 - down) + lower * down)
