"""The order in which rows come: another each epoch, from seed and epoch alone, so that a resumed run repeats it.

Not for which rows: `shards` and `measure` say that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from mumer_data.seeding import rng_for

_POOL = 50  # groups among which rows are sorted by length


class Order(Sampler[int]):
    """A permutation of the rows; with ``lengths``, rows of like length come together.

    Args:
        rows: how many there are.
        seed: of the run.
        epoch: gives the number of the epoch that begins.
        lengths: tokens of each row.
        group: rows that all devices take in one step: their lengths are alike, so that none waits for another.
    """

    def __init__(
        self, rows: int, seed: int, epoch: Callable[[], int], lengths: Sequence[int] | None = None, group: int = 1
    ) -> None:
        self._rows, self._seed, self._epoch, self._group = rows, seed, epoch, group
        self._lengths = None if lengths is None else np.asarray(lengths)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[int]:
        draws = rng_for(self._seed, str(self._epoch()), "order")
        order = draws.permutation(self._rows)
        if self._lengths is not None:
            order = self._grouped(order, draws)
        return iter(order.tolist())

    def _grouped(self, order: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        """Sort pools of many groups by length, then mix whole groups; the longest comes first, for memory's sake."""
        assert self._lengths is not None
        pool = _POOL * self._group
        pools = [order[begin : begin + pool] for begin in range(0, len(order), pool)]
        rows = np.concatenate([part[np.argsort(-self._lengths[part], kind="stable")] for part in pools])
        whole = len(rows) // self._group * self._group  # what is left makes no whole group and stays last
        groups = rows[:whole].reshape(-1, self._group)
        groups = groups[draws.permutation(len(groups))]
        if len(groups):
            longest = int(self._lengths[groups].max(axis=1).argmax())
            groups[[0, longest]] = groups[[longest, 0]]
        return np.concatenate([groups.reshape(-1), rows[whole:]])
