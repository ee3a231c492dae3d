"""Stains on the paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.noise_fields import smooth, upsample
from mumer_data.augmentation.ranges import Range, Within, draw

_CELL = 4  # pixels: stains have soft edges
# Relative darkening of red, green and blue by a full stain: coffee, tea, graphite, water.
_DARKENING = np.array([(0.35, 0.6, 1.0), (0.3, 0.5, 0.8), (1.0, 1.0, 1.0), (0.6, 0.5, 0.5)], dtype=np.float32)


class Stains(Step):
    """Blots and rings under the ink.

    Attributes:
        count: maximum number of stains.
        size: diameter, in symbol heights.
        strength: relative darkening of the paper.
    """

    phase = Phase.PAPER
    count: Annotated[int, Field(ge=1, le=16)] = 3
    size: Annotated[Range, Within(0.2, 20)] = (1.0, 6.0)
    strength: Annotated[Range, Within(0, 0.35)] = (0.04, 0.2)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Darkens the paper."""
        rows, columns = (max(2, -(-side // _CELL)) for side in layers.shape)
        y, x = np.indices((rows, columns), dtype=np.float32) * np.float32(_CELL)
        paper = layers.paper
        for _ in range(int(rng.integers(1, self.count + 1))):
            size, strength = draw(rng, self.size) * layers.height / 2, draw(rng, self.strength)
            centre = rng.uniform(0, 1, 2) * layers.shape[::-1]
            elongation = rng.uniform(0.6, 1.6)
            uneven = smooth(rng, (rows, columns), max(2.0, size / _CELL / 2))
            distance = (
                np.hypot((x - centre[0]) / elongation, (y - centre[1]) * elongation) / np.float32(size) + 0.15 * uneven
            )
            stain = _ring(distance) if rng.random() < 0.35 else _blot(distance, uneven)
            coverage = np.clip(upsample(stain, layers.shape), 0, 1)
            shares = _DARKENING[int(rng.integers(len(_DARKENING)))] * np.float32(strength)
            paper = paper * (1 - shares[:, None, None] * coverage)
        return replace(layers, paper=paper)


def _ring(distance: Plane) -> Plane:
    """The ring of a cup: a dark rim and a faint inside."""
    profile: Plane = np.exp(-(((distance - 1) / 0.07) ** 2)) + 0.12 * (distance < 1)
    return profile.astype(np.float32)


def _blot(distance: Plane, uneven: Plane) -> Plane:
    """A dried blot: darker towards its edge."""
    inside = np.clip((1 - distance) * 5, 0, 1)
    return np.asarray(inside * (0.55 + 0.45 * np.clip(distance, 0, 1) ** 4 + 0.1 * uneven), dtype=np.float32)
