"""One writer's hand: which shape it gives a symbol, how large, how far apart, how steadily.

Not for where symbols stand (see `images.layout`) nor for what they are made of (see `images.strokes`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import pairwise

import numpy as np

from mumer_data.exceptions import ImageError
from mumer_data.handwriting.glyph_warp import warped
from mumer_data.handwriting.glyphs.glyph import Alphabet, Glyph, Stroke
from mumer_data.seeding import hash64, rng_for


@dataclass(frozen=True, slots=True)
class WriterStyle:
    """What makes a hand; lengths in heights of a capital, angles in radians.

    Attributes:
        slant: lean of upright lines, to the right if positive.
        aspect: widths are this many times those of the glyphs.
        spacing: white between symbols.
        looseness: how much spacing, size and height vary from symbol to symbol, 0 to 1.
        character: how far the hand's own shapes are from those of the alphabet.
        size: of the whole, 1 for the middle of all writers.
        slope: of the baseline, upwards if positive.
        drift: how far the baseline wanders.
        script: size of scripts.
        roundness: how much corners are rounded, 0 to 1.
        tremor: how far strokes tremble.
        joins: share of strokes that the pen does not lift between, where they end near the next.
        pen: width of a stroke.
        pressure: how much the pen's width varies, 0 to 1.
        fineness: length of the straight pieces that the device makes of a curve.
        cursive: share of the letters that the hand writes as at school, see `strokes.hershey.Cursive`.
        allographs: which of several shapes the hand gives a symbol.
    """

    slant: float = 0.0
    aspect: float = 1.0
    spacing: float = 0.2
    looseness: float = 0.4
    character: float = 0.04
    size: float = 1.0
    slope: float = 0.0
    drift: float = 0.05
    script: float = 0.65
    roundness: float = 0.5
    tremor: float = 0.008
    joins: float = 0.2
    pen: float = 0.075
    pressure: float = 0.2
    fineness: float = 0.08
    cursive: float = 0.0
    allographs: int = 0

    def __post_init__(self) -> None:
        for one in fields(self):
            if not np.isfinite(getattr(self, one.name)):
                raise ValueError(f"{one.name} is not a number")
        if min(self.aspect, self.script, self.pen, self.size, self.fineness) <= 0:
            raise ValueError("aspect, script, pen, size and fineness must be more than 0")


def writer_style(writer: str, seed: int = 0) -> WriterStyle:
    """The style of a writer: the same name and seed give the same hand."""
    rng = rng_for(seed, writer, "style")
    return WriterStyle(
        slant=float(np.clip(rng.normal(0.08, 0.14), -0.3, 0.5)),
        aspect=float(np.exp(rng.normal(0.05, 0.13))),
        spacing=float(np.clip(rng.lognormal(-1.45, 0.45), 0.08, 0.7)),
        looseness=float(rng.uniform(0.25, 1.0)),
        character=float(rng.uniform(0.02, 0.048)),
        size=float(np.clip(rng.lognormal(0.0, 0.2), 0.65, 1.5)),
        slope=float(rng.normal(0.0, 0.025)),
        drift=float(abs(rng.normal(0.0, 0.06))),
        script=float(rng.uniform(0.52, 0.85)),
        roundness=float(rng.uniform(0.25, 1.0)),
        tremor=float(rng.uniform(0.002, 0.014)),
        joins=float(rng.beta(0.8, 2.0)),
        pen=float(np.clip(rng.lognormal(-2.5, 0.22), 0.055, 0.115)),
        pressure=float(max(0.0, rng.uniform(-0.5, 0.5))),
        fineness=float(rng.uniform(0.05, 0.13)),
        cursive=float(max(0.0, rng.uniform(-2.0, 0.6))),
        allographs=int(rng.integers(1 << 32)),
    )


class Writer:
    """A style at work on one expression.

    Args:
        alphabets: sources of glyphs, the preferred first.
        style: of the writer.
        rng: for what varies within one writer.
    """

    def __init__(self, alphabets: Sequence[Alphabet], style: WriterStyle, rng: np.random.Generator) -> None:
        self.style, self.rng = style, rng
        self._alphabets = alphabets
        self._shapes: dict[str, Glyph] = {}

    def known(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """The shapes of a symbol in the first alphabet that has it."""
        found = next(filter(None, (alphabet.glyphs(token, text, font) for alphabet in self._alphabets)), ())
        plain = "" if found else unicodedata.normalize("NFKC", text)  # wide brackets and commas are brackets and commas
        return self.known(token, plain, font) if len(plain) == 1 and plain != text else found

    def glyph(self, token: str, text: str, font: str = "") -> Glyph:
        """The hand's own shape of a symbol, or now and then another one; no two are quite alike.

        Raises:
            ImageError: ``glyph_missing``.
        """
        shapes = self.known(token, text, font)
        if not shapes:
            raise ImageError("glyph_missing", f"no alphabet has a shape for {token} ({text!r})")
        place = _own(self.style.allographs, token, shapes)
        if len(shapes) > 1 and self.rng.random() < 0.2 * self.style.looseness:
            place = _own(self.style.allographs + 1, token, shapes)
        return self._shaped(shapes[place], f"{token}\0{place}")

    def _shaped(self, glyph: Glyph, name: str) -> Glyph:
        """A glyph in the hand's own shape, the same each time, and a little beside it, never the same."""
        own = self._shapes.get(name)
        if own is None:
            character = rng_for(self.style.allographs, name, "shape")
            own = self._shapes[name] = warped(glyph, self.style.character * (0.3 if glyph.real else 1.0), character)
        amount = (0.008 if glyph.real else 0.012) + 0.02 * self.style.looseness
        return warped(own, amount, self.rng)

    def vary(self, amount: float) -> float:
        """A factor near 1: 0.2 of a loose hand gives 0.8 to 1.25, mostly."""
        return float(np.exp(np.clip(self.rng.normal(), -2, 2) * 0.5 * amount * self.style.looseness))

    def shift(self, amount: float) -> float:
        """A small length around 0."""
        return float(np.clip(self.rng.normal(), -2, 2) * 0.5 * amount * self.style.looseness)

    def gap(self) -> float:
        """White between two symbols."""
        return self.style.spacing * self.vary(1.2)

    def line(self, *corners: tuple[float, float]) -> Stroke:
        """A line through corners, as straight as the hand draws it."""
        parts = []
        for (x0, y0), (x1, y1) in pairwise(corners):
            length = float(np.hypot(x1 - x0, y1 - y0))
            steps = max(2, int(length / 0.3))
            along = np.linspace(0.0, 1.0, steps + 1)[: None if (x1, y1) == corners[-1] else -1]
            bow = self.shift(0.06) * min(length, 2.0) * np.sin(np.pi * along)
            away = np.array([-(y1 - y0), x1 - x0]) / (length or 1.0)
            parts.append(np.outer(1 - along, (x0, y0)) + np.outer(along, (x1, y1)) + np.outer(bow, away))
        return np.concatenate(parts)


def _own(allographs: int, token: str, shapes: Sequence[Glyph]) -> int:
    """Which shape: of real ones, as many as can be from the same few writers."""
    if len(shapes) == 1:
        return 0
    if not shapes[0].source:
        return _drawn(allographs, token) % len(shapes)
    return min(range(len(shapes)), key=lambda place: (_drawn(allographs, shapes[place].source), place))


@lru_cache(maxsize=1 << 18)
def _drawn(allographs: int, name: str) -> int:
    return hash64(f"{allographs}\0{name}")
