"""Probabilities from few counts: what is known of the exact case, filled up from more and more general ones.

Not for what the cases are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

STRENGTH = 8.0  # how many sightings of a case weigh as much as all that is known of the next more general one


@dataclass
class Rates:
    """How often something happens at a site, by what the site is like.

    A site is described by keys, from the exact to the general. Each level's share is drawn towards the next one's as if
    that had been seen ``STRENGTH`` times (the Bayesian average, or Dirichlet smoothing, of language models).

    Attributes:
        sites, hits: key -> how many sites, and at how many of them it happened.
    """

    sites: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    def add_site(self, keys: Iterable[str]) -> None:
        """Count a site where it could have happened."""
        self.sites.update(keys)

    def add_hit(self, keys: Iterable[str]) -> None:
        """Count that it happened; the site is counted by itself."""
        self.hits.update(keys)

    def rate(self, keys: Sequence[str]) -> float:
        """The probability at such a site."""
        found = 0.0
        for key in reversed(keys):
            found = (self.hits[key] + STRENGTH * found) / (self.sites[key] + STRENGTH)
        return found


@dataclass
class Choices:
    """What is chosen at a site, by what the site is like; keys as in `Rates`.

    Attributes:
        counts: key -> choice -> how often.
    """

    counts: dict[str, Counter[tuple[str, ...]]] = field(default_factory=dict)

    def add(self, keys: Iterable[str], choice: tuple[str, ...]) -> None:
        """Count one choice."""
        for key in keys:
            self.counts.setdefault(key, Counter())[choice] += 1

    def weights(self, keys: Sequence[str], strength: float = 1.0) -> dict[tuple[str, ...], float]:
        """Choice -> weight, the exact case's counts and, as if seen ``strength`` times, the next more general one's."""
        found: dict[tuple[str, ...], float] = {}
        for key in reversed(keys):
            total = sum(found.values())
            mixed = {choice: strength * weight / total for choice, weight in found.items()}
            for choice, count in self.counts.get(key, {}).items():
                mixed[choice] = mixed.get(choice, 0.0) + count
            found = mixed
        return found
