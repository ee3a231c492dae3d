"""What the ink stands on: its shade, its tint, its fibres."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.noise_fields import grain, smooth
from mumer_data.augmentation.ranges import Range, Within, draw


class Paper(Step):
    """Dark ink on light paper, whatever the original was; a photograph keeps its own paper underneath.

    Attributes:
        level: of light that the paper throws back, of 1.
        warmth: tint, from blue (-1) over grey to yellow (1).
        fibres: how much the shade changes within a few pixels, of 1.
        clouds: how much it changes over some heights of a symbol, of 1.
    """

    phase = Phase.PAPER
    level: Annotated[Range, Within(0.5, 1)] = (0.8, 0.98)
    warmth: Annotated[Range, Within(-1, 1)] = (-0.2, 0.5)
    fibres: Annotated[Range, Within(0, 0.1)] = (0.004, 0.02)
    clouds: Annotated[Range, Within(0, 0.1)] = (0.0, 0.02)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Multiplies the paper."""
        warmth = draw(rng, self.warmth)
        tint = np.array([1 + 0.03 * warmth, 1 + 0.005 * warmth, 1 - 0.10 * warmth], dtype=np.float32)
        level = np.float32(draw(rng, self.level))
        shade = 1 + np.float32(draw(rng, self.fibres)) * grain(rng, sheet.shape)
        shade += np.float32(draw(rng, self.clouds)) * smooth(rng, sheet.shape, max(8.0, 2 * sheet.height))
        paper = (sheet.paper * tint[:, None, None] * level) * shade
        return replace(sheet, paper=np.minimum(paper, 1, out=paper), reverse=False)
