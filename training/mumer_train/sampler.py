"""Order of the rows: a new permutation per epoch that depends on seed and epoch only, so a resumed run repeats it.

Not for which rows: `shards` and `length_filter`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from mumer_data.seeding import rng_for

_POOL = 50  # groups among which rows are sorted by length


class EpochSampler(Sampler[int]):
    """A permutation of the rows; with ``lengths``, rows of similar length are grouped.

    Args:
        rows: number of rows.
        seed: seed of the run.
        epoch: function that returns the number of the current epoch.
        lengths: tokens of each row.
        group: number of rows per step over all devices; rows of a group have similar lengths, so that no device waits.
    """

    def __init__(
        self, rows: int, seed: int, epoch: Callable[[], int], lengths: Sequence[int] | None = None, group: int = 1
    ) -> None:
        self._rows, self._seed, self._epoch, self._group = rows, seed, epoch, group
        self._lengths = None if lengths is None else np.asarray(lengths)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[int]:
        rng = rng_for(self._seed, str(self._epoch()), "order")
        order = rng.permutation(self._rows)
        if self._lengths is not None:
            order = self._grouped(order, rng)
        return iter(order.tolist())

    def _grouped(self, order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sort pools of groups by length, then shuffle whole groups; the longest is first, to fail early on memory."""
        assert self._lengths is not None
        pool = _POOL * self._group
        pools = [order[begin : begin + pool] for begin in range(0, len(order), pool)]
        rows = np.concatenate([part[np.argsort(-self._lengths[part], kind="stable")] for part in pools])
        whole = len(rows) // self._group * self._group  # an incomplete last group stays last
        groups = rows[:whole].reshape(-1, self._group)
        groups = groups[rng.permutation(len(groups))]
        if len(groups):
            longest = int(self._lengths[groups].max(axis=1).argmax())
            groups[[0, longest]] = groups[[longest, 0]]
        return np.concatenate([groups.reshape(-1), rows[whole:]])
