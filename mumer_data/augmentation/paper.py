"""Paper texture: brightness, tint and fibres."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.noise_fields import grain, smooth
from mumer_data.augmentation.ranges import Range, Within, draw


class Paper(Step):
    """Makes the variant dark on light paper; the paper of a photograph is kept and multiplied.

    Attributes:
        level: reflectance of the paper, 0 to 1.
        warmth: tint, from blue (-1) over grey (0) to yellow (1).
        fibres: standard deviation of the texture at the scale of 2 pixels.
        clouds: standard deviation of the texture at the scale of a few symbol heights.
    """

    phase = Phase.PAPER
    level: Annotated[Range, Within(0.5, 1)] = (0.8, 0.98)
    warmth: Annotated[Range, Within(-1, 1)] = (-0.2, 0.5)
    fibres: Annotated[Range, Within(0, 0.1)] = (0.004, 0.02)
    clouds: Annotated[Range, Within(0, 0.1)] = (0.0, 0.02)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Multiplies the paper."""
        warmth = draw(rng, self.warmth)
        tint = np.array([1 + 0.03 * warmth, 1 + 0.005 * warmth, 1 - 0.10 * warmth], dtype=np.float32)
        level = np.float32(draw(rng, self.level))
        shade = 1 + np.float32(draw(rng, self.fibres)) * grain(rng, layers.shape)
        shade += np.float32(draw(rng, self.clouds)) * smooth(rng, layers.shape, max(8.0, 2 * layers.height))
        paper = (layers.paper * tint[:, None, None] * level) * shade
        return replace(layers, paper=np.minimum(paper, 1, out=paper), reverse=False)
