"""Probabilities from sparse counts: sparse contexts back off to more general ones.

Not for the contexts themselves: see `sites`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

STRENGTH = 8.0  # observations of a context that weigh as much as the estimate of the next more general one


@dataclass
class Rates:
    """The probability that something happens at a site.

    A site has keys, from the most specific to the most general. The estimate of each key is smoothed towards that of
    the next with ``STRENGTH`` pseudo-counts (Dirichlet smoothing, as in language models).

    Attributes:
        sites, hits: key -> number of sites, and of those where it happened.
    """

    sites: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    def add_site(self, keys: Iterable[str]) -> None:
        """Count a site, whether it happened there or not."""
        self.sites.update(keys)

    def add_hit(self, keys: Iterable[str]) -> None:
        """Count that it happened; the site is counted separately, by `add_site`."""
        self.hits.update(keys)

    def rate(self, keys: Sequence[str]) -> float:
        """The probability at such a site."""
        probability = 0.0
        for key in reversed(keys):
            probability = (self.hits[key] + STRENGTH * probability) / (self.sites[key] + STRENGTH)
        return probability


@dataclass
class Choices:
    """The distribution of what is chosen at a site; keys as in `Rates`.

    Attributes:
        counts: key -> choice -> count.
    """

    counts: dict[str, Counter[tuple[str, ...]]] = field(default_factory=dict)

    def add(self, keys: Iterable[str], choice: tuple[str, ...]) -> None:
        """Count one choice."""
        for key in keys:
            self.counts.setdefault(key, Counter())[choice] += 1

    def weights(self, keys: Sequence[str], strength: float = 1.0) -> dict[tuple[str, ...], float]:
        """Choice -> weight: the counts of each key plus ``strength`` pseudo-counts spread as for the next key."""
        weights: dict[tuple[str, ...], float] = {}
        for key in reversed(keys):
            total = sum(weights.values())
            mixed = {choice: strength * weight / total for choice, weight in weights.items()}
            for choice, count in self.counts.get(key, {}).items():
                mixed[choice] = mixed.get(choice, 0.0) + count
            weights = mixed
        return weights
