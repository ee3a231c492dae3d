"""Turned, scaled, slanted and stretched."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw
from mumer_data.augmentation.transforms import Homography

_GROWTH = 0.6  # a turn makes the picture of a long line higher by no more than this share
_THINNEST = 1.3  # scaling down leaves a pen of so many pixels, or the one that it was


class Affine(Step):
    """One move of the whole expression that keeps parallels.

    Attributes:
        rotate: degrees, clockwise; less for long lines, which would turn out of any margin.
        scale: of both sides.
        shear: degrees of slant, to the right if positive.
        aspect: width by height, over the original's.
    """

    phase = Phase.GEOMETRY
    rotate: Annotated[Range, Within(-45, 45)] = (-3.0, 3.0)
    scale: Annotated[Range, Within(0.5, 2)] = (0.9, 1.1)
    shear: Annotated[Range, Within(-45, 45)] = (-5.0, 5.0)
    aspect: Annotated[Range, Within(0.5, 2)] = (0.95, 1.05)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Adds one `Homography`."""
        rows, columns = sheet.shape
        most = np.arctan(_GROWTH * rows / columns) if columns > rows else np.pi
        angle = float(np.clip(np.radians(draw(rng, self.rotate)), -most, most))
        scale = draw(rng, self.scale)
        slant = np.tan(np.radians(draw(rng, self.shear)))
        wide = np.sqrt(draw(rng, self.aspect))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shape = np.array([[1.0, -slant], [0.0, 1.0]]) @ np.diag([wide, 1 / wide])
        narrowest = float(np.linalg.svd(shape, compute_uv=False)[-1])  # what becomes of the width of some stroke
        scale = max(scale, min(1.0, _THINNEST / (sheet.pen * narrowest)))
        matrix = np.eye(3)
        matrix[:2, :2] = turn @ shape * scale
        pen = sheet.pen * scale * narrowest
        return replace(sheet, warps=(*sheet.warps, Homography(matrix)), pen=pen, height=sheet.height * scale)
