"""Writer styles: the choice and deformation of glyphs, their size, spacing and steadiness.

Not for the layout of symbols (see `layout`) nor for the source of glyphs (see `glyphs`).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import pairwise

import numpy as np

from mumer_data.exceptions import ImageError
from mumer_data.handwriting.glyph_warp import warp_glyph
from mumer_data.handwriting.glyphs.glyph import Alphabet, Glyph, Stroke
from mumer_data.seeding import hash64, rng_for

_GROWTH = {  # exponents of the writer's `x_height` in the factor on drawn letters; digits and signs have 0
    **dict.fromkeys("abcdeghjlmnopqrstuvwxyzαβγεηκλμνοπρστυφϕω", 1.0),
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0.8),
    "f": 2.0,
    "i": 0.7,
    "k": 0.6,
}


@dataclass(frozen=True, slots=True)
class WriterStyle:
    """The parameters of a writer; lengths in heights of a capital letter, angles in radians.

    Attributes:
        slant: shear of upright lines, positive to the right.
        aspect: factor on the width of glyphs.
        x_height: factor on the size of letters beside digits; less on capitals, more on f.
        spacing: distance between symbols.
        looseness: variation of spacing, size and height between symbols, 0 to 1.
        character: deviation of the writer's shapes from those of the alphabet.
        size: factor on the size of the expression; 1 is the median over writers.
        slope: slope of the baseline, positive upwards.
        drift: amplitude of the baseline's deviation from a straight line.
        script: scale of subscripts and superscripts.
        roundness: rounding of corners, 0 to 1.
        tremor: standard deviation of the noise on points.
        joins: probability that the pen is not lifted between two strokes of a symbol that are close.
        pen: width of a stroke.
        pressure: variation of the pen's width, 0 to 1.
        fineness: distance between the points of a stroke.
        cursive: share of letters in cursive script, see `glyphs.hershey.Cursive`.
        allographs: seed of the choice among several shapes of a symbol.
        corrections: probability that a letter or digit is first written wrong, then crossed out or overwritten.
    """

    slant: float = 0.0
    aspect: float = 1.0
    x_height: float = 1.0
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
    corrections: float = 0.0

    def __post_init__(self) -> None:
        for attribute in fields(self):
            if not np.isfinite(getattr(self, attribute.name)):
                raise ValueError(f"{attribute.name} is not a number")
        if min(self.aspect, self.x_height, self.script, self.pen, self.size, self.fineness) <= 0:
            raise ValueError("aspect, x_height, script, pen, size and fineness must be more than 0")
        if not 0.0 <= self.corrections <= 1.0:
            raise ValueError("corrections must be a probability, from 0 to 1")


def writer_style(writer: str, seed: int = 0) -> WriterStyle:
    """The style of a writer; the same name and seed always return the same style."""
    rng = rng_for(seed, writer, "style")
    return WriterStyle(
        slant=float(np.clip(rng.normal(0.01, 0.07), -0.3, 0.3)),
        aspect=float(np.exp(rng.normal(0.18, 0.15))),
        x_height=float(np.exp(rng.normal(0.19, 0.12))),
        spacing=float(np.clip(rng.lognormal(-1.35, 0.45), 0.08, 0.8)),
        looseness=float(rng.uniform(0.25, 1.0)),
        character=float(rng.uniform(0.02, 0.055)),
        size=float(np.clip(rng.lognormal(0.0, 0.2), 0.65, 1.5)),
        slope=float(rng.normal(0.0, 0.018)),
        drift=float(abs(rng.normal(0.0, 0.045))),
        script=float(rng.uniform(0.4, 0.76)),
        roundness=float(rng.uniform(0.25, 1.0)),
        tremor=float(rng.uniform(0.001, 0.005)),
        joins=float(rng.beta(0.8, 2.0)),
        pen=float(np.clip(rng.lognormal(-2.5, 0.22), 0.055, 0.115)),
        pressure=float(max(0.0, rng.uniform(-0.5, 0.5))),
        fineness=float(rng.uniform(0.05, 0.13)),
        cursive=float(max(0.0, rng.uniform(-2.0, 0.6))),
        allographs=int(rng.integers(1 << 32)),
        corrections=float(max(0.0, rng.uniform(-0.02, 0.01))),  # two thirds of the writers never correct
    )


class Writer:
    """A writer of one expression.

    Args:
        alphabets: sources of glyphs, in order of preference.
        style: the writer's style.
        rng: random generator of the variation within one writer.
    """

    def __init__(self, alphabets: Sequence[Alphabet], style: WriterStyle, rng: np.random.Generator) -> None:
        self.style, self.rng = style, rng
        self._alphabets = alphabets
        self._shapes: dict[str, Glyph] = {}
        self._correcting: Writer | None = None

    @property
    def correcting(self) -> Writer:
        """The same writer with a random generator for corrections: these change no other ink."""
        if self._correcting is None:
            self._correcting = Writer(self._alphabets, self.style, self.rng.spawn(1)[0])
        return self._correcting

    def glyphs_for(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """The glyphs of a symbol in the first alphabet that has it; empty where none has."""
        glyphs = next(filter(None, (alphabet.glyphs(token, text, font) for alphabet in self._alphabets)), ())
        plain = "" if glyphs else unicodedata.normalize("NFKC", text)  # full-width forms
        return self.glyphs_for(token, plain, font) if len(plain) == 1 and plain != text else glyphs

    def glyph(self, token: str, text: str, font: str = "") -> Glyph:
        """The writer's shape of a symbol, sometimes another allograph, with a random deformation.

        Raises:
            ImageError: ``glyph_missing``.
        """
        shapes = self.glyphs_for(token, text, font)
        if not shapes:
            raise ImageError("glyph_missing", f"no alphabet has a shape for {token} ({text!r})")
        index = _choose_allograph(self.style.allographs, token, shapes)
        if len(shapes) > 1 and self.rng.random() < 0.2 * self.style.looseness:
            index = _choose_allograph(self.style.allographs + 1, token, shapes)
        return self._personal_shape(shapes[index], f"{token}\0{index}")

    def _personal_shape(self, glyph: Glyph, name: str) -> Glyph:
        """A glyph with the deformation of the writer (constant) and of this occurrence (random)."""
        own = self._shapes.get(name)
        if own is None:
            character = rng_for(self.style.allographs, name, "shape")
            own = self._shapes[name] = warp_glyph(glyph, self.style.character * (0.3 if glyph.real else 1.0), character)
        amount = (0.008 if glyph.real else 0.012) + 0.02 * self.style.looseness
        return warp_glyph(own, amount, self.rng)

    def letter_size(self, text: str, glyph: Glyph) -> float:
        """The factor on the size of a glyph: the writer's x-height on drawn letters.

        The glyphs of a bank keep their size: real ink has its own, and those of fonts are `proportions.sized`.
        """
        if glyph.real or glyph.source:
            return 1.0
        return float(self.style.x_height ** _GROWTH.get(text, 0.0))

    def vary(self, amount: float) -> float:
        """A random factor near 1; mostly 0.8 to 1.25 for ``amount`` 0.2 and looseness 1."""
        return math.exp(self._deviation() * 0.5 * amount * self.style.looseness)

    def shift(self, amount: float) -> float:
        """A random length around 0."""
        return self._deviation() * 0.5 * amount * self.style.looseness

    def _deviation(self) -> float:
        """A normal deviation, at most 2."""
        return max(-2.0, min(2.0, self.rng.normal()))

    def gap(self) -> float:
        """The distance between two symbols."""
        return self.style.spacing * self.vary(1.5)

    def line(self, *corners: tuple[float, float]) -> Stroke:
        """A polyline through corners whose segments are slightly bowed; shape (points, 2)."""
        parts = []
        for (x0, y0), (x1, y1) in pairwise(corners):
            length = float(np.hypot(x1 - x0, y1 - y0))
            steps = max(2, int(length / 0.3))
            along = np.linspace(0.0, 1.0, steps + 1)[: None if (x1, y1) == corners[-1] else -1]
            bow = self.shift(0.06) * min(length, 2.0) * np.sin(np.pi * along)
            away = np.array([-(y1 - y0), x1 - x0]) / (length or 1.0)
            parts.append(np.outer(1 - along, (x0, y0)) + np.outer(along, (x1, y1)) + np.outer(bow, away))
        return np.concatenate(parts)


def _choose_allograph(allographs: int, token: str, shapes: Sequence[Glyph]) -> int:
    """The index of the writer's allograph; real glyphs are taken from as few source writers as possible."""
    if len(shapes) == 1:
        return 0
    if not shapes[0].source:
        return _rank(allographs, token) % len(shapes)
    return min(range(len(shapes)), key=lambda index: (_rank(allographs, shapes[index].source), index))


@lru_cache(maxsize=1 << 18)
def _rank(allographs: int, name: str) -> int:
    return hash64(f"{allographs}\0{name}")
