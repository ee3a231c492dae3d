"""Equations, inequalities and systems with their solutions, and formulas solved for a letter.

The solutions are chosen first and the equations follow from them.
"""

from __future__ import annotations

import sympy
from sympy import Integer, Rational, exp, expand, sqrt

from mumer_data.generate.identities.pick import COEFFICIENTS, VARIABLES, Expression, Fact, Part, Pick

LINKS = (",", ",", "\\Rightarrow", "\\Rightarrow", "\\Leftrightarrow")


def _solved(
    pick: Pick, left: Part, right: Part, *solution: Part, claims: tuple[tuple[Expression, Expression], ...]
) -> Fact:
    return Fact((left, "=", right, pick.one(LINKS), *solution), claims)


def linear(pick: Pick) -> Fact:
    r"""``3 x + 5 = 11 \Rightarrow x = 2``."""
    x = pick.letter()
    value = pick.one((Integer(pick.number(-12, 12)), Integer(pick.number(-12, 12)), Rational(pick.number(-9, 9, 0), 2)))
    left = pick.linear(x)
    right = pick.linear(x) if pick.chance(0.35) else Integer(0)
    if left.coeff(x) == right.coeff(x):
        right = Integer(0)
    right += (left - right).subs(x, value)
    return _solved(pick, left, right, x, "=", value, claims=((left.subs(x, value), right.subs(x, value)),))


def quadratic(pick: Pick) -> Fact:
    r"""``x ^ { 2 } - 5 x + 6 = 0 \Rightarrow x _ { 1 } = 2 , x _ { 2 } = 3``."""
    x = pick.letter()
    one, two = sorted((pick.number(-9, 9), pick.number(-9, 9)))
    if pick.chance(0.35):
        half, rest = pick.number(-5, 5), pick.one((2, 3, 5, 6, 7, 10, 11))
        left = expand((x - half) ** 2 - rest)
        values = (half + sqrt(rest), half - sqrt(rest))
        joined = (x, f"= {half} \\pm" if half else "= \\pm", sqrt(rest))
        return _solved(pick, left, "0", *joined, claims=tuple((left.subs(x, value), Integer(0)) for value in values))
    left = expand(pick.one((1, 1, 1, 2, 3)) * (x - one) * (x - two))
    claims = tuple((left.subs(x, value), Integer(0)) for value in (one, two))
    if one == two:
        return _solved(pick, left, "0", x, f"= {one}", claims=claims)
    return _solved(pick, left, "0", f"{x.name}_1 = {one}, {x.name}_2 = {two}", claims=claims)


def formula(pick: Pick) -> Fact:
    r"""The solution of ``a x ^ { 2 } + b x + c = 0`` with other letters."""
    x, a, b, c = pick.letters(VARIABLES, ("a", "p", "A", "k"), ("b", "q", "B", "m"), ("c", "r", "C", "n"))
    left = a * x**2 + b * x + c
    shown = f"{a.name} {x.name} ^ 2 + {b.name} {x.name} + {c.name}"
    root = (-b + sqrt(b**2 - 4 * a * c)) / (2 * a)
    text = f"{x.name} = \\frac {{ - {b.name} \\pm \\sqrt {{ {b.name} ^ 2 - 4 {a.name} {c.name} }} }} {{ 2 {a.name} }}"
    return _solved(pick, shown, "0", text, claims=((sympy.expand(left.subs(x, root)), Integer(0)),))


def other(pick: Pick) -> Fact:
    """Roots, powers and logarithms with one solution."""
    x = pick.letter()
    base, power, add = pick.number(2, 7), pick.number(2, 5), pick.number(1, 9)
    n = pick.letter(("n", "k", "x", "t"))
    log = f"\\log_{{{base}}}"
    return pick.call_one(
        (
            lambda: _solved(
                *(pick, sqrt(x + add), Integer(power), x, "=", Integer(power**2 - add)),
                claims=((sqrt(x + add).subs(x, power**2 - add), Integer(power)),),
            ),
            lambda: _solved(pick, Integer(base) ** n, Integer(base**power), n, "=", Integer(power), claims=()),
            lambda: _solved(pick, f"{log} {x.name}", Integer(power), x, "=", Integer(base**power), claims=()),
            lambda: _solved(pick, exp(x), Integer(add + 1), x, "=", sympy.log(add + 1), claims=()),
            lambda: _solved(pick, x**3, Integer(base**3), x, "=", Integer(base), claims=()),
            lambda: _solved(pick, 1 / (x + add), Rational(1, add + base), x, "=", Integer(base), claims=()),
            lambda: _solved(pick, f"| {x.name} - {add} |", Integer(base), f"{x.name} = {add} \\pm {base}", claims=()),
        )
    )


def system(pick: Pick) -> Fact:
    r"""``\begin {cases} ... \end {cases}`` and its solution."""
    x, y = pick.letters(("x", "u", "a", "p"), ("y", "v", "b", "q"))
    one, two = pick.number(-9, 9), pick.number(-9, 9)
    a, b, c, d = (pick.number(-5, 5, 0) for _ in range(4))
    if a * d == b * c:
        d += 1 if d != -1 else 2
    rows = [(a * x + b * y, a * one + b * two), (c * x + d * y, c * one + d * two)]
    (first, r), (second, s) = rows
    values: dict[Expression, int] = {x: one, y: two}
    claims = tuple((left.subs(values), Integer(right)) for left, right in rows)
    body: tuple[Part, ...] = ("\\begin{cases}", first, f"= {r} \\\\", second, f"= {s} \\end{{cases}}")
    end = f"{x.name} = {one}, {y.name} = {two}"
    if pick.chance(0.3):
        end = f"\\begin{{cases}} {x.name} = {one} \\\\ {y.name} = {two} \\end{{cases}}"
    return Fact((*body, pick.one(("\\Rightarrow", "\\Leftrightarrow", ",")), end), claims)


