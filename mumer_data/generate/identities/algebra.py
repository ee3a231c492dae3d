"""Identities of algebra: products, powers, fractions, roots, logarithms and numbers.

SymPy computes one side from the other.
"""

from __future__ import annotations

import sympy
from sympy import Add, Mul, Pow, Rational, binomial, expand, factor, factorial, log, sqrt

from mumer_data.generate.identities.pick import COEFFICIENTS, INDICES, VARIABLES, Expression, Fact, Pick, equation


def product(pick: Pick) -> Fact:
    """``( x + 2 ) ( x - y ) = ...``."""
    x, a = pick.letters(VARIABLES, COEFFICIENTS)
    count = pick.one((2, 2, 2, 3))
    factors = [pick.linear(x, a if pick.chance(0.35) else None) for _ in range(count)]
    if pick.chance(0.2):
        factors[0] = pick.polynomial(x, 2, 5)
    left = Mul(*factors, evaluate=False)
    return equation(*pick.swapped(left, expand(left)))


def power_of_sum(pick: Pick) -> Fact:
    """``( a + b ) ^ { 3 } = ...``."""
    x, y = pick.letters(VARIABLES, COEFFICIENTS)
    base = pick.one((1, 1, 1, 2, 3)) * x + pick.one((1, -1, 1, -1, 2, 3, -2)) * pick.one((y, y, sympy.Integer(1)))
    if pick.chance(0.15):
        base += pick.letter(("c", "z", "w", "q"))
    power = pick.one((2, 2, 2, 3, 3, 4)) if len(base.args) < 3 else 2
    return equation(*pick.swapped(Pow(base, power, evaluate=False), expand(base**power)))


def difference_of_powers(pick: Pick) -> Fact:
    """``a ^ { 2 } - b ^ { 2 } = ( a - b ) ( a + b )``."""
    x, y = pick.letters(VARIABLES + COEFFICIENTS, COEFFICIENTS + VARIABLES)
    power = pick.one((2, 2, 2, 3, 4, 5, 6))
    other = pick.one((y, y, y * pick.number(2, 5), sympy.Integer(pick.number(1, 4))))
    sign = 1 if power in (3, 5) and pick.chance(0.5) else -1
    left = (pick.one((1, 1, 2, 3)) * x) ** power + sign * other**power
    return equation(*pick.swapped(left, factor(left)))


def quadratic(pick: Pick) -> Fact:
    """``x ^ { 2 } - 5 x + 6 = ( x - 2 ) ( x - 3 )``."""
    x = pick.letter()
    left = expand((x + pick.number(-9, 9, 0)) * (pick.one((1, 1, 2, 3)) * x + pick.number(-9, 9, 0)))
    return equation(left, factor(left))


def completed_square(pick: Pick) -> Fact:
    """``x ^ { 2 } + 6 x + 1 = ( x + 3 ) ^ { 2 } - 8``."""
    x, b = pick.letters(VARIABLES, COEFFICIENTS)
    half = pick.one((sympy.Integer(pick.number(-7, 7, 0)), Rational(pick.number(-9, 9, 0), 2), b))
    constant = pick.number(-9, 9)
    rest = Add.make_args(constant - half**2)
    return equation(x**2 + 2 * half * x + constant, Add((x + half) ** 2, *rest, evaluate=False))


def cancelled(pick: Pick) -> Fact:
    """A fraction whose parts have a factor in common."""
    x, a = pick.letters(VARIABLES, COEFFICIENTS)
    rest = a if pick.chance(0.4) else None
    common, top, bottom = (pick.linear(x, rest) for _ in range(3))
    left = Mul(expand(common * top), Pow(expand(common * bottom), -1, evaluate=False), evaluate=False)
    return equation(left, sympy.cancel(left))


def partial_fractions(pick: Pick) -> Fact:
    """``1 / ( x ^ { 2 } - 1 ) = ...``."""
    x = pick.letter()
    one, two = pick.number(-6, 6), pick.number(-6, 6)
    top = pick.one((sympy.Integer(pick.number(1, 9)), pick.linear(x)))
    left = top / expand((x - one) * (x - (two if two != one else -one - 1)))
    return equation(*pick.swapped(left, sympy.apart(left, x)))


def sum_of_fractions(pick: Pick) -> Fact:
    """``1 / ( x + 1 ) + 1 / ( x - 1 ) = ...``."""
    x, a = pick.letters(VARIABLES, COEFFICIENTS)
    rest = a if pick.chance(0.4) else None
    terms = [pick.one((1, 1, a, pick.number(2, 9))) / pick.linear(x, rest) for _ in range(2)]
    left = Add(terms[0], pick.one((1, -1)) * terms[1], evaluate=False)
    return equation(left, factor(sympy.together(left)))


def law_of_powers(pick: Pick) -> Fact:
    """``a ^ { m } a ^ { n } = a ^ { m + n }`` and similar laws."""
    a, m, n = pick.letters(VARIABLES + COEFFICIENTS, INDICES, INDICES, positive=True)
    m, n = pick.one(((m, n), (sympy.Integer(pick.number(2, 9)), n), (m, sympy.Integer(pick.number(2, 9)))))
    b = pick.letter(("b", "c", "y", "z"), positive=True)
    return pick.call_one(
        (
            lambda: equation(Mul(a**m, a**n, evaluate=False), a ** (m + n)),
            lambda: equation(Pow(a**m, n, evaluate=False), a ** (m * n)),
            lambda: equation(Mul(a**m, Pow(a**n, -1, evaluate=False), evaluate=False), a ** (m - n)),
            lambda: equation(Pow(a * b, n, evaluate=False), Mul(a**n, b**n, evaluate=False)),
            lambda: equation(Pow(a / b, n, evaluate=False), Mul(a**n, Pow(b**n, -1, evaluate=False), evaluate=False)),
        )
    )


