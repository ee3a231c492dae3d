"""Families of identities as a source of labels.

Not for the identities themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from mumer_data.generate.atoms import is_letter
from mumer_data.generate.collect import Candidate
from mumer_data.generate.identities import FAMILIES, statement_kinds_of
from mumer_data.generate.identities.pick import COEFFICIENTS, RESERVED, VARIABLES, Pick
from mumer_data.generate.identities.write import write
from mumer_data.generate.weights import SamplingWeights, Shares
from mumer_data.latex.parser import parse

_LETTERS = tuple(sorted(set(VARIABLES + COEFFICIENTS) | set("XYVWRNMPQSTL") | {"\\gamma", "\\sigma", "\\omega"}))


@dataclass(frozen=True)
class FactSource:
    """Draws a family, then a kind of identity in it, then an identity.

    Attributes:
        families: names in `FAMILIES`.
        preset: of the normaliser.
        favoured, favour: preferred letters, and the probability of drawing from them; see `Pick`.
    """

    families: tuple[str, ...]
    preset: str = "crohme"
    favoured: Shares = field(default_factory=dict)
    favour: float = 0.0
    stage: str = "generate facts"
    chunk: int = 250

    def draw(self, rng: np.random.Generator, size: str) -> Candidate:
        """See `collect.Source`."""
        pick = Pick(rng, self.favoured, self.favour)
        family = pick.one(self.families)
        label = write(pick.one(statement_kinds_of(family))(pick), pick, self.preset)
        return Candidate(label, parse(label).depth, family)


def fact_source(
    families: Iterable[str], *, preset: str = "crohme", emphasis: SamplingWeights | None = None
) -> FactSource:
    """A source of identities of these families; all families if none is named.

    The emphasis affects only letters: they become the names of variables.

    Raises:
        GenerationError: an unknown family, or none of the confused symbols is a letter.
    """
    named = tuple(dict.fromkeys(families)) or tuple(FAMILIES)
    for family in named:
        statement_kinds_of(family)
    if not emphasis:
        return FactSource(named, preset)
    pairs = emphasis.confusions or {}
    free = sorted({token for pair in pairs for token in pair if is_letter(token)} | set(_LETTERS))
    free = [letter for letter in free if letter not in RESERVED]
    confused = emphasis.of_confusions(free)
    total = emphasis.rare + (emphasis.confused if confused else 0.0)
    favoured = {
        letter: (emphasis.rare / len(free) + emphasis.confused * confused.get(letter, 0.0)) / total for letter in free
    }
    return FactSource(named, preset, {name: share for name, share in favoured.items() if share}, total)
