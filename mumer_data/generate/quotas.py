"""Quotas: the number of labels, their lengths and depths, and the excluded ones.

Not for sampling: see `collect`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mumer_data.exceptions import GenerationError

ENDLESS = 1 << 30
_BIN_SHARE = 0.01  # smallest share of the corpus per bin of lengths
_DEEPEST = 3  # this and larger depths are counted together
_SIZES = 7

Sizes = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Labels that are counted together.

    Attributes:
        low, high: smallest and largest number of tokens, braces included.
        share: relative share of all requested labels; any positive number, normalised to a sum of one.
        depth: of their trees, `_DEEPEST` includes larger depths; ``None`` for any.
        sizes: size classes of the source that produce such labels, with their shares.
    """

    low: int
    high: int
    share: float
    depth: int | None = None
    sizes: Sizes = (("", 1.0),)

    @property
    def name(self) -> str:
        """Readable name of the bin."""
        tokens = f"{self.low} tokens" if self.high == self.low else f"{self.low} to {self.high} tokens"
        tokens = f"{self.low} tokens or more" if self.high >= ENDLESS else tokens
        return tokens if self.depth is None else f"{tokens}, depth {self.depth}"


ANY: tuple[Bin, ...] = (Bin(1, ENDLESS, 1.0),)


@dataclass(frozen=True)
class Quota:
    """Requirements on a collection.

    Attributes:
        count: number of labels.
        bins: their lengths; a label in no bin is dropped.
        binding: whether a bin that cannot be filled is an error; otherwise other bins get its labels.
        depths: smallest and largest depth of the trees.
        excluded: keys of labels that must not be drawn.
        known: keys of labels that already exist in the corpus.
        key: label -> key; labels with equal keys are duplicates.
    """

    count: int
    bins: tuple[Bin, ...] = ANY
    binding: bool = True
    depths: tuple[int, int] = (0, ENDLESS)
    excluded: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    key: Callable[[str], str] = str

    def quotas(self) -> list[int]:
        """Number of labels of each bin."""
        return largest_remainders([one.share for one in self.bins], self.count)

    def deep_enough(self, depth: int) -> bool:
        """Whether a depth is within `depths`."""
        return self.depths[0] <= depth <= self.depths[1]

    def bin_of(self, length: int, depth: int) -> int | None:
        """The index of the bin that a label belongs to; ``None`` if there is none."""
        if not self.deep_enough(depth):
            return None
        for i, one in enumerate(self.bins):
            if one.low <= length <= one.high and one.depth in (None, min(depth, _DEEPEST)):
                return i
        return None


def largest_remainders(shares: Sequence[float], count: int) -> list[int]:
    """Integers in proportion to ``shares`` that sum to ``count``."""
    total = sum(shares)
    exact = [share / total * count for share in shares]
    counts = [int(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in order[: count - sum(counts)]:
        counts[i] += 1
    return counts


@dataclass(frozen=True)
class Sizing:
    """The lengths of a corpus, and the size classes that a grammar counts separately.

    Attributes:
        edges: largest length of each class except the last.
        cells: (length, depth) -> number of labels.
    """

    edges: tuple[int, ...]
    cells: Counter[tuple[int, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, cells: Counter[tuple[int, int]]) -> Sizing:
        """Classes with about the same number of labels; classes of long labels are smaller."""
        lengths = sorted(length for length, _ in cells.elements())
        cuts = [*(k / (_SIZES - 1) for k in range(1, _SIZES - 1)), 0.93]
        return cls(tuple(sorted({lengths[int(cut * (len(lengths) - 1))] for cut in cuts})), cells)

    def size_of(self, length: int, depth: int) -> str:
        """The class of a length and a depth."""
        return f"{sum(length > edge for edge in self.edges)}.{min(depth, _DEEPEST)}"

    def within(self, depths: tuple[int, int]) -> Sizing:
        """The same classes, restricted to labels of these depths."""
        cells = {cell: count for cell, count in self.cells.items() if depths[0] <= cell[1] <= depths[1]}
        return Sizing(self.edges, Counter(cells))

    def like_corpus(self) -> tuple[Bin, ...]:
        """Bins with the distribution of lengths and depths of the corpus."""
        return tuple(
            Bin(low, high, share, depth, self.sizes(low, high, depth))
            for low, high in self._spans()
            for depth in range(_DEEPEST + 1)
            if (share := self._count(low, high, depth))
        )

    def bins(self, spans: Iterable[tuple[int, int, float]]) -> tuple[Bin, ...]:
        """Bins for requested lengths, as (smallest, largest, share)."""
        return tuple(Bin(low, high, share, None, self.sizes(low, high)) for low, high, share in spans)

    def sizes(self, low: int, high: int, deep: int | None = None) -> Sizes:
        """The size classes of the corpus between two lengths; the nearest one if there is none."""
        counts: Counter[str] = Counter()
        for (length, depth), count in self.cells.items():
            if low <= length <= high and deep in (None, min(depth, _DEEPEST)):
                counts[self.size_of(length, depth)] += count
        if not counts:
            return ((self.size_of(low, deep or 0), 1.0),)
        total = sum(counts.values())
        return tuple((size, count / total) for size, count in sorted(counts.items()))

    def _count(self, low: int, high: int, depth: int) -> float:
        return float(sum(n for (x, d), n in self.cells.items() if low <= x <= high and min(d, _DEEPEST) == depth))

    def _spans(self) -> list[tuple[int, int]]:
        """Ranges of lengths with at least `_BIN_SHARE` of the corpus each; the last one has the rest."""
        counts: Counter[int] = Counter()
        for (length, _), count in self.cells.items():
            counts[length] += count
        enough = _BIN_SHARE * sum(counts.values())
        spans: list[tuple[int, int]] = []
        low, held = 1, 0
        for length in range(1, max(counts, default=0) + 1):
            held += counts[length]
            if held >= enough:
                spans.append((low, length))
                low, held = length + 1, 0
        if held:
            spans.append((low, max(counts)))
        return spans


def read_lengths(text: str) -> list[tuple[int, int, float]]:
    """``5-40``, or ``1-10:0.2,11-30:0.6,31-60:0.2`` -> (smallest, largest, share).

    Raises:
        GenerationError: a part is not of this form, or two parts overlap.
    """
    spans: list[tuple[int, int, float]] = []
    for part in text.split(","):
        span, colon, share = part.strip().partition(":")
        low, dash, high = span.partition("-")
        try:
            one = (int(low), int(high if dash else low), float(share) if colon else 1.0)
        except ValueError:
            one = (0, 0, 0.0)
        if not (1 <= one[0] <= one[1] and 0 < one[2] < ENDLESS):
            raise GenerationError(f"'{part.strip()}' is not a length: write 5-40, or 1-10:0.2,11-30:0.8")
        spans.append(one)
    ordered = sorted(spans)
    for one, following in pairwise(ordered):
        if following[0] <= one[1]:
            raise GenerationError(f"the lengths {text} overlap at {following[0]}")
    return spans
