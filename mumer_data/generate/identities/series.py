"""Sums, products, power series and sequences.

Closed forms are computed by SymPy or are known theorems with random letters and numbers.
"""

from __future__ import annotations

import sympy
from sympy import Integer, Product, Rational, Sum, exp, factorial, oo, pi

from mumer_data.generate.identities.pick import COEFFICIENTS, INDICES, VARIABLES, Expression, Fact, Part, Pick, equation

DOTS = "+ \\cdots"


def _step(closed: Expression, term: Expression, k: Expression, n: Expression) -> tuple[Expression, Expression]:
    """The claim that the closed form increases by one term (induction step)."""
    return closed - closed.subs(n, n - 1), term.subs(k, n)


def sum_of_powers(pick: Pick) -> Fact:
    r"""``\sum _ { k = 1 } ^ { n } k ^ { 2 } = ...``."""
    k, n = pick.letters(("k", "j", "m", "r"), ("n", "N", "n", "m"))
    term = pick.polynomial(k, pick.number(1, 3), 5)
    closed = sympy.factor(sympy.summation(term, (k, 1, n)))
    return equation(Sum(term, (k, 1, n)), closed, _step(closed, term, k, n), (closed.subs(n, 1), term.subs(k, 1)))


def geometric(pick: Pick) -> Fact:
    """Geometric sums, finite and infinite, of a number or a letter."""
    k, n = pick.letters(("k", "j", "n"), ("n", "m", "N"))
    q = pick.letter(("q", "x", "r", "z", "a"))
    b = pick.number(2, 9)
    ratio = Rational(pick.number(1, b - 1), b)
    start = pick.number(0, 2)
    closed = (1 - q ** (n + 1)) / (1 - q)
    return pick.call_one(
        (
            lambda: equation(Sum(q**k, (k, 0, n)), closed, _step(closed, q**k, k, n)),
            lambda: Fact((Sum(q**k, (k, 0, oo)), "=", 1 / (1 - q)), ()),
            lambda: Fact((Sum(q**k, (k, 1, oo)), "=", q / (1 - q)), ()),
            lambda: Fact((Sum(ratio**k, (k, start, oo)), "=", ratio**start / (1 - ratio)), ()),
            lambda: Fact((Sum(Integer(b) ** -k, (k, start, oo)), "=", Rational(b, b - 1) / b**start), ()),
            lambda: Fact(("1 +", q, "+", q**2, DOTS, "+", q**n, "=", (q ** (n + 1) - 1) / (q - 1)), ()),
        )
    )


def taylor(pick: Pick) -> Fact:
    r"""``e ^ { x } = 1 + x + \frac { x ^ { 2 } } { 2 } + \cdots``."""
    x = pick.letter()
    a = pick.one((1, 1, 1, -1, 2, 3))
    function, terms = pick.one(
        (
            (exp(a * x), [Integer(a) ** j * x**j / factorial(j) for j in range(5)]),
            (sympy.sin(a * x), [(-1) ** j * (a * x) ** (2 * j + 1) / factorial(2 * j + 1) for j in range(4)]),
            (sympy.cos(a * x), [(-1) ** j * (a * x) ** (2 * j) / factorial(2 * j) for j in range(4)]),
            (sympy.log(1 + a * x), [(-1) ** (j + 1) * (a * x) ** j / j for j in range(1, 6)]),
            (1 / (1 - a * x), [(a * x) ** j for j in range(5)]),
            (sympy.atan(x), [(-1) ** j * x ** (2 * j + 1) / (2 * j + 1) for j in range(4)]),
            (sympy.sqrt(1 + a * x), [sympy.binomial(Rational(1, 2), j) * (a * x) ** j for j in range(4)]),
            (1 / (1 + x) ** 2, [(-1) ** j * (j + 1) * x**j for j in range(5)]),
            (sympy.sinh(x), [x ** (2 * j + 1) / factorial(2 * j + 1) for j in range(4)]),
        )
    )
    used = terms[: pick.number(3, len(terms))]
    text = sympy.Add(*used)
    order = max(sympy.degree(term, x) for term in used)
    small = x * Rational(1, 10**6)  # so small that the omitted terms are below the tolerance of `holds`
    claims = ((function.subs(x, small), text.subs(x, small)), (function.diff(x, order).subs(x, 0), text.diff(x, order)))
    rest = pick.one((DOTS, DOTS, f"+ O ( {x.name} ^ {{ {order + 1} }} )"))
    return Fact((function, "=", text, rest), claims, {"order": "rev-lex"})


def power_series(pick: Pick) -> Fact:
    r"""``\sin x = \sum _ { n = 0 } ^ { \infty } ...``."""
    x, n = pick.letters(VARIABLES, INDICES)
    a = pick.one((1, 1, 2, 3, 4))
    function, term, start = pick.one(
        (
            (exp(a * x), (a * x) ** n / factorial(n), 0),
            (sympy.sin(x), (-1) ** n * x ** (2 * n + 1) / factorial(2 * n + 1), 0),
            (sympy.cos(x), (-1) ** n * x ** (2 * n) / factorial(2 * n), 0),
            (sympy.log(1 + x), (-1) ** (n + 1) * x**n / n, 1),
            (1 / (1 - a * x), (a * x) ** n, 0),
            (sympy.atan(x), (-1) ** n * x ** (2 * n + 1) / (2 * n + 1), 0),
            (x / (1 - x) ** 2, n * x**n, 1),
            (sympy.cosh(x), x ** (2 * n) / factorial(2 * n), 0),
        )
    )
    small = x * Rational(1, 10)
    first = sum((term.subs(n, j).subs(x, small) for j in range(start, 30)), Integer(0))
    return Fact((function, "=", Sum(term, (n, start, oo))), ((function.subs(x, small), first),))


