"""Random letters, digits and choices with the frequencies of school mathematics.

The weights are manual estimates; they do not come from a corpus. Not for formulas: see `school_labels`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

# Weights of letters: x is the most frequent, then y and the letters of numbers, indices and constants.
_SMALL = {
    "x": 27,
    "y": 11,
    "a": 9,
    "n": 9,
    "b": 6,
    "k": 4,
    "t": 4,
    "i": 4,
    "z": 3,
    "c": 4,
    "d": 3,
    "f": 3,
    "m": 3,
    "p": 3,
    "r": 3,
    "u": 2,
    "e": 3,
    "j": 1.5,
    "g": 1.5,
    "h": 1.5,
    "v": 2,
    "s": 1.5,
    "q": 1.5,
    "l": 0.7,
    "w": 0.7,
    "o": 0.2,
}
_CAPITALS = {
    "A": 4,
    "B": 3,
    "C": 3,
    "P": 2,
    "F": 2,
    "R": 2,
    "M": 1.5,
    "N": 1.5,
    "E": 1.5,
    "L": 1.5,
    "V": 1.5,
    "T": 1.5,
    "S": 2,
    "X": 2.5,
    "D": 1.2,
    "H": 1.2,
    "G": 1.2,
    "I": 1.2,
    "Y": 1,
    "K": 0.7,
    "Q": 0.5,
    "J": 0.4,
    "U": 0.6,
    "W": 0.5,
    "Z": 0.5,
}
_GREEK = {
    r"\alpha": 4,
    r"\theta": 4,
    r"\pi": 4,
    r"\beta": 3,
    r"\phi": 2,
    r"\lambda": 2,
    r"\mu": 2,
    r"\sigma": 2,
    r"\gamma": 2,
    r"\Delta": 2,
    r"\omega": 1,
    r"\epsilon": 1,
    r"\delta": 1,
    r"\rho": 1,
}
_ANY = tuple("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNPQRSTUVWXYZ") + tuple(_GREEK)
_DIGITS = {"2": 25, "1": 23, "3": 12, "0": 10, "4": 9, "5": 7, "6": 5, "7": 4, "8": 4, "9": 3}
_FLAT = 0.15  # share of letters and digits with equal probabilities, so that rare ones are learnt


class RandomSymbols:
    """Samples symbols for one label; its letters are sampled once, so that a formula repeats them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._letters = [self.new_letter() for _ in range(int(rng.integers(1, 5)))]

    def number(self) -> float:
        """A uniform number from 0 to 1."""
        return float(self._rng.random())

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.number() < probability

    def of(self, items: Sequence[str]) -> str:
        """One of the items, with equal probabilities."""
        return items[int(self._rng.integers(len(items)))]

    def choose(self, kinds: Sequence[tuple[float, T]]) -> T:
        """One of the items, by weight."""
        point = self.number() * sum(weight for weight, _ in kinds)
        for weight, kind in kinds:
            point -= weight
            if point < 0:
                return kind
        return kinds[-1][1]

    def weighted(self, weights: Mapping[str, float]) -> str:
        """One of the keys, by weight."""
        return self.choose([(weight, key) for key, weight in weights.items()])

    def new_letter(self) -> str:
        """A Latin or Greek letter, not necessarily one of this label."""
        point = self.number()
        if point < _FLAT:
            return self.of(_ANY)
        if point < 0.8:
            return self.weighted(_SMALL)
        return self.weighted(_CAPITALS) if point < 0.92 else self.weighted(_GREEK)

    def letter(self) -> list[str]:
        """A letter, mostly one of this label."""
        return [self.of(self._letters) if self.chance(0.8) else self.new_letter()]

    def digits(self, longest: int = 3) -> list[str]:
        """A whole or decimal number."""
        count = 1 + int(self.chance(0.3)) + int(self.chance(0.1))
        digits = [self.digit() for _ in range(min(count, longest))]
        if digits[0] == "0" and len(digits) > 1:
            digits[0] = "1"
        if self.chance(0.05):
            digits += [".", *(self.digit() for _ in range(int(self._rng.integers(1, 3))))]
        return digits

    def digit(self) -> str:
        """One digit."""
        return self.of("0123456789") if self.chance(_FLAT) else self.weighted(_DIGITS)

    def small(self) -> list[str]:
        """A number or letter for an exponent or index."""
        point = self.number()
        if point < 0.55:
            return [self.of("2222331014nn56789")]
        if point < 0.8:
            return self.letter()
        signed = ["-"] if self.chance(0.3) else []
        if self.chance(0.4):
            return [*self.letter(), self.of("+-"), self.of("112n")]
        if self.chance(0.25):
            return [*self.letter(), *self.digits(1)]
        return signed + self.digits(2)
