"""Samples labels until a quota is met: new, distinct, not excluded, of the requested lengths.

Not for sampling a single label (see `grammar` and `identities`), nor for files.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import NamedTuple, Protocol

import numpy as np

from mumer_data.exceptions import GenerationError
from mumer_data.generate.quotas import Quota, largest_remainders
from mumer_data.io.processes import parallel_map
from mumer_data.seeding import rng_for

# Decisions on candidates; every candidate gets exactly one.
OUTCOMES = (
    *("kept", "duplicate", "known", "excluded", "length", "depth", "surplus"),
    *("unreadable", "too_large", "untrue"),
)
_YIELD = 0.04  # a round that keeps a smaller share of its candidates has reached bins that are hard to fill
_HOPELESS = 0.002


class Dropped(Exception):  # noqa: N818 - a signal, never shown
    """A candidate that is not a label; ``outcome`` is one of `OUTCOMES`."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        super().__init__(outcome)

    def __reduce__(self) -> tuple[object, ...]:
        return Dropped, (self.outcome,)


class Candidate(NamedTuple):
    """A candidate label.

    Attributes:
        label: canonical, and accepted by the parser.
        depth: of its tree.
        kind: what sort of label it is, to count by.
    """

    label: str
    depth: int
    kind: str


class Source(Protocol):
    """A source of labels."""

    @property
    def stage(self) -> str:
        """Name that separates its random numbers from those of other sources."""

    @property
    def chunk(self) -> int:
        """Candidates per task of a worker."""

    def draw(self, rng: np.random.Generator, size: str) -> Candidate:
        """A label; raises `Dropped`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Candidates that one process draws: a pure function of the fields.

    Attributes:
        source: what draws.
        seed: random seed.
        numbers: of the candidates.
        sizes: the source's sizes with their weights.
    """

    source: Source
    seed: int
    numbers: range
    sizes: tuple[tuple[str, float], ...]

    def draw(self) -> list[Candidate | str]:
        """Every candidate, or the reason why it was dropped."""
        names = [name for name, _ in self.sizes]
        bounds = list(accumulate(share for _, share in self.sizes))
        candidates: list[Candidate | str] = []
        for number in self.numbers:
            rng = rng_for(self.seed, str(number), self.source.stage)
            size = names[bisect(bounds, rng.random() * bounds[-1], hi=len(bounds) - 1)]
            try:
                candidates.append(self.source.draw(rng, size))
            except Dropped as dropped:
                candidates.append(dropped.outcome)
        return candidates


@dataclass
class Collection:
    """The sampled labels.

    Attributes:
        labels: the kept ones, in the order they were drawn.
        counts: decision -> number of candidates; their sum is ``drawn``.
        filled: labels kept in each bin of the quota.
        drawn: number of candidates.
    """

    labels: list[Candidate] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    filled: list[int] = field(default_factory=list)
    drawn: int = 0


Draw = Callable[[Sequence[Chunk]], Iterator[list[Candidate | str]]]
"""Draws chunks: the candidates of each, in order."""


def collect(
    source: Source,
    quota: Quota,
    *,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
    draw: Draw | None = None,
) -> Collection:
    """Draw until ``quota`` is met; the result depends on ``seed`` and not on ``workers``.

    Args:
        source: where labels come from.
        quota: numbers, lengths and excluded labels.
        seed: random seed.
        workers: processes; ``None`` for one per core.
        progress: called after every round with the number of labels kept so far.
        draw: draws the chunks of a round, in place of ``workers`` processes.

    Raises:
        GenerationError: the source cannot fill the quota.
    """
    if draw is None:
        draw = partial(parallel_map, Chunk.draw, workers=workers, ordered=True)
    return _Collector(source, quota, seed, draw).run(progress or (lambda _: None))