def roots(pick: Pick) -> Fact:
    """Square roots taken apart, multiplied, or cleared from a denominator."""
    a, b = pick.letters(COEFFICIENTS + VARIABLES, COEFFICIENTS + VARIABLES, positive=True)
    k, n = pick.number(2, 9), pick.one((2, 3, 5, 6, 7, 10, 11, 13))
    x = a
    if pick.chance(0.5):
        a, b = sympy.Integer(n), sympy.Integer(pick.one([m for m in (2, 3, 5, 6, 7) if m != n]))
    return pick.call_one(
        (
            lambda: equation(Pow(k * k * n, Rational(1, 2), evaluate=False), k * sqrt(n)),
            lambda: equation(Mul(sqrt(a), sqrt(b), evaluate=False), sqrt(a * b)),
            lambda: equation(1 / (sqrt(a) - sqrt(b)), (sqrt(a) + sqrt(b)) / (a - b)),
            lambda: equation((sqrt(a) + sqrt(b)) ** 2, a + b + 2 * sqrt(a * b)),
            lambda: equation(k / sqrt(n), Mul(k, sqrt(n), Pow(n, -1, evaluate=False), evaluate=False)),
            lambda: Fact((sympy.root(x, k), f"= {x} ^ {{ \\frac {{ 1 }} {{ {k} }} }}"), ((sympy.root(x, k) ** k, x),)),
            lambda: equation(Mul(sqrt(a) - sqrt(b), sqrt(a) + sqrt(b), evaluate=False), a - b),
        )
    )


def logarithms(pick: Pick) -> Fact:
    """``\\log a b = \\log a + \\log b`` and similar laws."""
    a, b, n = pick.letters(COEFFICIENTS + VARIABLES, VARIABLES, INDICES, positive=True)
    base, power = pick.number(2, 9), pick.number(2, 5)
    name = f"\\log_{{{base}}}"
    return pick.call_one(
        (
            lambda: equation(log(a * b, evaluate=False), log(a) + log(b)),
            lambda: equation(log(a / b, evaluate=False), log(a) - log(b)),
            lambda: equation(log(a**n, evaluate=False), n * log(a)),
            lambda: equation(sympy.exp(log(a), evaluate=False), a),
            lambda: Fact((name, sympy.Integer(base**power), "=", sympy.Integer(power)), ((base**power, base**power),)),
            lambda: Fact((f"{name}{a.name} =", log(a) / log(base)), ((base ** (log(a) / log(base)), a),)),
        )
    )


def counting(pick: Pick) -> Fact:
    """Factorials and binomial coefficients."""
    n, k = pick.letters(("n", "m", "N"), ("k", "r", "j"))
    high = pick.number(3, 12)
    low = pick.number(1, high - 1)
    step = pick.number(1, 3)
    return pick.call_one(
        (
            lambda: equation(binomial(n, k), factorial(n) / (factorial(k) * factorial(n - k))),
            lambda: equation(binomial(high, low, evaluate=False), binomial(high, low)),
            lambda: equation(factorial(min(high, 8), evaluate=False), factorial(min(high, 8))),
            lambda: equation(factorial(n + step) / factorial(n), sympy.prod([n + j for j in range(1, step + 1)])),
            lambda: equation(binomial(n, k) + binomial(n, k + 1), binomial(n + 1, k + 1)),
        )
    )


def numbers(pick: Pick) -> Fact:
    """Sums with numbers: products, powers, fractions, complex numbers."""
    a, b, c, d = (pick.number(2, 60), pick.number(2, 60), pick.number(2, 12), pick.number(2, 12))
    times = pick.one(("\\times", "\\times", "\\cdot"))
    one, two = Rational(pick.number(1, 9), c), Rational(pick.number(1, 9), d)
    left: Expression = Add(one, two, evaluate=False)
    i, power = sympy.I, pick.number(2, 4)
    return pick.call_one(
        (
            lambda: Fact((f"{a} {times} {b} = {a * b}",), ((a * b, b * a),)),
            lambda: Fact((f"{a * c} \\div {c} = {a}",), ((Rational(a * c, c), a),)),
            lambda: Fact((f"{a} + {b} - {c} = {a + b - c}",), ((a + b - c, b - c + a),)),
            lambda: Fact((f"( {a} + {b} ) {times} {c} = {(a + b) * c}",), (((a + b) * c, a * c + b * c),)),
            lambda: equation(Pow(c, power, evaluate=False), sympy.Integer(c) ** power),
            lambda: equation(left, one + two),
            lambda: equation(Mul(one, two, evaluate=False), one * two),
            lambda: equation(Mul(c + a * i, d - b * i, evaluate=False), expand((c + a * i) * (d - b * i))),
        )
    )


KINDS = (
    *(product, power_of_sum, difference_of_powers, quadratic, completed_square, cancelled, partial_fractions),
    *(sum_of_fractions, law_of_powers, roots, logarithms, counting, numbers),
)
