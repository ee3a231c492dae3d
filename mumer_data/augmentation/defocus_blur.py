"""A lens that is not quite sharp."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from PIL import Image, ImageFilter

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class DefocusBlur(Step):
    """Blur that leaves a stroke two thirds of its darkness, at least.

    Attributes:
        radius: in widths of the pen (standard deviation of a bell).
    """

    phase = Phase.LENS
    radius: Annotated[Range, Within(0, 0.5)] = (0.1, 0.4)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Blurs the ink; paper and light have no edges that would show it."""
        radius = draw(rng, self.radius) * sheet.pen
        if radius < 0.2:
            return sheet
        image = Image.fromarray((sheet.ink * 255 + 0.5).astype(np.uint8))
        blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)
        return replace(sheet, ink=blurred * np.float32(1 / 255))