class _Collector:
    """State of a running collection: quotas of the bins, and labels kept so far."""

    def __init__(self, source: Source, quota: Quota, seed: int, draw: Draw) -> None:
        self.source, self.quota, self.seed, self.draw = source, quota, seed, draw
        self.quotas = quota.quotas()
        self.collection = Collection(filled=[0] * len(quota.bins))
        self.seen: set[str] = set()
        self.surplus = [0] * len(quota.bins)

    def run(self, progress: Callable[[int], None]) -> Collection:
        collection, stalled = self.collection, 0
        while (missing := self.quota.count - len(collection.labels)) > 0:
            before = len(collection.labels)
            drawn = self._round(min(max(missing * 2, self.source.chunk), 8 * self.source.chunk))
            kept = len(collection.labels) - before
            progress(len(collection.labels))
            stalled = stalled + 1 if kept < _HOPELESS * drawn else 0
            if self.quota.binding or kept >= _YIELD * drawn:
                if stalled >= 3:
                    self._give_up()
            elif not self._redistribute() and stalled:
                self._give_up()
        assert sum(collection.counts.values()) == collection.drawn
        return collection

    def _round(self, count: int) -> int:
        first = self.collection.drawn
        step = self.source.chunk
        sizes = self._sizes()
        parts = [range(start, min(start + step, first + count)) for start in range(first, first + count, step)]
        chunks = [Chunk(self.source, self.seed, part, sizes) for part in parts]
        for drawn in self.draw(chunks):
            for one in drawn:
                if len(self.collection.labels) == self.quota.count:
                    return self.collection.drawn - first
                self.collection.drawn += 1
                self.collection.counts[one if isinstance(one, str) else self._judge(one)] += 1
        return self.collection.drawn - first

    def _sizes(self) -> tuple[tuple[str, float], ...]:
        """Size classes to draw, in proportion to the labels missing in their bins."""
        shares: Counter[str] = Counter()
        for one, limit, filled in zip(self.quota.bins, self.quotas, self.collection.filled, strict=True):
            for size, share in one.sizes:
                shares[size] += share * (limit - filled)  # type: ignore[assignment]
        return tuple(sorted((size, float(share)) for size, share in shares.items() if share > 0))

    def _judge(self, one: Candidate) -> str:
        quota, collection = self.quota, self.collection
        label, depth, _ = one
        key = quota.key(label)
        if key in self.seen:
            return "duplicate"
        if key in quota.excluded:
            return "excluded"
        if key in quota.known:
            return "known"
        length = label.count(" ") + 1
        i = quota.bin_of(length, depth)
        if i is None:
            return "length" if quota.deep_enough(depth) else "depth"
        if collection.filled[i] >= self.quotas[i]:
            self.surplus[i] += 1
            return "surplus"
        self.seen.add(key)
        collection.filled[i] += 1
        collection.labels.append(one)
        return "kept"

    def _redistribute(self) -> bool:
        """Move the missing labels of unfilled bins to bins with a surplus; false if there is no such bin."""
        bins = self.quota.bins
        weights = [one.share if spare else 0.0 for one, spare in zip(bins, self.surplus, strict=True)]
        self.surplus = [0] * len(bins)
        if not sum(weights):
            return False
        missing = self.quota.count - len(self.collection.labels)
        shares = largest_remainders(weights, missing)
        self.quotas = [filled + share for filled, share in zip(self.collection.filled, shares, strict=True)]
        return True

    def _give_up(self) -> None:
        collection = self.collection
        outcomes = ", ".join(
            f"{n:,} {_WHY[outcome]}" for outcome, n in collection.counts.most_common() if outcome != "kept"
        )
        short = [
            f"{one.name} ({filled:,} of {limit:,})"
            for one, limit, filled in zip(self.quota.bins, self.quotas, collection.filled, strict=True)
            if filled < limit
        ]
        raise GenerationError(
            f"found only {len(collection.labels):,} of {self.quota.count:,} labels in {collection.drawn:,} draws; "
            f"short of them: {'; '.join(short[:5])}{' and others' if len(short) > 5 else ''}. "
            f"Of the other draws {outcomes or 'there are none'}. "
            "Ask for fewer, allow other lengths or depths, or give a larger corpus"
        )


_WHY = {
    "duplicate": "were drawn before",
    "known": "are in the corpus (--known allows them)",
    "excluded": "are excluded",
    "length": "have another length",
    "depth": "have another depth",
    "surplus": "are of lengths that are full",
    "unreadable": "are not canonical",
    "too_large": "are too large",
    "untrue": "do not hold",
}
