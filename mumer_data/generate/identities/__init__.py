"""Mathematical identities, true by construction, checked numerically, and written as labels.

A new family is one module with a ``KINDS`` tuple of functions ``(Pick) -> Fact``, and one line in `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from mumer_data.exceptions import GenerationError
from mumer_data.generate.identities.pick import Fact, Pick

Kind = Callable[[Pick], Fact]

# name on the command line -> module, imported lazily (together with SymPy).
FAMILIES = {
    "algebra": "mumer_data.generate.identities.algebra",
    "calculus": "mumer_data.generate.identities.calculus",
    "equations": "mumer_data.generate.identities.equations",
    "matrices": "mumer_data.generate.identities.matrices",
    "series": "mumer_data.generate.identities.series",
    "trigonometry": "mumer_data.generate.identities.trigonometry",
}


def statement_kinds_of(family: str) -> tuple[Kind, ...]:
    """The kinds of facts of a family; raises ``GenerationError`` for an unknown one."""
    if family not in FAMILIES:
        raise GenerationError(f"unknown family '{family}': known are {', '.join(FAMILIES)}")
    kinds: tuple[Kind, ...] = import_module(FAMILIES[family]).KINDS
    return kinds
