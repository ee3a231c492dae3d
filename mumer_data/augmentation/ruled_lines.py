"""Ruled, squared or dotted paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.ranges import Range, Within, draw

Kind = Literal["ruled", "grid", "dots"]
# Reflectance of red, green and blue on a line of full strength.
TINTS = {"grey": (0.0, 0.0, 0.0), "blue": (0.0, 0.3, 0.8), "green": (0.1, 0.7, 0.4), "red": (0.9, 0.2, 0.2)}


class RuledLines(Step):
    """Printed lines; they are transformed with the ink and always fainter than it.

    Attributes:
        kinds: one is drawn at random.
        tints: one is drawn at random.
        spacing: distance between ruled lines, in symbol heights; squares and dots have half of it.
        width: width of a line, in pixels.
        strength: relative darkening of the paper on a line.
    """

    phase = Phase.PAPER
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = ("ruled", "ruled", "grid", "dots")
    tints: Annotated[tuple[Literal["grey", "blue", "green", "red"], ...], Field(min_length=1)] = (
        "grey",
        "blue",
        "blue",
        "green",
        "red",
    )
    spacing: Annotated[Range, Within(0.5, 20)] = (1.8, 3.5)
    width: Annotated[Range, Within(0.5, 4)] = (0.8, 1.6)
    strength: Annotated[Range, Within(0, 0.4)] = (0.08, 0.3)

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Darkens the paper."""
        kind = self.kinds[int(rng.integers(len(self.kinds)))]
        tint = np.array(TINTS[self.tints[int(rng.integers(len(self.tints)))]], dtype=np.float32)
        spacing, width, strength = (draw(rng, span) for span in (self.spacing, self.width, self.strength))
        spacing = max(6.0, spacing * layers.height * (1.0 if kind == "ruled" else 0.5))
        start = rng.uniform(0, spacing, 2).tolist()
        x, y = _paper_coordinates(layers)
        down = _lines(y, spacing, start[1], width)
        if kind == "ruled":
            lines = down
        elif kind == "grid":
            lines = np.maximum(down, _lines(x, spacing, start[0], width))
        else:
            lines = _lines(y, spacing, start[1], 2 * width) * _lines(x, spacing, start[0], 2 * width)
        left = lines * (-np.float32(strength) * (1 - tint))[:, None, None]
        left += 1
        return replace(layers, paper=layers.paper * left)


def _paper_coordinates(layers: Layers) -> tuple[Plane, Plane]:
    """The paper coordinates x and y of each pixel."""
    if layers.frame is not None:
        return layers.frame.sources()
    y, x = np.indices(layers.shape, dtype=np.float32)
    return x, y


def _lines(coordinate: Plane, spacing: float, start: float, width: float) -> Plane:
    """The opacity of lines perpendicular to one axis, 0 to 1, with soft edges."""
    turns = (coordinate - np.float32(start)) * np.float32(1 / spacing)
    away = np.abs(turns - np.rint(turns)) * np.float32(spacing)
    return np.asarray(np.clip(np.float32(width / 2 + 0.5) - away, 0, min(1.0, width)))
