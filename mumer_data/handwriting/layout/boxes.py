"""Boxes of ink that are nested by translation and scale; plain data.

Lengths are in heights of a capital letter; ``up`` is the height above the baseline, ``down`` the depth below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mumer_data.handwriting.glyphs.glyph import Stroke

AXIS = 0.37  # height of the math axis above the baseline: minus signs and fraction bars lie on it


@dataclass(slots=True)
class Inked:
    """A stroke and the number of its mark.

    Attributes:
        real: whether it is from real handwriting.
        lifted: whether the pen is always lifted before it; other strokes of one mark may be joined.
        struck: whether it is crossed out or overwritten, and so does not belong to the symbol.
    """

    mark: int
    stroke: Stroke
    real: bool = False
    lifted: bool = False
    struck: bool = False


@dataclass(slots=True)
class Box:
    """A box with a width, a height above the baseline, a depth below it, ink and inner boxes.

    Attributes:
        parts: each inner box with its offset (x right, y down) and its scale.
        blank: whether it is a space, which has no spacing around it.
    """

    width: float = 0.0
    up: float = 0.0
    down: float = 0.0
    ink: list[Inked] = field(default_factory=list)
    parts: list[tuple[float, float, float, Box]] = field(default_factory=list)
    blank: bool = False

    def put(self, box: Box, x: float, y: float, scale: float = 1.0) -> None:
        """Add an inner box whose origin lies ``x`` right of this origin and ``y`` below the baseline."""
        first = not self.parts and not self.ink
        up, down = box.up * scale - y, box.down * scale + y
        self.up, self.down = (up, down) if first else (max(self.up, up), max(self.down, down))
        self.width = max(self.width, x + box.width * scale)
        self.parts.append((x, y, scale, box))

    def draw(
        self, mark: int, strokes: Sequence[Stroke], *, real: bool = False, lifted: bool = False, struck: bool = False
    ) -> None:
        """Add strokes, in the coordinates of this box; ``lifted`` holds for the first."""
        points = np.concatenate(strokes)
        up, down = -float(points[:, 1].min()), float(points[:, 1].max())
        first = not self.parts and not self.ink
        self.up, self.down = (up, down) if first else (max(self.up, up), max(self.down, down))
        self.width = max(self.width, float(points[:, 0].max()))
        self.ink += [Inked(mark, stroke, real, lifted and not index, struck) for index, stroke in enumerate(strokes)]

    @property
    def empty(self) -> bool:
        """Whether the box and its inner boxes have no ink."""
        return not self.ink and all(part.empty for *_, part in self.parts)

    def flat(self) -> Iterator[Inked]:
        """All strokes in the coordinates of this box."""
        pending = [(0.0, 0.0, 1.0, self)]
        while pending:
            x, y, scale, box = pending.pop()
            for inked in box.ink:
                yield Inked(inked.mark, inked.stroke * scale + (x, y), inked.real, inked.lifted, inked.struck)
            pending += [(x + px * scale, y + py * scale, scale * k, part) for px, py, k, part in box.parts]
