"""Cast shadow of a hand, a head or a phone."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.noise_fields import smooth, unit_grid, upsample
from mumer_data.augmentation.ranges import Range, Within, draw

_CELL = 6.0


class Shadow(Step):
    """One soft-edged shadow from outside the image.

    Attributes:
        strength: relative darkening in the shadow.
        softness: width of the edge, as a fraction of the longer side of the image.
        share: approximate share of the image in the shadow.
    """

    phase = Phase.LIGHT
    strength: Annotated[Range, Within(0, 0.55)] = (0.1, 0.4)
    softness: Annotated[Range, Within(0.01, 1)] = (0.03, 0.35)
    share: Annotated[Range, Within(0, 1)] = (0.15, 0.7)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Multiplies the light."""
        x, y = unit_grid(layers.shape, _CELL)
        angle = rng.uniform(0, 2 * np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        across = y * np.cos(angle) - x * np.sin(angle)
        softness, bow = draw(rng, self.softness), rng.uniform(-0.6, 0.6)
        edge = along + bow * across**2 + 0.05 * smooth(rng, (x.shape[0], x.shape[1]), max(4.0, x.shape[1] / 5))
        start = np.quantile(edge, draw(rng, self.share))
        inside = 1 / (1 + np.exp(np.clip((edge - start) / (softness / 4), -30, 30)))
        field = 1 - draw(rng, self.strength) * inside
        return replace(layers, light=layers.light * upsample(field.astype(np.float32), layers.shape))
