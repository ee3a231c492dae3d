"""Seen from one side: the near end larger than the far one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw
from mumer_data.augmentation.transforms import Homography, forward


class Perspective(Step):
    """A camera that does not look straight down.

    Attributes:
        tilt: half the share by which the near end is larger than the far one; from any side.
    """

    phase = Phase.GEOMETRY
    tilt: Annotated[Range, Within(0, 0.3)] = (0.0, 0.1)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Adds one `Homography`."""
        rows, columns = sheet.shape
        tilt, side = draw(rng, self.tilt), rng.uniform(0, 2 * np.pi)
        corners = np.array([(0, 0), (columns, 0), (0, rows), (columns, rows)], dtype=np.float64)
        corners = forward(corners, sheet.warps)
        x, y = corners.mean(axis=0).tolist()
        half = float(np.ptp(corners, axis=0).max()) / 2
        middle = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]])
        away = np.eye(3)
        away[2, :2] = tilt * np.cos(side) / half, tilt * np.sin(side) / half
        warp = Homography(np.asarray(np.linalg.inv(middle) @ away @ middle, dtype=np.float64))
        return replace(sheet, warps=(*sheet.warps, warp), pen=sheet.pen * (1 - tilt))
