"""Counts of what follows in a context, with shorter contexts to fall back on; draws from them.

Not for what a context is made of: see `grammar`.
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
    """Numbers in [0, 1), many at a time."""
    while True:
        yield from rng.random(64).tolist()


class Backoff(Generic[T]):
    """Draws an outcome in a context: from what was seen there or, with Witten and Bell's probability, a shorter one.

    The chain of contexts that one observation is counted in goes from long to short, and each must be a function of
    the one before. Escape probability of a context: kinds seen / (times seen + kinds seen) [Witten and Bell 1991].
    """

    def __init__(self) -> None:
        self._counts: dict[Context, Counter[T]] = {}
        self._shorter: dict[Context, Context | None] = {}
        self._tables: dict[Context, tuple[float, list[float], list[T]]] = {}

    def count(self, chain: Sequence[Context], outcome: T) -> None:
        """One more observation; the last context of a chain is never escaped from."""
        for place, context in enumerate(chain):
            counts = self._counts.get(context)
            if counts is None:
                counts = self._counts[context] = Counter()
                self._shorter[context] = chain[place + 1] if place + 1 < len(chain) else None
            counts[outcome] += 1

    def settle(self, weight: Callable[[T], float] | None = None) -> None:
        """Make the tables to draw from, with every outcome ``weight`` times as likely as counted."""
        self._tables = {}
        masses: dict[Context, float] = {}
        for context in self._counts:
            pending = [context]
            while pending:
                shorter = self._shorter[pending[-1]]
                if shorter is None or shorter in masses:
                    self._settle(pending.pop(), masses, weight)
                else:
                    pending.append(shorter)

    def _settle(self, context: Context, masses: dict[Context, float], weight: Callable[[T], float] | None) -> None:
        if context in masses:
            return
        counts, shorter = self._counts[context], self._shorter[context]
        outcomes = list(counts)
        amounts = [float(n) if weight is None else n * weight(o) for o, n in counts.items()]
        escape = len(outcomes) * masses[shorter] if shorter is not None else 0.0
        cumulative = list(accumulate(amounts))
        total = cumulative[-1] + escape
        masses[context] = total / (sum(counts.values()) + (len(outcomes) if shorter is not None else 0))
        if total:  # else nothing can be drawn here
            self._tables[context] = (escape / total, cumulative, outcomes)

    def seen(self, context: Context, outcome: T) -> bool:
        """Whether an outcome was counted in a context."""
        return outcome in self._counts.get(context, ())

    def draw(self, chain: Sequence[Context], numbers: Iterator[float]) -> T:
        """An outcome; contexts never seen are passed over. Raises ``KeyError`` where the last was never seen."""
        tables = self._tables
        for context in chain:
            table = tables.get(context)
            if table is None:
                continue
            escape, cumulative, outcomes = table
            number = next(numbers)
            if number >= escape:
                place = bisect(cumulative, (number - escape) / (1 - escape) * cumulative[-1])
                return outcomes[min(place, len(outcomes) - 1)]
        raise KeyError(chain)
