"""The percentile bootstrap over sums of rows; equal rows are stored once, which takes few bytes per pair.

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
_BLOCK = 50_000  # distinct rows multiplied at a time

Ints = NDArray[np.int64]


def interval(values: Floats) -> tuple[float, float]:
    """The bounds of the central `LEVEL` per cent of resampled values."""
    low, high = np.percentile(values, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(low), float(high)


def resampled_sums(statistics: Floats, seed: int = 0, resamples: int = RESAMPLES) -> Floats:
    """Sums over as many rows as there are, drawn with replacement: shape (resamples, columns).

    The same seed and number of rows draw the same rows, as a paired test requires.
    """
    rows = RowCounts()
    rows.add(statistics)
    return rows.resampled_sums(seed, resamples)


class RowCounts:
    """Rows of numbers, many of them equal: the distinct rows of each part, and for every row the index of its value."""

    def __init__(self) -> None:
        self.columns = 0
        self._distinct: list[list[NDArray[np.generic]]] = []
        self._indices: list[NDArray[np.uint32]] = []
        self._count = 0

    def __len__(self) -> int:
        return sum(map(len, self._indices))

    def add(self, statistics: Floats) -> None:
        """Add rows, shape (rows, columns); parts of about ten thousand rows keep memory low."""
        self.columns = statistics.shape[1]
        if not len(statistics):
            return
        packed = np.ascontiguousarray(statistics).view(np.dtype((np.void, statistics.itemsize * self.columns)))
        _, first, index = np.unique(packed.ravel(), return_index=True, return_inverse=True)
        self._distinct.append([_narrow(column) for column in statistics[first].T])
        self._indices.append((index + self._count).astype(np.uint32))
        self._count += len(first)

    def subset(self, rows: Ints) -> RowCounts:
        """Some of the rows, by their positions."""
        chosen = RowCounts()
        chosen.columns = self.columns
        if len(rows):
            used, indices = np.unique(self._all_indices()[rows], return_inverse=True)
            chosen._distinct = [[column[used] for column in self._all_columns()]]
            chosen._indices = [indices.astype(np.uint32)]
            chosen._count = len(used)
        return chosen

    def sums(self) -> Floats:
        """The sum of all rows, shape (columns,)."""
        total: Floats = self._weighted([np.bincount(self._all_indices(), minlength=self._count)])[0]
        return total

    def resampled_sums(self, seed: int, resamples: int = RESAMPLES) -> Floats:
        """See `resampled_sums`."""
        rows = len(self)
        if not rows:
            return np.zeros((resamples, self.columns))
        rng = np.random.default_rng([seed, rows])
        indices = self._all_indices()
        step = max(1, _CHUNK // max(rows, self._count))
        sums = []
        for begin in range(0, resamples, step):
            draws = range(min(step, resamples - begin))
            sums.append(self._weighted([self._draw(rng, indices) for _ in draws]))
        return np.concatenate(sums)

    def _draw(self, rng: np.random.Generator, indices: NDArray[np.uint32]) -> Ints:
        """Number of draws of each distinct row."""
        return np.bincount(indices[rng.integers(len(indices), size=len(indices))], minlength=self._count)

    def _weighted(self, weights: list[Ints]) -> Floats:
        """Weighted sums of the distinct rows: shape (len(weights), columns)."""
        total = np.zeros((len(weights), self.columns))
        for begin, block in self._blocks():
            drawn = np.array([one[begin : begin + len(block)] for one in weights], np.float64)
            total += drawn @ block
        return total

    def _all_indices(self) -> NDArray[np.uint32]:
        if len(self._indices) > 1:
            self._indices = [np.concatenate(self._indices)]
        return self._indices[0] if self._indices else np.zeros(0, np.uint32)

    def _all_columns(self) -> list[NDArray[np.generic]]:
        if len(self._distinct) > 1:
            self._distinct = [[np.concatenate(columns) for columns in zip(*self._distinct, strict=True)]]
        return self._distinct[0]

    def _blocks(self) -> Iterator[tuple[int, Floats]]:
        """(index of the first row, rows) of the distinct rows, block by block."""
        begin = 0
        for part in self._distinct:
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