def infinite(pick: Pick) -> Fact:
    """Infinite sums with known values."""
    n = pick.letter(INDICES)
    even, power, a = 2 * pick.number(1, 4), pick.number(2, 4), pick.number(1, 4)
    return pick.call_one(
        (
            lambda: Fact((Sum(1 / n**even, (n, 1, oo)), "=", sympy.zeta(even)), ()),
            lambda: Fact((Sum((-1) ** (n + 1) / n**even, (n, 1, oo)), "=", sympy.dirichlet_eta(even).doit()), ()),
            lambda: Fact((Sum(Integer(a) ** n / factorial(n), (n, 0, oo)), "=", exp(a)), ()),
            lambda: Fact((Sum((-1) ** n / (2 * n + 1), (n, 0, oo)), "=", pi / 4), ()),
            lambda: Fact((Sum(1 / (n * (n + a)), (n, 1, oo)), "=", sympy.harmonic(a) / a), ()),
            lambda: Fact((Sum(n / Integer(power) ** n, (n, 1, oo)), "=", Rational(power, (power - 1) ** 2)), ()),
        )
    )


def finite(pick: Pick) -> Fact:
    """Sums and products of a few numbers, and telescoping ones of n."""
    k, n = pick.letters(("k", "n", "j", "m"), ("n", "N", "m"))
    last = pick.number(3, 12)
    term = pick.polynomial(k, pick.number(1, 2), 4)
    factor = pick.one((k, k + 1, 2 * k, 2 * k - 1, 1 + 1 / k))
    total = sum((term.subs(k, j) for j in range(1, last + 1)), Integer(0))
    few, part = min(last, 6), 1 / (k * (k + 1))
    multiplied = sympy.prod([factor.subs(k, j) for j in range(1, few + 1)])
    return pick.call_one(
        (
            lambda: Fact((Sum(term, (k, 1, last)), "=", total), ((sympy.summation(term, (k, 1, last)), total),)),
            lambda: Fact((Product(factor, (k, 1, few)), "=", multiplied), ()),
            lambda: equation(Sum(part, (k, 1, n)), n / (n + 1), _step(n / (n + 1), part, k, n)),
            lambda: Fact((Product(k, (k, 1, n)), "=", factorial(n)), ()),
        )
    )


def written_out(pick: Pick) -> Fact:
    r"""``1 + 2 + 3 + \cdots + n = \frac { n ( n + 1 ) } { 2 }``."""
    k = sympy.Symbol("k0")
    n = pick.letter(("n", "m", "k", "N", "p"))
    term = pick.one((k, 2 * k - 1, 2 * k, k**2, k**3, k * (k + 1), 3 * k - 2, 4 * k - 3, 3 * k, 5 * k))
    closed = sympy.factor(sympy.summation(term, (k, 1, n)))
    first = " + ".join(str(term.subs(k, j)) for j in range(1, pick.number(3, 4)))
    last: tuple[Part, ...] = ("(", term.subs(k, n), ")") if term.is_Add else (term.subs(k, n),)
    return Fact((f"{first} {DOTS} +", *last, "=", closed), (_step(closed, term, k, n),))


def binomial_theorem(pick: Pick) -> Fact:
    r"""``( a + b ) ^ { n } = \sum \binom { n } { k } ...``."""
    a, b, n, k = pick.letters(VARIABLES + COEFFICIENTS, COEFFICIENTS, ("n", "m", "N"), ("k", "j", "r"))
    one = pick.one((a, a, Integer(1)))
    term = sympy.binomial(n, k) * one ** (n - k) * b**k
    power = pick.number(2, 5)
    proof = sum((term.subs(n, power).subs(k, j) for j in range(power + 1)), Integer(0))
    return Fact(((one + b) ** n, "=", Sum(term, (k, 0, n))), (((one + b) ** power, proof),))


def sequence(pick: Pick) -> Fact:
    """A term of a sequence, and the next ones as numbers."""
    n = pick.letter(("n", "n", "k"))
    name = pick.name(("a", "u", "x", "b", "v", "c"), n.name)
    term = pick.one(
        (pick.polynomial(n, pick.number(1, 2), 5), Integer(pick.number(2, 4)) ** n, 1 / (n + pick.number(0, 3)))
    )
    first = pick.number(1, 2)
    values = [part for j in range(first, first + 3) for part in (f", {name}_{{{j}}} =", term.subs(n, j))]
    return Fact((f"{name}_{{{n.name}}} =", term, *values), ())


def recurrence(pick: Pick) -> Fact:
    r"""``u _ { n + 1 } = q u _ { n } \Rightarrow u _ { n } = q ^ { n } u _ { 0 }``."""
    n = pick.letter(("n", "n", "k"))
    name = pick.name(("a", "u", "x", "b", "v"), n.name)
    q, link = pick.number(2, 9), pick.one((",", "\\Rightarrow"))
    start = Integer(pick.number(1, 9))
    following, here = f"{name}_{{{n.name}+1}} =", f"{link} {name}_{{{n.name}}} ="
    own = f"{name}_{{{n.name}}}"
    grown, added = start * Integer(q) ** n, start + q * n
    return pick.one(
        (
            Fact((following, f"{q} {own}, {name}_0 = {start}", here, grown), ((grown.subs(n, n + 1), q * grown),)),
            Fact((following, f"{own} + {q}, {name}_0 = {start}", here, added), ((added.subs(n, n + 1), added + q),)),
        )
    )


KINDS = (
    *(sum_of_powers, geometric, taylor, taylor, power_series, infinite, finite, written_out, binomial_theorem),
    *(sequence, recurrence),
)
