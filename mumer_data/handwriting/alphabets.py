"""Registry of alphabets (sources of glyphs), and writers that use them.

A new alphabet is one class that implements `glyphs.glyph.Alphabet` and one line in ``ALPHABETS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mumer_data.handwriting.glyphs.bank import GlyphBank
from mumer_data.handwriting.glyphs.builtin import BuiltinGlyphs
from mumer_data.handwriting.glyphs.centerline import CenterlineGlyphs
from mumer_data.handwriting.glyphs.glyph import Alphabet
from mumer_data.handwriting.glyphs.hershey import Cursive, Hershey
from mumer_data.handwriting.writer import Writer, WriterStyle

ALPHABETS: dict[str, Callable[[WriterStyle], Alphabet]] = {
    "cursive": lambda style: Cursive(style.cursive, style.allographs),
    "drawn": lambda style: BuiltinGlyphs(),
    "hershey": lambda style: Hershey(),
    "traced": lambda style: CenterlineGlyphs(),
}
DEFAULT = tuple(ALPHABETS)


def writer_for(
    style: WriterStyle, rng: np.random.Generator, alphabets: Sequence[str] = DEFAULT, bank: Path | None = None
) -> Writer:
    """A writer that takes each symbol from the first alphabet that has it.

    Args:
        style: the writer's style.
        rng: random generator of one expression.
        alphabets: names in ``ALPHABETS``, in order of preference.
        bank: file of real glyphs, preferred to all alphabets; see `glyphs.bank`.

    Raises:
        SourceError: the bank cannot be read.
    """
    banks: list[Alphabet] = [] if bank is None else [GlyphBank(bank)]
    return Writer([*banks, *(ALPHABETS[name](style) for name in alphabets)], style, rng)
