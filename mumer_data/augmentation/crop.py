"""Other margins: less than the original has, or more."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class Crop(Step):
    """Each side is drawn by itself; ink is never cut.

    Attributes:
        margin: from the ink to the edge, in heights of a symbol; 2 pixels at least.
    """

    phase = Phase.GEOMETRY
    margin: Annotated[Range, Within(0, 5)] = (0.2, 0.8)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Sets the margins."""
        left, top, right, bottom = (draw(rng, self.margin) * sheet.height for _ in range(4))
        return replace(sheet, margins=(left, top, right, bottom))
