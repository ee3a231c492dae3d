"""JPEG compression."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Annotated

import numpy as np

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class Jpeg(Step):
    """Encodes the variant as JPEG; without this step it is encoded as PNG.

    Attributes:
        quality: libjpeg quality, 1 to 100.
    """

    phase = Phase.FILE
    quality: Annotated[Range, Within(30, 100)] = (40.0, 95.0)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Encodes the picture."""
        buffer = io.BytesIO()
        layers.pillow().save(buffer, "JPEG", quality=round(draw(rng, self.quality)))
        return replace(layers, picture=None, encoded=buffer.getvalue())