def inequality(pick: Pick) -> Fact:
    r"""``2 x + 3 < 7 \Leftrightarrow x < 2``, squares and absolute values."""
    x = pick.letter()
    value, factor, add = pick.number(-9, 9), pick.number(2, 6), pick.number(-9, 9)
    sign = pick.one(("<", ">", "\\leq", "\\geq"))
    turned = {"<": ">", ">": "<", "\\leq": "\\geq", "\\geq": "\\leq"}[sign]
    link = pick.one(LINKS)
    a = pick.number(2, 9)
    inner = pick.one(("<", "\\leq"))
    outer = {"<": ">", "\\leq": "\\geq"}[inner]
    bound = factor * value + add
    flipped = -factor * value + add
    return pick.one(
        (
            Fact((factor * x + add, f"{sign} {bound} {link}", x, f"{sign} {value}"), ((bound - add, factor * value),)),
            Fact(
                (-factor * x + add, f"{sign} {flipped} {link}", x, f"{turned} {value}"),
                ((flipped - add, -factor * value),),
            ),
            Fact((x**2, f"{inner} {a * a} {link} - {a} {inner}", x, f"{inner} {a}"), ()),
            Fact((f"| {x.name} | {inner} {a} {link} - {a} {inner}", x, f"{inner} {a}"), ()),
            Fact((f"| {x.name} | {outer} {a} \\Rightarrow", x**2, f"{outer} {a * a}"), ()),
        )
    )


def always(pick: Pick) -> Fact:
    """Inequalities that always hold: a square is not negative, or the triangle inequality."""
    a, b, c = pick.letters(COEFFICIENTS + VARIABLES, COEFFICIENTS, VARIABLES)
    n = pick.one((1, 1, 2, 3))
    x, y, twice = a.name, b.name, 2 * n * a * b
    return pick.one(
        (
            Fact((n**2 * a**2 + b**2, "\\geq", twice), ((n**2 * a**2 + b**2 - twice, (n * a - b) ** 2),)),
            Fact((f"\\frac{{ {x}^2 + {y}^2 }}{{2}} \\geq {x} {y}",), ()),
            Fact((f"| {x} + {y} | \\leq | {x} | + | {y} |",), ()),
            Fact((f"| {x} - {y} | \\geq | {x} | - | {y} |",), ()),
            Fact((f"| {x} {y} | = | {x} | | {y} |",), ()),
            Fact((a**2 + b**2 + c**2, "\\geq", a * b + b * c + a * c), ()),
            Fact(((a + b) ** 2, "\\leq", 2 * (a**2 + b**2)), (((a + b) ** 2 + (a - b) ** 2, 2 * (a**2 + b**2)),)),
        )
    )


def rearranged(pick: Pick) -> Fact:
    r"""``y = a x + b \Rightarrow x = \frac { y - b } { a }`` with other letters."""
    y, x, a, b = pick.letters(("y", "F", "v", "s", "E", "u", "p"), VARIABLES, COEFFICIENTS, COEFFICIENTS, positive=True)
    right, solution = pick.one(
        (
            (a * x + b, (y - b) / a),
            (a * x, y / a),
            (a / x, a / y),
            (a * x**2, sqrt(y / a)),
            (a + b / x, b / (y - a)),
            (sqrt(a * x), y**2 / a),
            (a * exp(b * x), sympy.log(y / a) / b),
            (a * (x - b), y / a + b),
            ((x + a) / b, b * y - a),
            (1 / (1 / a + 1 / x), a * y / (a - y)),
        )
    )
    return _solved(pick, y, right, x, "=", solution, claims=((right.subs(x, solution) ** 2, y**2),))


def differential(pick: Pick) -> Fact:
    r"""``y ' = 2 y \Rightarrow y = C e ^ { 2 x }`` and its like."""
    x, y = pick.letters(("x", "t", "x", "s"), ("y", "u", "f", "z", "v"))
    k = pick.one((Integer(pick.number(2, 9)), Integer(-pick.number(1, 9)), pick.letter(("a", "k", "\\lambda", "b"))))
    name, arg, c = y.name, x, sympy.Symbol("C")
    grown, wave = c * exp(k * arg), sympy.Symbol("A") * sympy.cos(k * x) + sympy.Symbol("B") * sympy.sin(k * x)
    slope = pick.polynomial(x, pick.number(1, 2), 6)
    solved = sympy.integrate(slope, x)
    link = pick.one((",", "\\Rightarrow"))
    return pick.one(
        (
            Fact((f"{name}' =", k * y, f"{link} {name} =", grown), ((grown.diff(x), k * grown),)),
            Fact((f"{name}'' +", k**2 * y, f"= 0 {link} {name} =", wave), ((wave.diff(x, 2), -(k**2) * wave),)),
            Fact((f"{name}' =", slope, f"{link} {name} =", solved, "+ C"), ((solved.diff(x), slope),)),
        )
    )


def proportion(pick: Pick) -> Fact:
    r"""``\frac { x } { 3 } = \frac { 4 } { 6 } \Rightarrow x = 2``."""
    x = pick.letter()
    a, b, c = pick.number(2, 12), pick.number(1, 12), pick.number(2, 12)
    value = Rational(a * b, c)
    left, right = x / a, f"\\frac{{{b}}}{{{c}}}"
    return _solved(pick, left, right, x, "=", value, claims=((value / a, Rational(b, c)),))


KINDS = (
    *(linear, linear, quadratic, quadratic, formula, other, system, inequality, always, rearranged, differential),
    proportion,
)
