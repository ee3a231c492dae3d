"""Sensor noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from PIL import Image

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw

_SPREAD = np.float32(np.sqrt(2 * (256**2 - 1) / 12))  # of the sum of two bytes


class Noise(Step):
    """Grey noise per pixel, and low-frequency colour noise on colour images.

    Attributes:
        grain: standard deviation of the grey noise, in levels of 255.
        patches: standard deviation of the colour noise, in levels of 255; its patches are 4 pixels wide.
    """

    phase = Phase.SENSOR
    grain: Annotated[Range, Within(0, 20)] = (1.0, 6.0)
    patches: Annotated[Range, Within(0, 10)] = (0.0, 2.0)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Adds noise to the picture."""
        picture = layers.pixels()
        bands, rows, columns = picture.shape
        # The sum of two uniform bytes approximates a normal distribution, five times as fast.
        pairs = rng.integers(0, 256, (2, rows, columns), dtype=np.uint8)
        grey = pairs[0].astype(np.float32)
        grey += pairs[1]
        grey -= 255
        grey *= np.float32(draw(rng, self.grain)) / _SPREAD
        noisy = picture + grey
        strength = draw(rng, self.patches)
        if bands == 3 and strength:
            for band in (0, 2):  # red and blue only: noise in green looks grey
                small = rng.normal(127, 20 * strength, (rows // 4 + 1, columns // 4 + 1)).clip(0, 255).astype(np.uint8)
                patches = Image.fromarray(small).resize((columns, rows), Image.Resampling.BILINEAR)
                noisy[band] += np.asarray(patches, dtype=np.float32) * np.float32(1 / 20) - np.float32(127 / 20)
        return replace(layers, picture=noisy, encoded=None)
