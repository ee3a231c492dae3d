"""Affine transform: rotation, scaling, shear and aspect ratio."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw
from mumer_data.augmentation.transforms import Homography

_GROWTH = 0.6  # largest relative growth of the height of a long line by rotation
_THINNEST = 1.3  # smallest stroke width after scaling down, in pixels, unless the original is thinner


class Affine(Step):
    """One affine transform of the whole expression.

    Attributes:
        rotate: rotation in degrees, clockwise; limited for long lines.
        scale: factor on width and height.
        shear: slant in degrees, positive to the right.
        aspect: factor on width / height.
    """

    phase = Phase.GEOMETRY
    rotate: Annotated[Range, Within(-45, 45)] = (-3.0, 3.0)
    scale: Annotated[Range, Within(0.5, 2)] = (0.9, 1.1)
    shear: Annotated[Range, Within(-45, 45)] = (-5.0, 5.0)
    aspect: Annotated[Range, Within(0.5, 2)] = (0.95, 1.05)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Adds one `Homography`."""
        rows, columns = layers.shape
        most = np.arctan(_GROWTH * rows / columns) if columns > rows else np.pi
        angle = float(np.clip(np.radians(draw(rng, self.rotate)), -most, most))
        scale = draw(rng, self.scale)
        slant = np.tan(np.radians(draw(rng, self.shear)))
        wide = np.sqrt(draw(rng, self.aspect))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shape = np.array([[1.0, -slant], [0.0, 1.0]]) @ np.diag([wide, 1 / wide])
        narrowest = float(np.linalg.svd(shape, compute_uv=False)[-1])  # factor on the width of the most affected stroke
        scale = max(scale, min(1.0, _THINNEST / (layers.pen * narrowest)))
        matrix = np.eye(3)
        matrix[:2, :2] = turn @ shape * scale
        pen = layers.pen * scale * narrowest
        return replace(
            layers, transforms=(*layers.transforms, Homography(matrix)), pen=pen, height=layers.height * scale
        )
