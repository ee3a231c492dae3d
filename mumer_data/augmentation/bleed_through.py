"""Bleed-through: faint ink from the back of the sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from PIL import Image, ImageFilter

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class BleedThrough(Step):
    """Darkens the paper by the mirrored and displaced expression.

    Attributes:
        strength: relative darkening of the paper.
        blur: radius (standard deviation), in stroke widths.
    """

    phase = Phase.PAPER
    strength: Annotated[Range, Within(0, 0.2)] = (0.03, 0.1)
    blur: Annotated[Range, Within(0.3, 5)] = (0.5, 1.5)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Darkens the paper."""
        rows, columns = layers.shape
        offset = int(rng.integers(0, columns)), int(rng.integers(-(rows // 2), rows // 2 + 1))
        back = np.roll(layers.ink[:, ::-1], (offset[1], offset[0]), axis=(0, 1))
        radius = draw(rng, self.blur) * layers.pen
        image = Image.fromarray((back * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
        strength_map = np.asarray(image, dtype=np.float32) * np.float32(draw(rng, self.strength) / 255)
        return replace(layers, paper=layers.paper * (1 - strength_map))
