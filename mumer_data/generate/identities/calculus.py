"""Derivatives, integrals and limits.

Integrals are built from their solutions: the integrand is the derivative of a known function.
"""

from __future__ import annotations

import sympy
from sympy import Derivative, Integral, Limit, Rational, exp, oo, pi, sqrt

from mumer_data.generate.identities.pick import (
    COEFFICIENTS,
    FUNCTIONS,
    VARIABLES,
    Expression,
    Fact,
    Pick,
    equation,
    slope,
    tends,
)


def _composed(pick: Pick, x: Expression) -> Expression:
    """A function, a product or quotient of two, or one of another."""
    one, two = pick.function(x), pick.function(x)
    return pick.call_one(
        (
            lambda: one,
            lambda: one,
            lambda: one * two,
            lambda: one + two,
            lambda: one / (x**2 + pick.number(1, 5)),
            lambda: one ** pick.number(2, 3),
            lambda: pick.one((sympy.sin, sympy.cos, sympy.exp))(pick.polynomial(x, 2, 5)),
            lambda: sqrt(pick.polynomial(x, 2, 5) ** 2 + 1) if pick.chance(0.2) else sqrt(x**2 + pick.number(1, 9)),
        )
    )


def derivative(pick: Pick) -> Fact:
    """``d / d x`` of a function."""
    x = pick.letter()
    f = _composed(pick, x)
    order = pick.one((1, 1, 1, 1, 2))
    result = f.diff(x, order)
    return equation(Derivative(f, (x, order)), result, slope(f.diff(x, order - 1), x, result))


def named_derivative(pick: Pick) -> Fact:
    """``f ( x ) = x ^ { 2 } , f ' ( x ) = 2 x``."""
    x = pick.letter()
    name = pick.one(FUNCTIONS)
    f = _composed(pick, x)
    result = f.diff(x)
    link = pick.one((",", ",", "\\Rightarrow"))
    if pick.chance(0.3):
        y = pick.one(("y", "u", "s") if x.name not in "yus" else ("z", "w"))
        return Fact((f"{y} =", f, f"{link} {y}' =", result), (slope(f, x, result),))
    mark = f"({x.name})"
    return Fact((f"{name} {mark} =", f, f"{link} {name}' {mark} =", result), (slope(f, x, result),))


def partial_derivative(pick: Pick) -> Fact:
    r"""``\partial / \partial x`` of a function of two variables."""
    x, y = pick.letters(VARIABLES, ("y", "z", "t", "x", "v"))
    f = pick.function(x) * pick.function(y) if pick.chance(0.6) else pick.function(x * y)
    result = f.diff(x)
    return Fact((f"\\frac {{ \\partial }} {{ \\partial {x.name} }} (", f, ") =", result), (slope(f, x, result),))


def indefinite(pick: Pick) -> Fact:
    r"""``\int f ( x ) d x = F ( x ) + C``."""
    x = pick.letter()
    solved = _composed(pick, x)
    integrand = solved.diff(x)
    if integrand == 0:
        solved, integrand = x, sympy.Integer(1)
    constant = pick.one(("+ C", "+ C", "+ c", ""))
    return Fact((Integral(integrand, x), "=", solved, constant), (slope(solved, x, integrand),))


def definite(pick: Pick) -> Fact:
    r"""``\int _ { a } ^ { b } f ( x ) d x = F ( b ) - F ( a )``, of functions without poles."""
    x = pick.letter()
    a = pick.letters(COEFFICIENTS, positive=True)[0]
    solved = pick.call_one(
        (
            lambda: sympy.integrate(pick.polynomial(x, pick.number(1, 3)), x),
            lambda: -sympy.cos(pick.number(1, 3) * x),
            lambda: sympy.sin(pick.number(1, 3) * x),
            lambda: exp(pick.one((1, 2, -1)) * x),
            lambda: sympy.log(x + pick.number(1, 4)),
            lambda: sympy.atan(x),
            lambda: Rational(2, 3) * sqrt(x) ** 3,
            lambda: (x - 1) * exp(x),
        )
    )
    low, high = pick.one(((0, 1), (0, 2), (1, 3), (1, 2), (0, pi), (0, pi / 2), (0, a), (1, a), (0, 4), (1, sympy.E)))
    value = solved.subs(x, high) - solved.subs(x, low)
    integrand = sympy.expand(solved.diff(x))
    return equation(Integral(integrand, (x, low, high)), value, slope(solved, x, integrand))


def improper(pick: Pick) -> Fact:
    """Integrals to infinity."""
    x, a = pick.letters(VARIABLES, COEFFICIENTS, positive=True)
    k, n = pick.one((a, sympy.Integer(pick.number(1, 7)))), pick.number(2, 6)
    integrand, low, value = pick.one(
        (
            (exp(-k * x), 0, 1 / k),
            (x**n * exp(-x), 0, sympy.factorial(n)),
            (x * exp(-k * x), 0, 1 / k**2),
            (exp(-k * x**2), -oo, sqrt(pi / k)),
            (exp(-k * x**2), 0, sqrt(pi / k) / 2),
            (1 / x**n, 1, Rational(1, n - 1)),
            (1 / (x**2 + k**2), 0, pi / (2 * k)),
            (1 / (1 + x**2), -oo, pi),
            (sympy.sin(k * x) / x, 0, pi / 2),
        )
    )
    return Fact((Integral(integrand, (x, low, oo)), "=", value), ())


