"""Registry of alphabets (sources of glyphs), and writers that use them.

A new alphabet is one class that implements `glyphs.glyph.Alphabet` and one line in ``ALPHABETS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mumer_data.exceptions import PipelineError
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


BUNDLED = "fonts"
"""Name of the bank in the package: glyphs of free handwriting fonts."""

BUNDLED_FILE = Path(__file__).parent / "glyphs" / "font_bank" / "bank.parquet"


@dataclass(frozen=True, slots=True)
class BankShare:
    """A bank and the share of the writers who use it."""

    path: Path
    share: float


def bank_shares(banks: Sequence[str], find: Callable[[str], Path] = Path) -> tuple[BankShare, ...]:
    """Banks as options name them: ``FILE`` or ``FILE=SHARE``; ``fonts`` is the bundled bank.

    Banks without a share divide the remaining writers among them; if all have a share, the remaining writers use the
    drawn alphabets only.

    Args:
        banks: the options.
        find: the path of a file that an option names.

    Raises:
        PipelineError: a share is not a number from 0 to 1, or the shares are more than 1 together.
    """
    parts = [_bank_and_share(option) for option in banks]
    shares = [share for _, share in parts if share is not None]
    unassigned = 1.0 - sum(shares)
    if unassigned < -1e-9:
        raise PipelineError(f"glyphs: the shares of {', '.join(banks)} are more than 1 together")
    default_share = max(0.0, unassigned) / max(1, len(parts) - len(shares))
    paths = [BUNDLED_FILE if name == BUNDLED else find(name) for name, _ in parts]
    return tuple(
        BankShare(path, default_share if share is None else share)
        for path, (_, share) in zip(paths, parts, strict=True)
    )


def _bank_and_share(option: str) -> tuple[str, float | None]:
    name, equals, number = option.rpartition("=")
    if not equals or Path(option).exists():
        return option, None
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0 or not name:
        raise PipelineError(f"glyphs: {option!r} is not BANK or BANK=SHARE with a share from 0 to 1, such as fonts=0.5")
    return name, share


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
