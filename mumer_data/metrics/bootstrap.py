"""The percentile bootstrap over sums of rows, and rows kept as counts: few bytes per pair, many pairs alike.

Source: P. Koehn, Statistical Significance Tests for Machine Translation Evaluation, 2004. Not for any single metric.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mumer_data.metrics import Floats

RESAMPLES = 1_000
LEVEL = 95  # per cent
_CHUNK = 4_000_000  # cells of a matrix of resamples held at a time
_BLOCK = 50_000  # different rows multiplied at a time

Ints = NDArray[np.int64]


def interval(values: Floats) -> tuple[float, float]:
    """The bounds of the central `LEVEL` per cent of resampled values."""
    low, high = np.percentile(values, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(low), float(high)


def resampled_sums(statistics: Floats, seed: int = 0, resamples: int = RESAMPLES) -> Floats:
    """Sums over rows drawn with replacement, as often as there are rows: shape (resamples, columns).

    The same seed and number of rows draw the same rows, which is what a paired test needs.
    """
    rows = RowCounts()
    rows.add(statistics)
    return rows.resampled_sums(seed, resamples)


class RowCounts:
    """Rows of numbers of which many are equal: each different row of a part once, and for every row its number."""

    def __init__(self) -> None:
        self.columns = 0
        self._different: list[list[NDArray[np.generic]]] = []
        self._numbers: list[NDArray[np.uint32]] = []
        self._count = 0

    def __len__(self) -> int:
        return sum(map(len, self._numbers))

    def add(self, statistics: Floats) -> None:
        """Add rows, shape (rows, columns); some ten thousand at a time keep memory low."""
        self.columns = statistics.shape[1]
        if not len(statistics):
            return
        packed = np.ascontiguousarray(statistics).view(np.dtype((np.void, statistics.itemsize * self.columns)))
        _, first, number = np.unique(packed.ravel(), return_index=True, return_inverse=True)
        self._different.append([_narrow(column) for column in statistics[first].T])
        self._numbers.append((number + self._count).astype(np.uint32))
        self._count += len(first)

    def subset(self, rows: Ints) -> RowCounts:
        """Some of the rows, by their positions."""
        chosen = RowCounts()
        chosen.columns = self.columns
        if len(rows):
            used, numbers = np.unique(self._all_numbers()[rows], return_inverse=True)
            chosen._different = [[column[used] for column in self._all_columns()]]
            chosen._numbers = [numbers.astype(np.uint32)]
            chosen._count = len(used)
        return chosen

    def sums(self) -> Floats:
        """The sum of all rows, shape (columns,)."""
        total: Floats = self._weighted([np.bincount(self._all_numbers(), minlength=self._count)])[0]
        return total

    def resampled_sums(self, seed: int, resamples: int = RESAMPLES) -> Floats:
        """See `resampled_sums`."""
        rows = len(self)
        if not rows:
            return np.zeros((resamples, self.columns))
        rng = np.random.default_rng([seed, rows])
        numbers = self._all_numbers()
        step = max(1, _CHUNK // max(rows, self._count))
        sums = []
        for begin in range(0, resamples, step):
            draws = range(min(step, resamples - begin))
            sums.append(self._weighted([self._draw(rng, numbers) for _ in draws]))
        return np.concatenate(sums)

    def _draw(self, rng: np.random.Generator, numbers: NDArray[np.uint32]) -> Ints:
        """How often each different row is drawn."""
        return np.bincount(numbers[rng.integers(len(numbers), size=len(numbers))], minlength=self._count)

    def _weighted(self, weights: list[Ints]) -> Floats:
        """Sums of the different rows, each as often as ``weights`` says: shape (len(weights), columns)."""
        total = np.zeros((len(weights), self.columns))
        for begin, block in self._blocks():
            drawn = np.array([one[begin : begin + len(block)] for one in weights], np.float64)
            total += drawn @ block
        return total

    def _all_numbers(self) -> NDArray[np.uint32]:
        if len(self._numbers) > 1:
            self._numbers = [np.concatenate(self._numbers)]
        return self._numbers[0] if self._numbers else np.zeros(0, np.uint32)

    def _all_columns(self) -> list[NDArray[np.generic]]:
        if len(self._different) > 1:
            self._different = [[np.concatenate(columns) for columns in zip(*self._different, strict=True)]]
        return self._different[0]

    def _blocks(self) -> Iterator[tuple[int, Floats]]:
        """(number of the first, rows) of the different rows."""
        begin = 0
        for part in self._different:
            for start in range(0, len(part[0]), _BLOCK):
                block = np.column_stack([column[start : start + _BLOCK] for column in part]).astype(np.float64)
                yield begin, block
                begin += len(block)


def _narrow(column: Floats) -> NDArray[np.generic]:
    """The same numbers in the smallest type that holds them."""
    for kind in (np.uint8, np.uint16, np.int32):
        narrow = column.astype(kind) if column.min() >= 0 and column.max() <= np.iinfo(kind).max else None
        if narrow is not None and np.array_equal(narrow, column):
            return narrow
    return column.copy()
