"""Compressed as JPEG, with what that leaves around edges."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class Jpeg(Step):
    """The variant is then a JPEG file; without this step it is a PNG.

    Attributes:
        quality: on the scale of libjpeg.
    """

    phase = Phase.FILE
    quality: Annotated[Range, Within(30, 100)] = (40.0, 95.0)

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Encodes the picture."""
        buffer = io.BytesIO()
        sheet.pillow().save(buffer, "JPEG", quality=round(draw(rng, self.quality)))
        return replace(sheet, picture=None, encoded=buffer.getvalue())
