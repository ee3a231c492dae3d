"""Products, sums, determinants, inverses and powers of small matrices, and vectors.

Right-hand sides are computed exactly.
"""

from __future__ import annotations

import sympy
from sympy import Matrix

from mumer_data.generate.identities.pick import Expression, Fact, Part, Pick

BARS = {"mat_str": "vmatrix"}
NAMES = ("A", "B", "M", "P", "T", "X", "S")


def _matrix(pick: Pick, rows: int, columns: int, most: int = 9) -> Expression:
    letters = pick.chance(0.15) and rows * columns <= 4
    if letters:
        start = pick.one(("abcdef", "pqrsuv", "uvwxyz"))
        return Matrix(rows, columns, [sympy.Symbol(name) for name in start[: rows * columns]])
    return Matrix(rows, columns, [pick.number(-most, most) for _ in range(rows * columns)])


def _size(pick: Pick) -> int:
    return pick.one((2, 2, 2, 3))


def product(pick: Pick) -> Fact:
    """A matrix by a matrix or a vector."""
    rows, inner = _size(pick), _size(pick)
    columns = pick.one((1, inner, inner, 2))
    one, two = _matrix(pick, rows, inner, 5), _matrix(pick, inner, columns, 5)
    return Fact((one, two, "=", one * two), ((one * two, (two.T * one.T).T),))


def addition(pick: Pick) -> Fact:
    """The sum or difference of two matrices."""
    rows, columns = _size(pick), pick.one((1, 2, 2, 3))
    one, two = _matrix(pick, rows, columns), _matrix(pick, rows, columns)
    if pick.chance(0.5):
        return Fact((one, "+", two, "=", one + two), ((one + two, two + one),))
    return Fact((one, "-", two, "=", one - two), ((one - two + two, one),))


def multiple(pick: Pick) -> Fact:
    """A number by a matrix."""
    one = _matrix(pick, _size(pick), pick.one((1, 2, 2, 3)))
    number = pick.one(
        (*map(sympy.Integer, range(2, 8)), sympy.Rational(1, 2), sympy.Symbol("k"), sympy.Symbol("\\lambda"))
    )
    return Fact((number, one, "=", number * one), ((number * one, one * number),))


def determinant(pick: Pick) -> Fact:
    r"""``\begin {vmatrix} ... \end {vmatrix} = a d - b c``."""
    one = _matrix(pick, *((_size(pick),) * 2))
    value = one.det()
    left: tuple[Part, ...] = (one, "=", value)
    name = pick.one(NAMES)
    head = pick.one((f"\\det {name} =", f"| {name} | =", "", "", "D ="))
    return Fact((head, *left) if head else left, ((value, one.T.det()),), BARS)


def inverse(pick: Pick) -> Fact:
    """``A ^ { - 1 }``, written in front or with the matrix itself."""
    one = _matrix(pick, 2, 2, 6)
    if one.det() == 0:
        one += sympy.eye(2) * 13
    inverted = one.inv()
    scale = one.det()
    right: tuple[Part, ...] = (inverted,)
    if scale.is_Integer and abs(scale) > 1:
        right = (1 / scale, inverted * scale)
    name, link = pick.one(NAMES), pick.one((",", "\\Rightarrow"))
    if pick.chance(0.5):
        return Fact((f"{name} =", one, f"{link} {name}^{{-1}} =", *right), ((one * inverted, sympy.eye(2)),))
    return Fact((one, "^{-1} =", *right), ((sympy.simplify(one * inverted), sympy.eye(2)),))


def transposed(pick: Pick) -> Fact:
    """``A ^ { T }``."""
    one = _matrix(pick, _size(pick), pick.one((1, 2, 3)))
    return Fact((one, "^{T} =", one.T), ((one.T.T, one),))


def power(pick: Pick) -> Fact:
    """``A ^ { 2 }`` and powers of triangular matrices."""
    n = pick.one((2, 2, 3))
    one = _matrix(pick, 2, 2, 4)
    a, k = sympy.Symbol(pick.name(("a", "t", "x"))), sympy.Symbol(pick.name(("n", "k", "m")))
    shear = Matrix(2, 2, [1, a, 0, 1])
    grown = Matrix(2, 2, [1, a * k, 0, 1])
    if pick.chance(0.25):
        return Fact((shear, f"^{{{k.name}}} =", grown), ((grown * shear, grown.subs(k, k + 1)),))
    return Fact((one, f"^{{{n}}} =", one**n), ((one**n, one ** (n - 1) * one),))


def vectors(pick: Pick) -> Fact:
    r"""Scalar and vector products: ``\vec { a } \cdot \vec { b }``, with the columns written out."""
    size = pick.one((2, 3))
    one, two = _matrix(pick, size, 1), _matrix(pick, size, 1)
    if pick.chance(0.4):
        one, two = Matrix([pick.number(-6, 6) for _ in range(3)]), Matrix([pick.number(-6, 6) for _ in range(3)])
        cross = one.cross(two)
        return Fact((one, "\\times", two, "=", cross), ((cross.dot(one), sympy.Integer(0)), (cross.dot(two), 0)))
    return Fact((one, "\\cdot", two, "=", one.dot(two)), ((one.dot(two), two.dot(one)),))


def characteristic(pick: Pick) -> Fact:
    r"""``\det ( A - \lambda I )`` written out."""
    x = sympy.Symbol(pick.one(("\\lambda", "\\lambda", "x", "t")))
    one = _matrix(pick, 2, 2, 6) - x * sympy.eye(2)
    value = sympy.expand(one.det())
    return Fact((one, "=", value), ((value, one[0, 0] * one[1, 1] - one[0, 1] * one[1, 0]),), BARS)


def system(pick: Pick) -> Fact:
    r"""``A x = b \Rightarrow x = ...``."""
    size = pick.one((2, 2, 3))
    one = _matrix(pick, size, size, 5)
    while one.det() == 0 or not all(entry.is_Integer for entry in one):
        one = Matrix(size, size, [pick.number(-5, 5) for _ in range(size * size)])
    solution = Matrix([pick.number(-6, 6) for _ in range(size)])
    names = pick.one(("xyz", "uvw", "abc"))
    unknown = Matrix([sympy.Symbol(name) for name in names[:size]])
    link = pick.one((",", "\\Rightarrow"))
    return Fact((one, unknown, "=", one * solution, link, unknown, "=", solution), ((one * solution, one @ solution),))


KINDS = (
    *(product, product, addition, multiple, determinant, determinant, inverse, transposed, power, vectors),
    *(characteristic, system),
)
