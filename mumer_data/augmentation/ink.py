"""Ink colour and unevenness of the ink."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.noise_fields import smooth
from mumer_data.augmentation.ranges import Range, Within, draw

ColourName = Literal["black", "blue_black", "blue", "pencil", "red", "green"]

COLOURS: dict[str, tuple[float, float, float]] = {
    "black": (0.10, 0.10, 0.12),
    "blue_black": (0.11, 0.13, 0.25),
    "blue": (0.13, 0.19, 0.50),
    "pencil": (0.31, 0.31, 0.33),
    "red": (0.62, 0.13, 0.15),
    "green": (0.08, 0.34, 0.20),
}


class Ink(Step):
    """One colour for the whole expression, with random fading.

    Attributes:
        colours: one is drawn at random; a repeated name is more likely.
        vary: maximum deviation of red, green and blue from the named colour, on a scale of 0 to 1.
        fade: maximum share of ink that is missing, varying smoothly.
        grain: maximum share of ink that is missing, varying from pixel to pixel.
    """

    phase = Phase.INK
    colours: Annotated[tuple[ColourName, ...], Field(min_length=1)] = ("black", "blue_black", "blue", "pencil")
    vary: Annotated[Range, Within(0, 0.3)] = (0.0, 0.06)
    fade: Annotated[Range, Within(0, 0.35)] = (0.0, 0.3)
    grain: Annotated[Range, Within(0, 0.3)] = (0.0, 0.1)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Changes colour and ink."""
        named = np.array(COLOURS[self.colours[int(rng.integers(len(self.colours)))]])
        colour = np.clip(named + rng.uniform(-1, 1, 3) * draw(rng, self.vary), 0.02, 0.9).astype(np.float32)
        fade, grain = draw(rng, self.fade), draw(rng, self.grain)
        removed = smooth(rng, layers.shape, max(3.0, layers.height / 2)) * np.float32(0.5 * fade) + np.float32(
            0.5 * fade
        )
        remaining = 1 - np.clip(removed, 0, fade)
        if grain:
            remaining *= 1 - rng.integers(0, 256, layers.shape, dtype=np.uint8) * np.float32(grain / 255)
        return replace(layers, colour=colour, ink=layers.ink * remaining)
