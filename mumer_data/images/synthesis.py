"""Labels -> pictures by many writers, all from one seed: who writes what is decided by seed and id alone.

Not for how a hand writes (see `writing`) nor for files (see `delivery`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mumer_data.images.alphabets import DEFAULT, hand_of
from mumer_data.images.hand import style_of
from mumer_data.images.writing import Picture, draw, write
from mumer_data.randomness import generator_of


@dataclass(frozen=True, slots=True)
class Synthesis:
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
        return f"writer-{generator_of(self.seed, name, 'writer').integers(self.writers):05d}"

    def picture(self, name: str, label: str) -> Picture:
        """The expression with this id.

        Raises:
            LatexSyntaxError, ImageError: see `write`.
            SourceError: the bank cannot be read.
        """
        style = style_of(self.writer(name), self.seed)
        hand = hand_of(style, generator_of(self.seed, name, "ink"), self.alphabets, self.bank)
        return draw(write(label, hand), size=self.size * style.size, padding=self.padding)
