"""Labels -> images by many synthetic writers; the seed and the id alone determine writer and image.

Not for the ink of one writer (see `ink`) nor for files (see `export`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mumer_data.handwriting.alphabets import DEFAULT, BankShare, writer_for
from mumer_data.handwriting.ink import RenderedInk, draw, write
from mumer_data.handwriting.writer import Writer, writer_style
from mumer_data.seeding import rng_for


@dataclass(frozen=True, slots=True)
class Synthesizer:
    """Settings of the synthesis.

    Attributes:
        seed: random seed.
        writers: number of synthetic writers.
        size: median height of a capital letter over writers, in pixels.
        padding: margin on all sides, in pixels.
        alphabets: names in `alphabets.ALPHABETS`, in order of preference.
        banks: glyph banks, and the share of the writers who prefer each to all alphabets.
        corrections: factor on how often writers cross out or overwrite a symbol; 0 for never.
    """

    seed: int = 0
    writers: int = 1000
    size: float = 32.0
    padding: int = 8
    alphabets: tuple[str, ...] = DEFAULT
    banks: tuple[BankShare, ...] = ()
    corrections: float = 1.0

    def writer(self, name: str) -> str:
        """The writer of the expression with this id."""
        return f"writer-{rng_for(self.seed, name, 'writer').integers(self.writers):05d}"

    def picture(self, name: str, label: str) -> RenderedInk:
        """The rendered expression with this id.

        Raises:
            LatexSyntaxError, ImageError: see `write`.
            SourceError: the bank cannot be read.
        """
        model = self.writer_model(self.writer(name), name)
        return draw(write(label, model), size=self.size * model.style.size, padding=self.padding)

    def writer_model(self, writer: str, name: str) -> Writer:
        """The model of a writer for the expression with this id; raises ``SourceError`` if the bank cannot be read."""
        style = writer_style(writer, self.seed)
        style = replace(style, corrections=min(1.0, style.corrections * self.corrections))
        return writer_for(style, rng_for(self.seed, f"{writer}\0{name}", "ink"), self.alphabets, self.bank(writer))

    def bank(self, writer: str) -> Path | None:
        """The bank of a writer; ``None`` for one who uses the alphabets only."""
        point = float(rng_for(self.seed, writer, "bank").random()) if self.banks else 0.0
        for bank in self.banks:
            if point < bank.share:
                return bank.path
            point -= bank.share
        return None
