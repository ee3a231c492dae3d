"""An identity -> a canonical label, after its claims have been checked at random points.

Not for creating identities.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.generate.collect import Dropped
from mumer_data.generate.identities.pick import Expression, Fact, Pick
from mumer_data.latex.normalize import Normalizer

_TOLERANCE = 1e-9
_DIGITS = 20
_POINTS = 2


def style(pick: Pick) -> dict[str, Any]:
    """Random notation: brackets of functions, names of logarithms, multiplication signs, brackets of matrices."""
    bare = pick.chance(0.6)
    return {
        "fold_func_brackets": bare,
        "ln_notation": pick.chance(0.5),
        "inv_trig_style": "full",
        "imaginary_unit": "i",
        "mul_symbol": "dot" if not bare and pick.chance(0.12) else None,
        "mat_str": pick.one(("pmatrix", "pmatrix", "bmatrix")),
        "mat_delim": "",
        "fold_short_frac": not bare and pick.chance(0.2),
        "root_notation": True,
    }


def write(fact: Fact, pick: Pick, preset: str) -> str:
    """The label of an identity.

    Raises:
        Dropped: a claim does not hold, or normalisation would change the meaning of the label.
    """
    for left, right in fact.claims:
        if not holds(left, right, pick):
            raise Dropped("untrue")
    printer = _Printer(style(pick) | dict(fact.settings), pick.one((r" \cdot ", r" \times ")), pick.chance(0.15))
    raw = " ".join(part if isinstance(part, str) else printer.doprint(part) for part in fact.parts)
    full, careful = _normalizers(preset)
    try:
        label = careful(raw)
        if full(label) != label:  # letters side by side that spell a function
            raise Dropped("unreadable")
    except LatexSyntaxError:
        raise Dropped("unreadable") from None
    return label


@lru_cache(maxsize=8)
def _normalizers(preset: str) -> tuple[Normalizer, Normalizer]:
    return Normalizer(preset), Normalizer(preset, {"spelled_functions": False})


def holds(left: Expression, right: Expression, pick: Pick) -> bool:
    """Whether two expressions, or two matrices, agree at a few random positive numbers, to nine digits."""
    pairs = [(left, right)]
    if isinstance(left, sympy.MatrixBase):
        if left.shape != right.shape:
            return False
        pairs = list(zip(left, right, strict=True))
    return all(_agree(_exact(one), _exact(two), pick) for one, two in pairs)


def _exact(value: Expression | int) -> Expression:
    """A Python integer as a SymPy integer."""
    return sympy.Integer(value) if isinstance(value, int) else value


def _agree(left: Expression, right: Expression, pick: Pick) -> bool:
    if left == right:
        return True
    names = sorted(left.free_symbols | right.free_symbols, key=lambda symbol: symbol.name)
    for _ in range(_POINTS if names else 1):
        point = {name: sympy.Float(pick.rng.uniform(0.2, 1.4), _DIGITS) for name in names}
        one, two = (complex(side.evalf(_DIGITS, subs=point)) for side in (left, right))
        if not abs(one - two) <= _TOLERANCE * max(abs(one), abs(two), 1.0):  # `not` also rejects nan
            return False
    return True


class _Printer(LatexPrinter):  # type: ignore[misc]
    """SymPy's printer, except that names of symbols are already LaTeX.

    Args:
        settings: of SymPy's printer.
        times: multiplication sign between two numbers.
        limits: whether the bounds of an integral are written below and above it.
    """

    def __init__(self, settings: dict[str, Any], times: str, limits: bool) -> None:
        super().__init__(settings)
        self._limits = limits
        if settings.get("mul_symbol") is None:
            self._settings["mul_symbol_latex_numbers"] = times

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:  # noqa: N802 - the name is SymPy's
        return str(expr.name)

    def _print_log(self, expr: Any, exp: Any = None) -> str:
        argument = expr.args[0]
        if not (self._settings["fold_func_brackets"] and (argument.is_Symbol or argument.is_Integer)):
            return str(super()._print_log(expr, exp))
        name = r"\ln" if self._settings["ln_notation"] else r"\log"
        return f"{name}^{{{exp}}} {self._print(argument)}" if exp else f"{name} {self._print(argument)}"

    def _print_Integral(self, expr: Any) -> str:  # noqa: N802
        text = str(super()._print_Integral(expr))
        return text if self._limits else text.replace(r"\int\limits", r"\int")

    def _print_Limit(self, expr: Any) -> str:  # noqa: N802
        body, variable, point, _ = expr.args
        text = self._print(body)
        text = rf"\left({text}\right)" if body.is_Add else text
        return rf"\lim_{{{self._print(variable)} \to {self._print(point)}}} {text}"

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        """``r - q`` instead of ``- q + r``."""
        terms = list(super()._as_ordered_terms(expr, order))
        if len(terms) == 2 and terms[0].could_extract_minus_sign() and not terms[1].could_extract_minus_sign():
            terms.reverse()
        return terms
