"""Random letters, numbers and polynomials for facts, and the record of a fact.

Not for any mathematics of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import sympy

T = TypeVar("T")
Expression = Any  # SymPy has no types of its own to name here
Part = Expression | str

_STEP = sympy.Rational(1, 10**6)  # the errors of the claims below are of its square, under what `holds` lets pass

VARIABLES = ("x", "x", "x", "y", "z", "t", "u", "v", "w", "s", "r")
COEFFICIENTS = ("a", "b", "c", "p", "q", "k", "m", "n", "A", "B", "\\alpha", "\\beta", "\\lambda", "\\mu")
INDICES = ("n", "k", "j", "m", "n")
ANGLES = ("x", "\\theta", "\\alpha", "\\beta", "\\phi", "t", "\\gamma", "y", "\\theta")
FUNCTIONS = ("f", "g", "h", "F", "G", "\\phi")
# Letters with a meaning of their own (e, i, d, f(x), pi, o, O), which must not become variables by chance.
TAKEN = frozenset({"e", "i", "d", "f", "g", "h", "l", "o", "O", "D", "\\pi", "\\Pi", "\\Sigma", "\\partial", "\\infty"})


@dataclass(frozen=True)
class Fact:
    r"""A statement that is true.

    Attributes:
        parts: what is written, one after the other: SymPy expressions, printed as they stand, and LaTeX between them.
        claims: pairs of expressions, free of anything left to work out, that are equal if the statement is true;
            none for a theorem with other letters in it.
        settings: of SymPy's LaTeX printer, over those of the style.
    """

    parts: tuple[Part, ...]
    claims: tuple[tuple[Expression, Expression], ...]
    settings: Mapping[str, object] = field(default_factory=dict)


def equation(left: Part, right: Part, *claims: tuple[Expression, Expression], **settings: object) -> Fact:
    """``left = right``; that the two are equal is the claim, unless others are given."""
    return Fact((left, "=", right), claims or ((left, right),), settings)


def slope(function: Expression, x: Expression, found: Expression) -> tuple[Expression, Expression]:
    """The claim that ``found`` is the derivative: the difference quotient over two millionths is the same."""
    return (function.subs(x, x + _STEP) - function.subs(x, x - _STEP)) / (2 * _STEP), found


def tends(function: Expression, x: Expression, found: Expression) -> tuple[Expression, Expression]:
    """The claim that ``found`` is the limit at zero: so is the mean a millionth to the left and right."""
    return (function.subs(x, _STEP) + function.subs(x, -_STEP)) / 2, found


@dataclass
class Pick:
    """Draws.

    Attributes:
        rng: where all of them come from.
        favoured: letter -> share; these stand in for others...
        favour: ...with this chance.
    """

    rng: np.random.Generator
    favoured: Mapping[str, float] = field(default_factory=dict)
    favour: float = 0.0

    def one(self, choices: Sequence[T]) -> T:
        """One of several."""
        return choices[int(self.rng.integers(len(choices)))]

    def made(self, ways: Sequence[Callable[[], T]]) -> T:
        """What one of several ways makes."""
        return self.one(ways)()

    def chance(self, share: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < share)

    def number(self, low: int, high: int, *but: int) -> int:
        """A whole number between two, both included, other than some."""
        while True:
            found = int(self.rng.integers(low, high + 1))
            if found not in but:
                return found

    def name(self, pool: Sequence[str], *but: str) -> str:
        """A letter of the pool, or a favoured one; never one of ``but``."""
        if self.favoured and self.chance(self.favour):
            names = list(self.favoured)
            shares = np.array([self.favoured[name] for name in names])
            name = names[int(self.rng.choice(len(names), p=shares / shares.sum()))]
            if name not in but:
                return name
        return self.one([name for name in pool if name not in but])

    def letters(self, *pools: Sequence[str], **assumptions: bool) -> list[Expression]:
        """A symbol of each pool, no two alike."""
        names: list[str] = []
        for pool in pools:
            names.append(self.name(pool, *names))
        return [sympy.Symbol(name, **assumptions) for name in names]

    def letter(self, pool: Sequence[str] = VARIABLES, **assumptions: bool) -> Expression:
        """A symbol of a pool."""
        return self.letters(pool, **assumptions)[0]

    def linear(self, x: Expression, rest: Expression | None = None) -> Expression:
        """``3 x - 2``, ``x + a``: a number or a letter is added."""
        factor = self.one((1, 1, 1, 1, 2, 2, 3, 4, 5, -1))
        constant = self.number(-9, 9, 0) if rest is None else rest * self.one((1, 1, -1, 2, 3))
        return factor * x + constant

    def polynomial(self, x: Expression, degree: int, most: int = 9) -> Expression:
        """A polynomial of this degree, some of its terms missing."""
        found = self.number(-most, most, 0) * x**degree if self.chance(0.6) else x**degree
        for power in range(degree):
            if self.chance(0.7):
                found += self.number(-most, most, 0) * x**power
        return found

    def swapped(self, left: Part, right: Part) -> tuple[Part, Part]:
        """The two, in one order or the other."""
        return (left, right) if self.chance(0.5) else (right, left)

    def function(self, x: Expression) -> Expression:
        """A function of one variable that a first course differentiates."""
        k = self.number(2, 5)
        simple: tuple[Callable[[], Expression], ...] = (
            lambda: self.polynomial(x, self.number(1, 3)),
            lambda: x ** self.number(2, 7),
            lambda: sympy.sin(self.one((1, 1, k)) * x),
            lambda: sympy.cos(self.one((1, 1, k)) * x),
            lambda: sympy.exp(self.one((1, 1, -1, k, -k)) * x),
            lambda: sympy.log(x),
            lambda: sympy.sqrt(x),
            lambda: 1 / x ** self.number(1, 3),
            lambda: sympy.tan(x),
            lambda: sympy.atan(x),
            lambda: self.letter(COEFFICIENTS) * x ** self.number(1, 4),
        )
        return self.made(simple)
