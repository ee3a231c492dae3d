"""Boxes with ink in them, put side by side or one over the other; plain data and the sums it takes.

Lengths are in heights of a capital; ``up`` counts from the baseline upwards, ``down`` from it downwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Stroke

AXIS = 0.37  # height of the middle of a minus, of a fraction's bar


@dataclass(slots=True)
class Inked:
    """A stroke and the number of the mark that it belongs to; ``real`` if a hand wrote it."""

    mark: int
    stroke: Stroke
    real: bool = False


@dataclass(slots=True)
class Box:
    """A width, a height over the baseline and a depth under it, with ink and inner boxes.

    Attributes:
        parts: each inner box with its place (right, down) and its scale.
        blank: a space: nothing keeps a distance from it.
    """

    width: float = 0.0
    up: float = 0.0
    down: float = 0.0
    ink: list[Inked] = field(default_factory=list)
    parts: list[tuple[float, float, float, Box]] = field(default_factory=list)
    blank: bool = False

    def put(self, box: Box, x: float, y: float, scale: float = 1.0) -> None:
        """Put a box inside: its origin ``x`` to the right of this one's and ``y`` under the baseline."""
        first = not self.parts and not self.ink
        up, down = box.up * scale - y, box.down * scale + y
        self.up, self.down = (up, down) if first else (max(self.up, up), max(self.down, down))
        self.width = max(self.width, x + box.width * scale)
        self.parts.append((x, y, scale, box))

    def draw(self, mark: int, strokes: Sequence[Stroke], *, real: bool = False) -> None:
        """Put strokes inside, in this box's own coordinates."""
        points = np.concatenate(strokes)
        up, down = -float(points[:, 1].min()), float(points[:, 1].max())
        first = not self.parts and not self.ink
        self.up, self.down = (up, down) if first else (max(self.up, up), max(self.down, down))
        self.width = max(self.width, float(points[:, 0].max()))
        self.ink += [Inked(mark, stroke, real) for stroke in strokes]

    @property
    def empty(self) -> bool:
        """No ink anywhere inside."""
        return not self.ink and all(part.empty for *_, part in self.parts)

    def flat(self) -> Iterator[Inked]:
        """All strokes in the coordinates of this box."""
        pending = [(0.0, 0.0, 1.0, self)]
        while pending:
            x, y, scale, box = pending.pop()
            for inked in box.ink:
                yield Inked(inked.mark, inked.stroke * scale + (x, y), inked.real)
            pending += [(x + px * scale, y + py * scale, scale * k, part) for px, py, k, part in box.parts]
