"""Where a writer's shapes come from: names of alphabets, and hands that use them.

A new alphabet is one class of the shape of `strokes.glyph.Alphabet` and one line in ``ALPHABETS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mumer_data.handwriting.glyphs.bank import Bank
from mumer_data.handwriting.glyphs.builtin import Drawn
from mumer_data.handwriting.glyphs.centerline import Traced
from mumer_data.handwriting.glyphs.glyph import Alphabet
from mumer_data.handwriting.glyphs.hershey import Cursive, Hershey
from mumer_data.handwriting.writer import Writer, WriterStyle

ALPHABETS: dict[str, Callable[[WriterStyle], Alphabet]] = {
    "cursive": lambda style: Cursive(style.cursive, style.allographs),
    "drawn": lambda style: Drawn(),
    "hershey": lambda style: Hershey(),
    "traced": lambda style: Traced(),
}
DEFAULT = tuple(ALPHABETS)


def hand_of(
    style: WriterStyle, rng: np.random.Generator, alphabets: Sequence[str] = DEFAULT, bank: Path | None = None
) -> Writer:
    """A hand that takes each symbol from the first source that has it.

    Args:
        style: of the writer.
        rng: for one expression.
        alphabets: names in ``ALPHABETS``, the preferred first.
        bank: real glyphs, preferred to all others; see `strokes.bank`.

    Raises:
        SourceError: the bank cannot be read.
    """
    found: list[Alphabet] = [] if bank is None else [Bank(bank)]
    return Writer([*found, *(ALPHABETS[name](style) for name in alphabets)], style, rng)
