"""Symbol layout tree -> SymPy expression, for unambiguous formulas; never by evaluating text.

Not a computer algebra parser for all of LaTeX: ambiguous or unknown notation raises an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy

from mumer_data.exceptions import MumerError
from mumer_data.latex.to_latex import to_tokens
from mumer_data.latex.tree import Symbol, SymbolTree

RELATIONS = {"=": "=", "<": "<", ">": ">", "\\leq": "<=", "\\le": "<=", "\\geq": ">=", "\\ge": ">=", "\\neq": "!="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_PAIRS = {"(": ")", "[": "]", "\\{": "\\}"}
_FUNCTIONS = {
    name: getattr(sympy, name.removeprefix("\\").replace("arc", "a"))
    for name in ("\\sin", "\\cos", "\\tan", "\\cot", "\\sec", "\\csc", "\\sinh", "\\cosh", "\\tanh", "\\exp")
} | {"\\arcsin": sympy.asin, "\\arccos": sympy.acos, "\\arctan": sympy.atan, "\\ln": sympy.log, "\\log": sympy.log}
_CONSTANTS = {"\\pi": sympy.pi, "\\infty": sympy.oo, "e": sympy.E}
_UNKNOWN_FUNCTIONS = frozenset("fghFGH") | {"\\phi", "\\psi", "\\Phi", "\\Psi"}
_GREEK = frozenset(
    f"\\{name}"
    for name in (
        *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "kappa"),
        *("lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega"),
    )
)
_TIMES, _OVER = {"\\times", "\\cdot", "*"}, {"/", "\\div"}
_SPACING = {"\\left", "\\right", "\\limits"}
_MAX_POWER = 64  # largest power of a number: 9^{9^9} would never finish


class NotConvertibleError(MumerError):
    """A formula that cannot be converted to SymPy; the message names the reason."""


@dataclass(frozen=True)
class Statement:
    """Expressions joined by relations: ``len(sides) == len(relations) + 1``."""

    sides: tuple[Any, ...]
    relations: tuple[str, ...]

    def mirrored(self) -> Statement:
        """The same, read from right to left: ``b > a`` for ``a < b``."""
        return Statement(self.sides[::-1], tuple(_MIRRORED.get(name, name) for name in self.relations[::-1]))


def to_sympy(tree: SymbolTree) -> Statement:
    """The meaning of a tree; raises `NotConvertibleError`."""
    return _Reader(tree.symbols).statement()


class _Reader:
    """Recursive descent over the symbols of one baseline."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._symbols = [symbol for symbol in symbols if symbol.token not in _SPACING or symbol.children]
        self._position = 0

    def statement(self) -> Statement:
        sides, relations = [self.sum()], []
        while self._token() in RELATIONS:
            relations.append(RELATIONS[self._take().token])
            sides.append(self.sum())
        if self._position < len(self._symbols):
            raise NotConvertibleError(f"'{self._token()}' has no unique meaning there")
        return Statement(tuple(sides), tuple(relations))

    def expression(self) -> Any:
        statement = self.statement()
        if statement.relations:
            raise NotConvertibleError("a relation inside an expression")
        return statement.sides[0]

    def sum(self) -> Any:
        negative = self._token() == "-"
        if self._token() in ("+", "-"):
            self._take()
        total = self._product()
        total = -total if negative else total
        while self._token() in ("+", "-"):
            sign = self._take().token
            term = self._product()
            total = total + term if sign == "+" else total - term
        return total

    def _product(self) -> Any:
        product = self._factor()
        while True:
            token = self._token()
            if token in _TIMES:
                self._take()
                product = product * self._factor()
            elif token in _OVER:
                self._take()
                product = product / self._factor()
            elif self._begins_factor(token):
                product = product * self._factor()
            else:
                return product

    def _factor(self) -> Any:
        factor = self._atom()
        while self._token() == "!":
            self._take()
            factor = sympy.factorial(factor)
        return factor

    def _begins_factor(self, token: str) -> bool:
        return (
            token in _PAIRS
            or token in ("\\frac", "\\dfrac", "\\tfrac", "\\sqrt", "{", "\\sum", "\\int")
            or token in _FUNCTIONS
            or token in _CONSTANTS
            or _is_letter(token)
            or token.isdecimal()
        )

    def _atom(self) -> Any:
        symbol = self._take()
        token = symbol.token
        if token.isdecimal():
            return self._number(symbol)
        if token in _PAIRS:
            return self._bracket(token)
        if token in _FUNCTIONS:
            return self._function(symbol)
        if token in ("\\sum", "\\int"):
            return self._big(symbol)
        if token in ("\\frac", "\\dfrac", "\\tfrac"):
            value = _branch(symbol, "above") / _branch(symbol, "below")
        elif token == "\\sqrt":
            index = _branch(symbol, "below") if symbol.branch("below") else 2
            value = sympy.root(_branch(symbol, "above"), index)
        elif token == "{":
            value = _branch(symbol, "inside")
        elif token in _UNKNOWN_FUNCTIONS and self._token() == "(":
            return self._applied(symbol)
        elif token in _CONSTANTS and not symbol.branch("sub"):
            value = _CONSTANTS[token]
        elif _is_letter(token):
            value = _variable(symbol)
        else:
            raise NotConvertibleError(f"'{token}' is not a known algebraic symbol")
        return _raised(value, symbol)

    def _number(self, symbol: Symbol) -> Any:
        digits = symbol.token
        while not symbol.children and (self._token().isdecimal() or (self._token() == "." and "." not in digits)):
            symbol = self._take()
            digits += symbol.token
        if symbol.branch("sub"):
            raise NotConvertibleError("a number with a subscript")
        return _raised(sympy.Rational(digits.rstrip(".")), symbol)

    def _bracket(self, opener: str) -> Any:
        """A bracketed expression; its opening bracket is already consumed."""
        depth, begin = 1, self._position
        for i in range(begin, len(self._symbols)):
            token = self._symbols[i].token
            depth += (token == opener) - (token == _PAIRS[opener])
            if depth == 0:
                self._position = i + 1
                inner = _Reader(self._symbols[begin:i]).expression()
                return _raised(inner, self._symbols[i])
        raise NotConvertibleError(f"'{opener}' does not close")

    def _function(self, symbol: Symbol) -> Any:
        function = _FUNCTIONS[symbol.token]
        if self._token() == "(":
            self._take()
            argument = self._bracket("(")
        else:
            argument = self._bare_argument()
        if symbol.branch("sub"):
            if symbol.token != "\\log":
                raise NotConvertibleError(f"'{symbol.token}' with a subscript")
            return _raised(sympy.log(argument, _branch(symbol, "sub")), symbol, scripts_apart=True)
        return _raised(function(argument), symbol)

    def _bare_argument(self) -> Any:
        """``2 x`` of ``\\sin 2 x``: a number, a variable, or both; anything longer is ambiguous."""
        if not self._begins_factor(self._token()) or self._token() in _FUNCTIONS:
            raise NotConvertibleError("a function without a clear argument")
        number = self._token().isdecimal()
        argument = self._factor()
        if number and _is_letter(self._token()):
            argument = argument * self._factor()
        if self._begins_factor(self._token()) and self._token() not in _FUNCTIONS:
            raise NotConvertibleError("a function whose argument has no clear end")
        return argument

    def _applied(self, symbol: Symbol) -> Any:
        self._take()
        argument = self._bracket("(")
        name = " ".join(to_tokens([Symbol(symbol.token, "", 0, symbol.children)]))
        return sympy.Function(name)(argument)

    def _big(self, symbol: Symbol) -> Any:
        below, above = symbol.branch("below"), symbol.branch("above")
        if self._token() == "\\limits":
            carrier = self._take()
            below, above = carrier.branch("sub"), carrier.branch("sup")
        if not below or not above:
            raise NotConvertibleError(f"'{symbol.token}' without bounds")
        if symbol.token == "\\sum":
            start = _Reader(below).statement()
            if start.relations != ("=",) or not isinstance(start.sides[0], sympy.Symbol):
                raise NotConvertibleError("a sum over something other than 'i = a'")
            return sympy.Sum(self._product(), (start.sides[0], start.sides[1], _Reader(above).expression()))
        return self._integral(_Reader(below).expression(), _Reader(above).expression())

    def _integral(self, low: Any, high: Any) -> Any:
        rest = self._symbols[self._position :]
        ends = [n for n, (d, x) in enumerate(pairwise(rest)) if d.token == "d" and _plain(d, x)]
        if len(ends) != 1:
            raise NotConvertibleError("an integral without exactly one 'd x'")
        integrand = _Reader(rest[: ends[0]]).expression() if ends[0] else sympy.Integer(1)
        self._position += ends[0] + 2
        return sympy.Integral(integrand, (_variable(rest[ends[0] + 1]), low, high))

    def _token(self) -> str:
        return self._symbols[self._position].token if self._position < len(self._symbols) else ""

    def _take(self) -> Symbol:
        if self._position >= len(self._symbols):
            raise NotConvertibleError("the formula ends where an operand must follow")
        self._position += 1
        return self._symbols[self._position - 1]


