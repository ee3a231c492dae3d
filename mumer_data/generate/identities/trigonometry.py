"""Identities of trigonometric and hyperbolic functions, and their values at known angles.

SymPy computes one side from the other, or the identity is a known theorem with random letters.
"""

from __future__ import annotations

import sympy
from sympy import Add, Mul, cos, cosh, exp, pi, sin, sinh, sqrt, tan, tanh
from sympy.simplify.fu import TR8

from mumer_data.generate.identities.pick import ANGLES, COEFFICIENTS, Expression, Fact, Pick, equation


def _angle(pick: Pick) -> Expression:
    return pick.one((1, 1, 1, 1, 2, 3, 4, 5)) * pick.letter(ANGLES)


def of_sum(pick: Pick) -> Fact:
    r"""``\sin ( a + b ) = ...``."""
    a, b = pick.letters(ANGLES, ANGLES)
    whole = pick.one((sin, cos, sin, cos, tan))(a * pick.one((1, 1, 1, 2)) + pick.one((1, -1)) * b)
    return equation(whole, sympy.expand_trig(whole))


def of_multiple(pick: Pick) -> Fact:
    r"""``\cos 2 x = 2 \cos ^ { 2 } x - 1``."""
    x = pick.letter(ANGLES)
    whole = pick.one((sin, cos, tan))(pick.one((2, 2, 3, 4)) * x)
    return equation(whole, sympy.expand_trig(whole))


def of_powers(pick: Pick) -> Fact:
    r"""``\sin ^ { 2 } x = ( 1 - \cos 2 x ) / 2``."""
    x = _angle(pick)
    left = pick.one((sin, cos))(x) ** pick.one((2, 2, 3, 4))
    if pick.chance(0.25):
        left = sin(x) ** 2 * cos(x) ** pick.one((1, 2))
    right = TR8(left)
    return equation(left, sympy.together(right) if pick.chance(0.5) else right)


def of_products(pick: Pick) -> Fact:
    r"""``\sin a \cos b = ...``."""
    a, b = pick.letters(ANGLES, ANGLES)
    one, two = pick.one((sin, cos)), pick.one((sin, cos))
    m, n = pick.one((1, 1, 2, 3)), pick.one((1, 1, 2, 4))
    left = one(m * a) * two(n * b) if pick.chance(0.6) else one((m + n) * a) * two(n * a)
    return equation(*pick.swapped(left, TR8(left)))


def of_circle(pick: Pick) -> Fact:
    r"""``\sin ^ { 2 } x + \cos ^ { 2 } x = 1`` and similar identities."""
    x = _angle(pick)
    r, s, c = pick.letter(COEFFICIENTS), sin(x), cos(x)
    return pick.call_one(
        (
            lambda: equation(s**2 + c**2, sympy.Integer(1)),
            lambda: equation(1 + tan(x) ** 2, 1 / c**2),
            lambda: equation(tan(x), s / c),
            lambda: equation(r**2 * s**2 + r**2 * c**2, r**2),
            lambda: equation((s + c) ** 2, 1 + sin(2 * x)),
            lambda: equation(c**4 - s**4, cos(2 * x)),
            lambda: equation(Mul(1 - s, 1 + s, evaluate=False), c**2),
            lambda: equation((1 - cos(2 * x)) / sin(2 * x), tan(x)),
        )
    )


def shifted(pick: Pick) -> Fact:
    r"""``\sin ( \pi - x ) = \sin x`` and similar identities."""
    x, function = pick.letter(ANGLES), pick.one((sin, cos, tan))
    shift = pick.one((pi, pi / 2, 2 * pi, 3 * pi / 2, pi / 3, pi / 4, pi / 6))
    argument = Add(shift, pick.one((x, -x)), evaluate=False)
    return equation(function(argument, evaluate=False), sympy.expand_trig(function(argument)))


def values(pick: Pick) -> Fact:
    r"""``\sin \frac { \pi } { 6 } = \frac { 1 } { 2 }``."""
    angle = sympy.Rational(pick.number(1, 11), pick.one((3, 4, 6, 12))) * pi
    function = pick.one((sin, cos, tan))
    if function is tan and cos(angle) == 0:
        function = sin
    value = function(angle)
    if pick.chance(0.3) and function is not tan:
        inverse = {sin: sympy.asin, cos: sympy.acos}[function]
        return equation(inverse(value, evaluate=False), inverse(value))
    return equation(function(angle, evaluate=False), value)


def of_exponential(pick: Pick) -> Fact:
    r"""``e ^ { i x } = \cos x + i \sin x``, and hyperbolic functions."""
    x, i = _angle(pick), sympy.I
    return pick.call_one(
        (
            lambda: equation(exp(i * x), Add(cos(x), i * sin(x), evaluate=False)),
            lambda: equation(cos(x), (exp(i * x) + exp(-i * x)) / 2),
            lambda: equation(sin(x), (exp(i * x) - exp(-i * x)) / (2 * i)),
            lambda: equation(cosh(x) ** 2 - sinh(x) ** 2, sympy.Integer(1)),
            lambda: equation(sinh(2 * x), 2 * sinh(x) * cosh(x)),
            lambda: equation(cosh(x), (exp(x) + exp(-x)) / 2),
            lambda: equation(tanh(x), (exp(2 * x) - 1) / (exp(2 * x) + 1)),
        )
    )


def one_wave(pick: Pick) -> Fact:
    r"""``3 \sin x + 4 \cos x = 5 \sin ( x + \arctan ... )``."""
    x = _angle(pick)
    a, b = pick.number(1, 9), pick.number(1, 9)
    return equation(a * sin(x) + b * cos(x), sqrt(a * a + b * b) * sin(x + sympy.atan(sympy.Rational(b, a))))


def law_of_cosines(pick: Pick) -> Fact:
    r"""``c ^ { 2 } = a ^ { 2 } + b ^ { 2 } - 2 a b \cos \gamma``: from the three corners of a triangle."""
    a, b, c, angle = pick.letters(
        ("a", "b", "p", "u", "x"), ("b", "c", "q", "v", "y"), ("c", "r", "z", "w"), ("C", "\\gamma", "\\theta", "A")
    )
    square = (a * cos(angle) - b) ** 2 + (a * sin(angle)) ** 2
    twice = 2 * a * b * cos(angle)
    return Fact((c**2, "=", a**2 + b**2, "-", twice), ((square, a**2 + b**2 - twice),))


KINDS = (
    *(of_sum, of_multiple, of_powers, of_products, of_circle, shifted, values, of_exponential, one_wave),
    law_of_cosines,
)
