"""Defocus blur."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from PIL import Image, ImageFilter

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class DefocusBlur(Step):
    """Gaussian blur of the ink; a stroke keeps at least two thirds of its darkness.

    Attributes:
        radius: standard deviation, in stroke widths.
    """

    phase = Phase.LENS
    radius: Annotated[Range, Within(0, 0.5)] = (0.1, 0.4)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Blurs the ink; paper and light are smooth already."""
        radius = draw(rng, self.radius) * layers.pen
        if radius < 0.2:
            return layers
        image = Image.fromarray((layers.ink * 255 + 0.5).astype(np.uint8))
        blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)
        return replace(layers, ink=blurred * np.float32(1 / 255))
