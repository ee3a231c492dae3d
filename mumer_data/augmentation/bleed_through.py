"""Ink on the back of the sheet, faintly seen from the front."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from PIL import Image, ImageFilter

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class BleedThrough(Step):
    """The expression itself, mirrored and displaced, stands for what is on the back.

    Attributes:
        strength: share of the paper's light that it takes.
        blur: radius, in widths of the pen.
    """

    phase = Phase.PAPER
    strength: Annotated[Range, Within(0, 0.2)] = (0.03, 0.1)
    blur: Annotated[Range, Within(0.3, 5)] = (0.5, 1.5)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Darkens the paper."""
        rows, columns = sheet.shape
        moved = int(rng.integers(0, columns)), int(rng.integers(-(rows // 2), rows // 2 + 1))
        back = np.roll(sheet.ink[:, ::-1], (moved[1], moved[0]), axis=(0, 1))
        radius = draw(rng, self.blur) * sheet.pen
        image = Image.fromarray((back * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
        seen = np.asarray(image, dtype=np.float32) * np.float32(draw(rng, self.strength) / 255)
        return replace(sheet, paper=sheet.paper * (1 - seen))
