"""Share of predictions that mean the same as their labels, by proof: SymPy, in worker processes with a time limit.

Reported separately, never part of ExpRate.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import TimeoutError as OutOfTime
from typing import Any

import numpy as np

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.parser import parse
from mumer_data.metrics import Floats, ratio
from mumer_data.metrics.pairs import Pairs

SECONDS = 5.0  # time limit per pair
_MEMORY = 4 << 30  # bytes of address space of a worker
EQUAL, DIFFERENT, NOT_CONVERTIBLE, TIMEOUT = "equal", "different", "not_convertible", "timeout"


class Semantic:
    """``semantic_rate`` (0-100): the same tokens, or proved equal, of all pairs."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.signature = f"tok:whitespace|sympy:{version('sympy')}-simplify-limit:{SECONDS:g}s"

    def statistics(self, pairs: Pairs) -> Floats:
        """1, equal, proved equal although the tokens differ, not convertible, out of time."""
        differing = np.flatnonzero(~pairs.exact).tolist()
        rows = np.zeros((len(pairs), 5))
        rows[:, 0], rows[:, 1] = 1, pairs.exact
        verdicts = list(prove_all([(pairs.labels[i], pairs.predictions[i]) for i in differing]))
        for i, verdict in zip(differing, verdicts, strict=True):
            rows[i, 1:] = verdict == EQUAL, verdict == EQUAL, verdict == NOT_CONVERTIBLE, verdict == TIMEOUT
        return rows

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """The one figure."""
        return {"semantic_rate": ratio(sums[..., 1], sums[..., 0]) * 100}

    def counts(self, statistics: Floats) -> dict[str, int]:
        """Of the pairs whose tokens differ: how many were proved equal, could not be converted, took too long."""
        names = ("semantic_proved", "semantic_not_convertible", "semantic_timeout")
        return {name: int(statistics[:, column].sum()) for column, name in enumerate(names, 2)}


def prove_all(pairs: list[tuple[str, str]], *, seconds: float = SECONDS, workers: int | None = None) -> Iterator[str]:
    """A verdict for every pair, in order: ``equal``, ``different`` (not proved), ``not_convertible``, ``timeout``."""
    from pebble import ProcessExpired, ProcessPool

    if not pairs:
        return
    with ProcessPool(
        max_workers=workers or os.cpu_count() or 1, initializer=_start_worker, initargs=[os.getpid()]
    ) as pool:
        verdicts = pool.map(_prove, pairs, timeout=seconds).result()
        while True:
            try:
                yield next(verdicts)
            except StopIteration:
                return
            except (OutOfTime, ProcessExpired, MemoryError):  # the worker has ended, another replaces it
                yield TIMEOUT


def _start_worker(parent: int) -> None:
    from mumer_data.io.processes import end_with

    end_with(parent)
    _limit_memory()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _prove(pair: tuple[str, str]) -> str:
    return prove(*pair)


def prove(label: str, text: str) -> str:
    """The verdict on one pair, without a time limit."""
    from mumer_data.metrics.to_sympy import NotConvertibleError, to_sympy

    try:
        one, two = to_sympy(parse(label)), to_sympy(parse(text))
    except (LatexSyntaxError, NotConvertibleError, RecursionError):
        return NOT_CONVERTIBLE
    except (ArithmeticError, TypeError, ValueError):  # raised by SymPy, e.g. for infinity minus infinity
        return NOT_CONVERTIBLE
    if one.relations != two.relations:
        two = two.mirrored()
    if one.relations != two.relations:
        return DIFFERENT
    try:
        if all(_zero(a - b) for a, b in zip(one.sides, two.sides, strict=True)):
            return EQUAL
        if one.relations == ("=",) and _same_equation(one.sides, two.sides):
            return EQUAL
    except (ArithmeticError, TypeError, ValueError, AttributeError, NotImplementedError, RecursionError):
        pass  # SymPy gave up: not proved
    return DIFFERENT


def _same_equation(one: tuple[Any, ...], two: tuple[Any, ...]) -> bool:
    """Whether two equations are equivalent: sides swapped, or both multiplied by the same number."""
    import sympy

    if _zero(one[0] - two[1]) and _zero(one[1] - two[0]):
        return True
    first, second = one[0] - one[1], two[0] - two[1]
    if _zero(first) or _zero(second):  # always true, such as x = x: not comparable
        return False
    factor = sympy.simplify(first / second)
    return bool(factor.is_number and factor.is_finite and not factor.is_zero)


def _zero(difference: Any) -> bool:
    import sympy

    return bool(difference == 0) or bool(sympy.expand(difference) == 0) or bool(sympy.simplify(difference) == 0)
