"""Lines printed on the paper: ruled, squared or dotted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.ranges import Range, Within, draw

Kind = Literal["ruled", "grid", "dots"]
# What is left of red, green and blue on a line of full strength.
TINTS = {"grey": (0.0, 0.0, 0.0), "blue": (0.0, 0.3, 0.8), "green": (0.1, 0.7, 0.4), "red": (0.9, 0.2, 0.2)}


class RuledLines(Step):
    """They move with the ink, and are always fainter than it.

    Attributes:
        kinds: one is drawn.
        tints: one is drawn.
        spacing: between lines of ruled paper, in heights of a symbol; squares are half as large.
        width: of lines, in pixels.
        strength: share of the paper's light that a line takes.
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

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """Darkens the paper."""
        kind = self.kinds[int(rng.integers(len(self.kinds)))]
        tint = np.array(TINTS[self.tints[int(rng.integers(len(self.tints)))]], dtype=np.float32)
        spacing, width, strength = (draw(rng, span) for span in (self.spacing, self.width, self.strength))
        spacing = max(6.0, spacing * sheet.height * (1.0 if kind == "ruled" else 0.5))
        start = rng.uniform(0, spacing, 2).tolist()
        x, y = _places(sheet)
        down = _lines(y, spacing, start[1], width)
        if kind == "ruled":
            lines = down
        elif kind == "grid":
            lines = np.maximum(down, _lines(x, spacing, start[0], width))
        else:
            lines = _lines(y, spacing, start[1], 2 * width) * _lines(x, spacing, start[0], 2 * width)
        left = lines * (-np.float32(strength) * (1 - tint))[:, None, None]
        left += 1
        return replace(sheet, paper=sheet.paper * left)


def _places(sheet: Layers) -> tuple[Plane, Plane]:
    """x and y on the paper of each pixel."""
    if sheet.frame is not None:
        return sheet.frame.sources()
    y, x = np.indices(sheet.shape, dtype=np.float32)
    return x, y


def _lines(place: Plane, spacing: float, start: float, width: float) -> Plane:
    """Lines across one axis, with soft edges."""
    turns = (place - np.float32(start)) * np.float32(1 / spacing)
    away = np.abs(turns - np.rint(turns)) * np.float32(spacing)
    return np.asarray(np.clip(np.float32(width / 2 + 0.5) - away, 0, min(1.0, width)))
