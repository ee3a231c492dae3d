"""What is asked for: how many labels, of which lengths and depths, and which must not be among them.

Not for drawing any: see `collect`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mumer_data.exceptions import GenerationError

ENDLESS = 1 << 30
_BIN_SHARE = 0.01  # of a corpus: what a bin of lengths holds at least
_DEEPEST = 3  # depths from here on are one
_SIZES = 7

Sizes = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Labels that are counted together.

    Attributes:
        low, high: their tokens, at least and at most, braces counted.
        share: of all labels that are asked for; any positive number, they are made to sum to one.
        depth: of their trees, `_DEEPEST` for more than that too; ``None`` for any.
        sizes: which of the sizes that a source can draw give such labels, and how much of each.
    """

    low: int
    high: int
    share: float
    depth: int | None = None
    sizes: Sizes = (("", 1.0),)

    @property
    def name(self) -> str:
        """As people read it."""
        tokens = f"{self.low} tokens" if self.high == self.low else f"{self.low} to {self.high} tokens"
        tokens = f"{self.low} tokens or more" if self.high >= ENDLESS else tokens
        return tokens if self.depth is None else f"{tokens}, depth {self.depth}"


ANY: tuple[Bin, ...] = (Bin(1, ENDLESS, 1.0),)


@dataclass(frozen=True)
class Quota:
    """What a collection must be.

    Attributes:
        count: how many labels.
        bins: their lengths; a label in no bin is dropped.
        binding: whether a bin that cannot be filled is an error; otherwise others take over.
        depths: of the trees, at least and at most.
        excluded: keys of labels that must not be drawn.
        known: keys of labels that are there already.
        key: label -> what two labels must share to be the same.
    """

    count: int
    bins: tuple[Bin, ...] = ANY
    binding: bool = True
    depths: tuple[int, int] = (0, ENDLESS)
    excluded: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    key: Callable[[str], str] = str

    def quotas(self) -> list[int]:
        """How many labels each bin is to have."""
        return largest_remainders([one.share for one in self.bins], self.count)

    def deep_enough(self, depth: int) -> bool:
        """Whether a depth is one of those asked for."""
        return self.depths[0] <= depth <= self.depths[1]

    def bin_of(self, length: int, depth: int) -> int | None:
        """The place of the bin that a label belongs to."""
        if not self.deep_enough(depth):
            return None
        for place, one in enumerate(self.bins):
            if one.low <= length <= one.high and one.depth in (None, min(depth, _DEEPEST)):
                return place
        return None


def largest_remainders(shares: Sequence[float], count: int) -> list[int]:
    """Whole numbers in proportion to ``shares`` that sum to ``count``."""
    total = sum(shares)
    exact = [share / total * count for share in shares]
    found = [int(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda place: (found[place] - exact[place], place))
    for place in order[: count - sum(found)]:
        found[place] += 1
    return found


@dataclass(frozen=True)
class Sizing:
    """The lengths of a corpus, and the classes of them that a grammar counts apart.

    Attributes:
        edges: the longest label of each class but the last.
        cells: (length, depth) -> labels.
    """

    edges: tuple[int, ...]
    cells: Counter[tuple[int, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, cells: Counter[tuple[int, int]]) -> Sizing:
        """Classes of about the same number of labels each, the longest ones in smaller classes."""
        lengths = sorted(length for length, _ in cells.elements())
        cuts = [*(k / (_SIZES - 1) for k in range(1, _SIZES - 1)), 0.93]
        return cls(tuple(sorted({lengths[int(cut * (len(lengths) - 1))] for cut in cuts})), cells)

    def size_of(self, length: int, depth: int) -> str:
        """The class of a length and a depth."""
        return f"{sum(length > edge for edge in self.edges)}.{min(depth, _DEEPEST)}"

    def within(self, depths: tuple[int, int]) -> Sizing:
        """The same classes, for a corpus without the labels of other depths."""
        cells = {cell: count for cell, count in self.cells.items() if depths[0] <= cell[1] <= depths[1]}
        return Sizing(self.edges, Counter(cells))

    def like_corpus(self) -> tuple[Bin, ...]:
        """Bins with the lengths and depths of the corpus."""
        return tuple(
            Bin(low, high, share, depth, self.sizes(low, high, depth))
            for low, high in self._spans()
            for depth in range(_DEEPEST + 1)
            if (share := self._count(low, high, depth))
        )

    def bins(self, spans: Iterable[tuple[int, int, float]]) -> tuple[Bin, ...]:
        """Bins of the lengths that somebody asks for, as (least, most, share)."""
        return tuple(Bin(low, high, share, None, self.sizes(low, high)) for low, high, share in spans)

    def sizes(self, low: int, high: int, deep: int | None = None) -> Sizes:
        """The classes that the corpus has between two lengths; the nearest one where it has none."""
        found: Counter[str] = Counter()
        for (length, depth), count in self.cells.items():
            if low <= length <= high and deep in (None, min(depth, _DEEPEST)):
                found[self.size_of(length, depth)] += count
        if not found:
            return ((self.size_of(low, deep or 0), 1.0),)
        total = sum(found.values())
        return tuple((size, count / total) for size, count in sorted(found.items()))

    def _count(self, low: int, high: int, depth: int) -> float:
        return float(sum(n for (x, d), n in self.cells.items() if low <= x <= high and min(d, _DEEPEST) == depth))

    def _spans(self) -> list[tuple[int, int]]:
        """Runs of lengths that hold at least `_BIN_SHARE` of the corpus each; the last takes what is left."""
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
    """``5-40``, or ``1-10:0.2,11-30:0.6,31-60:0.2`` -> (least, most, share).

    Raises:
        GenerationError: a part is not of this form, or two parts overlap.
    """
    found: list[tuple[int, int, float]] = []
    for part in text.split(","):
        span, colon, share = part.strip().partition(":")
        low, dash, high = span.partition("-")
        try:
            one = (int(low), int(high if dash else low), float(share) if colon else 1.0)
        except ValueError:
            one = (0, 0, 0.0)
        if not (1 <= one[0] <= one[1] and 0 < one[2] < ENDLESS):
            raise GenerationError(f"'{part.strip()}' is not a length: write 5-40, or 1-10:0.2,11-30:0.8")
        found.append(one)
    ordered = sorted(found)
    for one, following in pairwise(ordered):
        if following[0] <= one[1]:
            raise GenerationError(f"the lengths {text} overlap at {following[0]}")
    return found
