"""Random letters, numbers and polynomials for identities, and the record of an identity.

Not for the identities themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import sympy

T = TypeVar("T")
Expression = Any  # SymPy has no type annotations
Part = Expression | str

_STEP = sympy.Rational(1, 10**6)  # the error of the claims below is its square, below the tolerance of `holds`

VARIABLES = ("x", "x", "x", "y", "z", "t", "u", "v", "w", "s", "r")
COEFFICIENTS = ("a", "b", "c", "p", "q", "k", "m", "n", "A", "B", "\\alpha", "\\beta", "\\lambda", "\\mu")
INDICES = ("n", "k", "j", "m", "n")
ANGLES = ("x", "\\theta", "\\alpha", "\\beta", "\\phi", "t", "\\gamma", "y", "\\theta")
FUNCTIONS = ("f", "g", "h", "F", "G", "\\phi")
# Letters with a fixed meaning (e, i, d, f(x), pi, o, O), which must not become variables.
RESERVED = frozenset(
    {"e", "i", "d", "f", "g", "h", "l", "o", "O", "D", "\\pi", "\\Pi", "\\Sigma", "\\partial", "\\infty"}
)


@dataclass(frozen=True)
class Fact:
    r"""A statement that is true.

    Attributes:
        parts: SymPy expressions, printed unevaluated, and LaTeX between them, in order.
        claims: pairs of evaluated expressions that are equal if the statement is true; none for a known theorem.
        settings: of SymPy's LaTeX printer; they override those of the style.
    """

    parts: tuple[Part, ...]
    claims: tuple[tuple[Expression, Expression], ...]
    settings: Mapping[str, object] = field(default_factory=dict)


def equation(left: Part, right: Part, *claims: tuple[Expression, Expression], **settings: object) -> Fact:
    """``left = right``, with the claim that both are equal, or the claims that are passed."""
    return Fact((left, "=", right), claims or ((left, right),), settings)


def slope(function: Expression, x: Expression, derivative: Expression) -> tuple[Expression, Expression]:
    """The claim that ``derivative`` equals the central difference quotient with a step of one millionth."""
    return (function.subs(x, x + _STEP) - function.subs(x, x - _STEP)) / (2 * _STEP), derivative


def tends(function: Expression, x: Expression, limit: Expression) -> tuple[Expression, Expression]:
    """The claim that ``limit``, at zero, equals the mean of the values one millionth to the left and right."""
    return (function.subs(x, _STEP) + function.subs(x, -_STEP)) / 2, limit


@dataclass
class Pick:
    """Random choices.

    Attributes:
        rng: the random number generator.
        favoured: letter -> share; a letter is drawn from these...
        favour: ...with this probability.
    """

    rng: np.random.Generator
    favoured: Mapping[str, float] = field(default_factory=dict)
    favour: float = 0.0

    def one(self, choices: Sequence[T]) -> T:
        """A random element."""
        return choices[int(self.rng.integers(len(choices)))]

    def call_one(self, functions: Sequence[Callable[[], T]]) -> T:
        """The result of one of several functions, chosen at random."""
        return self.one(functions)()

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < share)

    def number(self, low: int, high: int, *but: int) -> int:
        """A random integer from ``low`` to ``high``, both included, except those in ``but``."""
        while True:
            number = int(self.rng.integers(low, high + 1))
            if number not in but:
                return number

    def name(self, pool: Sequence[str], *but: str) -> str:
        """A letter of the pool, or a favoured one; never one in ``but``."""
        if self.favoured and self.chance(self.favour):
            names = list(self.favoured)
            shares = np.array([self.favoured[name] for name in names])
            name = names[int(self.rng.choice(len(names), p=shares / shares.sum()))]
            if name not in but:
                return name
        return self.one([name for name in pool if name not in but])

    def letters(self, *pools: Sequence[str], **assumptions: bool) -> list[Expression]:
        """A symbol of each pool, all different."""
        names: list[str] = []
        for pool in pools:
            names.append(self.name(pool, *names))
        return [sympy.Symbol(name, **assumptions) for name in names]

    def letter(self, pool: Sequence[str] = VARIABLES, **assumptions: bool) -> Expression:
        """A symbol of a pool."""
        return self.letters(pool, **assumptions)[0]

    def linear(self, x: Expression, rest: Expression | None = None) -> Expression:
        """``3 x - 2`` or ``x + a``."""
        factor = self.one((1, 1, 1, 1, 2, 2, 3, 4, 5, -1))
        constant = self.number(-9, 9, 0) if rest is None else rest * self.one((1, 1, -1, 2, 3))
        return factor * x + constant

    def polynomial(self, x: Expression, degree: int, most: int = 9) -> Expression:
        """A polynomial of this degree, some of its terms missing."""
        total = self.number(-most, most, 0) * x**degree if self.chance(0.6) else x**degree
        for power in range(degree):
            if self.chance(0.7):
                total += self.number(-most, most, 0) * x**power
        return total

    def swapped(self, left: Part, right: Part) -> tuple[Part, Part]:
        """The two sides in random order."""
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
        return self.call_one(simple)