def _is_letter(token: str) -> bool:
    return (len(token) == 1 and token.isalpha() and token.isascii()) or token in _GREEK


def _plain(differential: Symbol, variable: Symbol) -> bool:
    return not differential.children and not variable.children and _is_letter(variable.token)


def _branch(symbol: Symbol, relation: str) -> Any:
    return _Reader(symbol.branch(relation)).expression()


def _variable(symbol: Symbol) -> Any:
    """A variable; the subscript is part of its name."""
    below = " ".join(to_tokens(symbol.branch("sub")))
    return sympy.Symbol(f"{symbol.token}_{{{below}}}" if below else symbol.token)


def _raised(base: Any, symbol: Symbol, *, scripts_apart: bool = False) -> Any:
    known = {"sup", "above", "below", "inside"} | ({"sub"} if scripts_apart or _is_letter(symbol.token) else set())
    if extra := {relation for relation, _ in symbol.branches} - known:
        raise NotConvertibleError(f"'{symbol.token}' with '{extra.pop()}'")
    if not symbol.branch("sup"):
        return base
    power = _branch(symbol, "sup")
    if base.is_number and power.is_number and not abs(power) <= _MAX_POWER:
        raise NotConvertibleError(f"a power of a number with an exponent above {_MAX_POWER}")
    return base**power
