"""Perspective transform."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw
from mumer_data.augmentation.transforms import Homography, forward


class Perspective(Step):
    """Perspective of a tilted camera, in a random direction.

    Attributes:
        tilt: half the relative difference in scale between the near and the far end.
    """

    phase = Phase.GEOMETRY
    tilt: Annotated[Range, Within(0, 0.3)] = (0.0, 0.1)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Adds one `Homography`."""
        rows, columns = layers.shape
        tilt, side = draw(rng, self.tilt), rng.uniform(0, 2 * np.pi)
        corners = np.array([(0, 0), (columns, 0), (0, rows), (columns, rows)], dtype=np.float64)
        corners = forward(corners, layers.transforms)
        x, y = corners.mean(axis=0).tolist()
        half = float(np.ptp(corners, axis=0).max()) / 2
        middle = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]])
        away = np.eye(3)
        away[2, :2] = tilt * np.cos(side) / half, tilt * np.sin(side) / half
        transform = Homography(np.asarray(np.linalg.inv(middle) @ away @ middle, dtype=np.float64))
        return replace(layers, transforms=(*layers.transforms, transform), pen=layers.pen * (1 - tilt))
