"""Labels -> pictures by many writers, all from one seed: who writes what is decided by seed and id alone.

Not for how a hand writes (see `writing`) nor for files (see `delivery`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mumer_data.handwriting.alphabets import DEFAULT, hand_of
from mumer_data.handwriting.ink import RenderedInk, draw, write
from mumer_data.handwriting.writer import writer_style
from mumer_data.seeding import rng_for


@dataclass(frozen=True, slots=True)
class Synthesizer:
    """How labels become pictures.

    Attributes:
        seed: of everything.
        writers: how many different hands there are.
        size: height of a capital by the middle of all writers, in pixels.
        padding: white on all sides, in pixels.
        alphabets: see `alphabets.ALPHABETS`, the preferred first.
        bank: file of real glyphs, preferred to all alphabets.
    """

    seed: int = 0
    writers: int = 1000
    size: float = 32.0
    padding: int = 8
    alphabets: tuple[str, ...] = DEFAULT
    bank: Path | None = None

    def writer(self, name: str) -> str:
        """Who writes the expression with this id."""
        return f"writer-{rng_for(self.seed, name, 'writer').integers(self.writers):05d}"

    def picture(self, name: str, label: str) -> RenderedInk:
        """The expression with this id.

        Raises:
            LatexSyntaxError, ImageError: see `write`.
            SourceError: the bank cannot be read.
        """
        style = writer_style(self.writer(name), self.seed)
        hand = hand_of(style, rng_for(self.seed, name, "ink"), self.alphabets, self.bank)
        return draw(write(label, hand), size=self.size * style.size, padding=self.padding)
