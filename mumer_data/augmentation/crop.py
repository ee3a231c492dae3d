"""Crop: random margins around the ink."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class Crop(Step):
    """An independent random margin on each side; ink is never cut.

    Attributes:
        margin: distance from the ink to the edge, in symbol heights; at least 2 pixels.
    """

    phase = Phase.GEOMETRY
    margin: Annotated[Range, Within(0, 5)] = (0.2, 0.8)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Sets the margins."""
        left, top, right, bottom = (draw(rng, self.margin) * layers.height for _ in range(4))
        return replace(layers, margins=(left, top, right, bottom))
