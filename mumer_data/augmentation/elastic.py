"""Elastic deformation."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers
from mumer_data.augmentation.ranges import Range, Within, draw
from mumer_data.augmentation.transforms import Waves


class Elastic(Step):
    """A displacement field that is a sum of plane waves: smooth, with bounded strain.

    Attributes:
        strain: maximum relative change of lengths.
        length: wavelength, in symbol heights.
        waves: number of waves.
    """

    phase = Phase.GEOMETRY
    strain: Annotated[Range, Within(0, 0.45)] = (0.1, 0.3)
    length: Annotated[Range, Within(1, 50)] = (2.0, 8.0)
    waves: Annotated[int, Field(ge=1, le=32)] = 6

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Adds one `Waves`."""
        strain = draw(rng, self.strain)
        lengths = np.exp(rng.uniform(np.log(self.length[0]), np.log(self.length[1]), self.waves)) * layers.height
        angles, along = rng.uniform(0, 2 * np.pi, (2, self.waves))
        numbers = 2 * np.pi / lengths
        vectors = np.stack((np.cos(angles), np.sin(angles)), axis=1) * numbers[:, None]
        shares = rng.dirichlet(np.full(self.waves, 2.0)) * strain
        shifts = np.stack((np.cos(along), np.sin(along)), axis=1) * (shares / numbers)[:, None]
        phases = rng.uniform(0, 2 * np.pi, self.waves)
        pen = layers.pen * (1 - strain / 2)
        return replace(layers, transforms=(*layers.transforms, Waves(vectors, shifts, phases)), pen=pen)
