"""Creases of folded paper, with their shading."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw


class Creases(Step):
    """Straight creases across the paper, dark on one side and light on the other.

    Attributes:
        count: maximum number of creases.
        strength: relative darkening on the dark side.
        reach: extent of the shading, in symbol heights.
    """

    phase = Phase.PAPER
    count: Annotated[int, Field(ge=1, le=8)] = 2
    strength: Annotated[Range, Within(0, 0.3)] = (0.05, 0.2)
    reach: Annotated[Range, Within(0.1, 10)] = (0.5, 3.0)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Changes the paper."""
        rows, columns = layers.shape
        shade = np.ones(layers.shape, dtype=np.float32)
        x = np.arange(columns, dtype=np.float32)
        y = np.arange(rows, dtype=np.float32)[:, None]
        for _ in range(int(rng.integers(1, self.count + 1))):
            strength, reach = np.float32(draw(rng, self.strength)), draw(rng, self.reach) * layers.height
            # Creases are nearly parallel to a side of the paper.
            angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.06)
            through = rng.uniform(0.1, 0.9, 2) * (columns, rows)
            side = rng.choice([-1.0, 1.0])
            away = ((x - through[0]) * np.cos(angle) + (y - through[1]) * np.sin(angle)) * side
            away = np.asarray(away, dtype=np.float32)
            fall = np.exp(-np.abs(away) / np.float32(max(reach, 1.0)))
            shade -= strength * np.where(away > 0, fall, -0.25 * fall)
            shade -= np.float32(0.5) * strength * np.exp(-((away / np.float32(1.2)) ** 2))
        return replace(layers, paper=np.clip(layers.paper * shade, 0, 1))
