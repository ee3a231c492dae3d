"""Progress of a training run, and the means in its log.

Not for the training itself: see `run`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mumer_train.from_scratch.losses import Losses


@dataclass(slots=True)
class Progress:
    """Progress of a run.

    Attributes:
        step: number of batches so far.
        seen: number of images so far.
        number, batch: number of the pass, and of its next batch.
        folders: number of folders of synthetic images that the pass uses.
        recognised: number of images so far whose task was recognition.
        decay_start: position of the schedule when the decay began.
        best: highest ExpRate of the averaged weights on the first validation set.
    """

    step: int = 0
    seen: int = 0
    number: int = 0
    batch: int = 0
    folders: int = 0
    decay_start: int | None = None
    best: float = -1.0
    recognised: int = 0


@dataclass(slots=True)
class Tally:
    """Means since the last line of the log."""

    parts: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    cells: int = 0
    right: int = 0
    images: int = 0
    begun: float = field(default_factory=time.perf_counter)

    def add(self, losses: Losses, images: int) -> None:
        """Add one batch."""
        for name in ("token", "symbol", "attention", "count"):
            value = getattr(losses, name)
            if value:
                self.parts[name] = self.parts.get(name, 0.0) + value
                self.counts[name] = self.counts.get(name, 0) + 1
        self.cells += losses.cells
        self.right += losses.right_cells
        self.images += images

    def text(self) -> str:
        """The means, dense accuracy and speed."""
        parts = " ".join(f"{name} {value / self.counts[name]:.3f}" for name, value in sorted(self.parts.items()))
        speed = self.images / (time.perf_counter() - self.begun)
        return f"{parts} dense {self.right / max(1, self.cells):.3f} images/s {speed:.1f}"
