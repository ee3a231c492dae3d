"""Counts of outcomes in contexts, with back-off to shorter contexts, and sampling from them.

Not for defining contexts: see `grammar`.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T", bound=Hashable)
Context = tuple[Hashable, ...]


def uniforms(rng: np.random.Generator) -> Iterator[float]:
    """Uniform random numbers in [0, 1), drawn in blocks."""
    while True:
        yield from rng.random(64).tolist()


class Backoff(Generic[T]):
    """Samples outcomes given a context; backs off to a shorter context with Witten and Bell's probability.

    The contexts of one observation are ordered from long to short, and each must be a function of the one before.
    Escape probability of a context: distinct outcomes / (observations + distinct outcomes) [Witten and Bell 1991].
    """

    def __init__(self) -> None:
        self._counts: dict[Context, Counter[T]] = {}
        self._shorter: dict[Context, Context | None] = {}
        self._tables: dict[Context, tuple[float, list[float], list[T]]] = {}

    def count(self, chain: Sequence[Context], outcome: T) -> None:
        """Add one observation; the last context of a chain has no back-off."""
        for i, context in enumerate(chain):
            counts = self._counts.get(context)
            if counts is None:
                counts = self._counts[context] = Counter()
                self._shorter[context] = chain[i + 1] if i + 1 < len(chain) else None
            counts[outcome] += 1

    def build_tables(self, weight: Callable[[T], float] | None = None) -> None:
        """Build the sampling tables; the count of every outcome is multiplied by ``weight``."""
        self._tables = {}
        masses: dict[Context, float] = {}
        for context in self._counts:
            pending = [context]
            while pending:
                shorter = self._shorter[pending[-1]]
                if shorter is None or shorter in masses:
                    self._build_table(pending.pop(), masses, weight)
                else:
                    pending.append(shorter)

    def _build_table(self, context: Context, masses: dict[Context, float], weight: Callable[[T], float] | None) -> None:
        if context in masses:
            return
        counts, shorter = self._counts[context], self._shorter[context]
        outcomes = list(counts)
        amounts = [float(n) if weight is None else n * weight(o) for o, n in counts.items()]
        escape = len(outcomes) * masses[shorter] if shorter is not None else 0.0
        cumulative = list(accumulate(amounts))
        total = cumulative[-1] + escape
        masses[context] = total / (sum(counts.values()) + (len(outcomes) if shorter is not None else 0))
        if total:  # otherwise no outcome has a positive weight
            self._tables[context] = (escape / total, cumulative, outcomes)

    def seen(self, context: Context, outcome: T) -> bool:
        """Whether an outcome was counted in a context."""
        return outcome in self._counts.get(context, ())

    def draw(self, chain: Sequence[Context], numbers: Iterator[float]) -> T:
        """Sample an outcome; unseen contexts are skipped. Raises ``KeyError`` if no context was seen."""
        tables = self._tables
        for context in chain:
            table = tables.get(context)
            if table is None:
                continue
            escape, cumulative, outcomes = table
            number = next(numbers)
            if number >= escape:
                i = bisect(cumulative, (number - escape) / (1 - escape) * cumulative[-1])
                return outcomes[min(i, len(outcomes) - 1)]
        raise KeyError(chain)
