"""Occlusion by objects in front of the paper: fingertip, pen, scrap of paper, reflection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

from mumer_data.augmentation import Phase, Step
from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.ranges import Range, Within, draw

Kind = Literal["finger", "pen", "scrap", "reflex"]
_COLOURS: dict[Kind, tuple[float, float, float]] = {
    "finger": (205, 160, 135),
    "pen": (95, 105, 130),
    "scrap": (235, 232, 225),
    "reflex": (255, 255, 255),
}
_TRIES = 8
_INKED = 0.15


class Occlusion(Step):
    """One object that reaches in from an edge; nothing is drawn where it would cover too much ink.

    Attributes:
        kinds: one is drawn at random.
        size: half the width of the object, in symbol heights.
        share: maximum share of the ink of a symbol that may be covered; without boxes, of a connected component.
    """

    phase = Phase.SCENE
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = ("finger", "pen", "scrap", "reflex")
    size: Annotated[Range, Within(0.1, 5)] = (0.4, 1.2)
    share: Annotated[float, Field(ge=0, le=0.2)] = 0.05

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Paints over the picture."""
        marks = _Marks.of(layers)
        for _ in range(_TRIES):
            kind = self.kinds[int(rng.integers(len(self.kinds)))]
            shape = _Shape.sample(rng, kind, draw(rng, self.size) * layers.height, layers.shape)
            if marks.covered(shape.at(marks.x, marks.y) > 0.02) <= self.share:
                break
        else:
            return layers
        rows, columns = layers.shape
        y, x = np.indices((rows, columns), dtype=np.float32)
        cover = shape.at(x, y)
        picture = layers.pixels()
        colour = np.array(_COLOURS[kind], dtype=np.float32)[:, None, None] * np.float32(rng.uniform(0.85, 1.0))
        if kind != "reflex":
            colour = colour * np.clip(layers.light, 0.4, 1.2)
        elif layers.reverse:
            return layers
        return replace(layers, picture=picture + cover * (colour - picture), encoded=None)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A bar with a rounded tip that reaches inwards from the edge of the image.

    Attributes:
        tip: x and y of the centre of the rounded tip, in pixels.
        inward: unit vector from the edge to the tip.
        half: half the width of the bar, in pixels.
        soft: width of the soft edge, in pixels.
    """

    tip: tuple[float, float]
    inward: tuple[float, float]
    half: float
    soft: float

    @classmethod
    def sample(cls, rng: np.random.Generator, kind: Kind, half: float, shape: tuple[int, int]) -> _Shape:
        """A random shape at the edge of an image of ``shape`` (rows, columns)."""
        rows, columns = shape
        # A pen is thicker than a stroke and longer than wide, so that it cannot be read as a dot or a comma.
        half = max(4.0, half * (0.5 if kind == "pen" else 1.0))
        side, along = int(rng.integers(4)), rng.uniform(0, 1)
        depth = (rng.uniform(1.5, 5.0) if kind == "pen" else rng.uniform(-0.5, 1.5)) * half
        base = [(along * columns, 0.0), (along * columns, rows), (0.0, along * rows), (columns, along * rows)][side]
        straight = np.pi / 2 * (1, -1, 0, 2)[side]
        angle = straight + rng.normal(0, 0.5)
        inward = float(np.cos(angle)), float(np.sin(angle))
        tip = base[0] + inward[0] * depth, base[1] + inward[1] * depth
        return cls(tip, inward, half, half * 0.8 if kind == "reflex" else 2.0)

    def at(self, x: Plane, y: Plane) -> Plane:
        """Opacity at each point, 0 to 1."""
        dx, dy = x - np.float32(self.tip[0]), y - np.float32(self.tip[1])
        ahead = np.maximum(dx * self.inward[0] + dy * self.inward[1], 0)
        beside = dy * self.inward[0] - dx * self.inward[1]
        away = np.sqrt(ahead**2 + beside**2)
        return np.asarray(np.clip((self.half - away) / self.soft + 0.5, 0, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Marks:
    """The ink pixels with their coordinates, components and symbols.

    Attributes:
        x, y: coordinates of each ink pixel.
        pieces: component number of each ink pixel.
        members: indices of the ink pixels in each symbol box.
    """

    x: Plane
    y: Plane
    pieces: NDArray[np.int64]
    members: list[NDArray[np.int64]]

    @classmethod
    def of(cls, layers: Layers) -> _Marks:
        """The ink pixels of an image; components larger than a symbol are split."""
        mask = layers.ink > _INKED
        labels, _ = ndimage.label(mask)
        rows, columns = np.nonzero(mask)
        cell = max(4, int(layers.height))
        key = (labels[rows, columns].astype(np.int64) * 4096 + rows // cell) * 4096 + columns // cell
        _, pieces = np.unique(key, return_inverse=True)
        inside = [
            np.flatnonzero((columns >= left - 1) & (columns <= right) & (rows >= top - 1) & (rows <= bottom))
            for left, top, right, bottom in layers.boxes.tolist()
        ]
        return cls(columns.astype(np.float32), rows.astype(np.float32), pieces.ravel(), [m for m in inside if len(m)])

    def covered(self, hidden: NDArray[np.bool_]) -> float:
        """The largest share of a component, or of the ink in a symbol box, that is hidden."""
        if not hidden.any():
            return 0.0
        total, lost = np.bincount(self.pieces), np.bincount(self.pieces, weights=hidden)
        shares = [float((lost / np.maximum(total, 1)).max())]
        shares += [float(hidden[member].mean()) for member in self.members]
        return max(shares)