def double(pick: Pick) -> Fact:
    r"""``\int \int`` of a product over a rectangle."""
    x, y = pick.letters(("x", "u", "s", "r"), ("y", "v", "t", "z"))
    f, g = x ** pick.number(1, 3), pick.one((y ** pick.number(0, 3), exp(y), sympy.sin(y)))
    a, b = pick.number(1, 4), pick.one((1, 2, 3, pi))
    value = sympy.integrate(f, (x, 0, a)) * sympy.integrate(g, (y, 0, b))
    return equation(Integral(f * g, (x, 0, a), (y, 0, b)), value, (value, sympy.expand(value)))


def limit_at_point(pick: Pick) -> Fact:
    """A quotient whose parts both vanish."""
    x = pick.letter()
    a = sympy.Integer(pick.number(-5, 5))
    top, bottom = pick.linear(x), x - pick.number(-9, 9, int(a))
    quotient = sympy.expand(top * (x - a)) / sympy.expand(bottom * (x - a))
    value = (top / bottom).subs(x, a)
    return equation(Limit(quotient, x, a, dir="+-"), value, (sympy.cancel(quotient).subs(x, a), value))


def limit_at_zero(pick: Pick) -> Fact:
    r"""``\lim _ { x \rightarrow 0 } \frac { \sin x } { x } = 1`` and its like."""
    x = pick.letter()
    a = pick.one((sympy.Integer(pick.number(1, 9)), pick.letter(COEFFICIENTS)))
    b = sympy.Integer(pick.number(1, 6))
    if a.name == x.name if isinstance(a, sympy.Symbol) else False:
        a = sympy.Integer(2)
    function, value = pick.one(
        (
            (sympy.sin(a * x) / (b * x), a / b),
            (sympy.tan(a * x) / (b * x), a / b),
            ((exp(a * x) - 1) / (b * x), a / b),
            ((1 - sympy.cos(a * x)) / x**2, a**2 / 2),
            (sympy.log(1 + a * x) / (b * x), a / b),
            ((sqrt(1 + a * x) - 1) / x, a / 2),
            (((1 + x) ** b - 1) / x, b),
        )
    )
    return equation(Limit(function, x, 0, dir="+-"), value, tends(function, x, value))


def limit_at_infinity(pick: Pick) -> Fact:
    """Quotients of polynomials, and powers that tend to powers of e."""
    n = pick.letter(("n", "x", "n", "t", "N"))
    degree, m = pick.number(1, 3), pick.number(1, 9)
    top, bottom = pick.polynomial(n, degree), pick.polynomial(n, degree)
    ratio = top.coeff(n, degree) / bottom.coeff(n, degree)
    inverse = sympy.Symbol("u0")
    turned = sympy.cancel((top / bottom).subs(n, 1 / inverse)).subs(inverse, 0)
    function, value, claims = pick.one(
        (
            (top / bottom, ratio, ((turned, ratio),)),
            (top / bottom, ratio, ((turned, ratio),)),
            (bottom / (n * top), sympy.Integer(0), ()),
            ((1 + Rational(m) / n) ** n, exp(m), ()),
            ((1 - Rational(m) / n) ** n, exp(-m), ()),
            (n ** (1 / n), sympy.Integer(1), ()),
            (sqrt(n**2 + m * n) - n, Rational(m, 2), ()),
        )
    )
    return Fact((Limit(function, n, oo), "=", value), claims)


def rule(pick: Pick) -> Fact:
    """The product and quotient rules, and integration by parts, with names of functions."""
    u, v, x = pick.letters(("f", "u", "g", "p"), ("g", "v", "h", "q"), ("x", "t", "s", "z"))
    one, two = sympy.Function(u.name)(x), sympy.Function(v.name)(x)
    f, g = u.name, v.name
    product, quotient = (one * two).diff(x), (one / two).diff(x)
    first, second = one.diff(x), two.diff(x)
    zero = sympy.Integer(0)
    return pick.one(
        (
            Fact(
                (f"( {f} {g} ) ' = {f} ' {g} + {f} {g} '",),
                ((sympy.expand(product - first * two - one * second), zero),),
            ),
            Fact(
                (f"( \\frac {{ {f} }} {{ {g} }} ) ' = \\frac {{ {f} ' {g} - {f} {g} ' }} {{ {g} ^ 2 }}",),
                ((sympy.simplify(quotient - (first * two - one * second) / two**2), zero),),
            ),
            Fact(
                (f"\\int {f} {g} ' d {x} = {f} {g} - \\int {f} ' {g} d {x}",),
                ((sympy.expand(one * second - (product - first * two)), zero),),
            ),
        )
    )


KINDS = (
    *(derivative, derivative, named_derivative, partial_derivative, indefinite, indefinite, definite, improper),
    *(double, limit_at_point, limit_at_zero, limit_at_infinity, rule),
)
