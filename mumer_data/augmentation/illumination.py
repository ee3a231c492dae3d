"""Uneven illumination: a gradient to one side, vignetting and a colour cast."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.noise_fields import smooth, unit_grid, upsample
from mumer_data.augmentation.ranges import Range, Within, draw

_CELL = 16.0  # grid spacing of the illumination field, in pixels


class Illumination(Step):
    """Multiplies the light by a gradient, a vignette, a smooth random field and a colour cast.

    Attributes:
        level: maximum brightness; 1 is that of the original.
        fall: relative darkening at the far side of the gradient.
        vignette: relative darkening in the corners.
        uneven: standard deviation of the smooth random field.
        warmth: colour cast, from blue (-1) to yellow (1).
    """

    phase = Phase.LIGHT
    level: Annotated[Range, Within(0.4, 1.1)] = (0.75, 1.0)
    fall: Annotated[Range, Within(0, 0.5)] = (0.0, 0.3)
    vignette: Annotated[Range, Within(0, 0.4)] = (0.0, 0.12)
    uneven: Annotated[Range, Within(0, 0.2)] = (0.0, 0.04)
    warmth: Annotated[Range, Within(-1, 1)] = (-0.4, 0.4)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Multiplies the light."""
        x, y = unit_grid(layers.shape, _CELL)
        angle = rng.uniform(0, 2 * np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
        field = 1 - draw(rng, self.fall) * along
        field = field - draw(rng, self.vignette) * (x**2 + y**2) / max(float((x**2 + y**2).max()), 1e-6)
        field = field + draw(rng, self.uneven) * smooth(rng, (field.shape[0], field.shape[1]), 4.0)
        warmth = draw(rng, self.warmth)
        colour = np.array([1 + 0.05 * warmth, 1.0, 1 - 0.12 * warmth], dtype=np.float32)
        colour *= np.float32(draw(rng, self.level)) / max(1.0, float(colour.max()))
        light = layers.light * colour[:, None, None]
        return replace(layers, light=light * upsample(field.astype(np.float32), layers.shape))
