"""Near duplicates among many images: our search against comparing all pairs, in one process, with the same result.

Usage: python benchmarks/bench_filters.py [--rows 20000] [--large 1000000]; random hashes, one row in ten a near copy.
"""

from __future__ import annotations

import argparse
import resource

import numpy as np
from figures import Data, Figure, at_least, show
from numpy.typing import NDArray
from timing import cpu_seconds

from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import FEATURES

LIKE = NearDuplicateOptions(image="near")


def rows_with_copies(count: int, seed: int = 0) -> NDArray[np.void]:
    """Random hashes; every tenth row is a copy of an earlier one with a few bits flipped."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, FEATURES)
    rows["usable"] = True
    rows["phash"] = rng.integers(0, 1 << 63, (count, 4), dtype=np.uint64) << np.uint64(1)
    copies = np.arange(10, count, 10)
    originals = (rng.random(len(copies)) * copies).astype(int)
    flips = np.uint64(1) << rng.integers(0, 64, (len(copies), 4), dtype=np.uint64)
    rows["phash"][copies] = rows["phash"][originals] ^ flips
    return rows


def all_pairs(features: NDArray[np.void]) -> NDArray[np.int64]:
    """The reference: each row against every earlier one that is kept."""
    look = features["phash"]
    first = np.full(len(features), -1, np.int64)
    kept = np.ones(len(features), bool)
    for row in range(1, len(features)):
        near = np.bitwise_count(look[:row] ^ look[row]).sum(axis=1) <= LIKE.distance
        matches = np.flatnonzero(near & kept[:row])
        if len(matches):
            first[row], kept[row] = matches[0], False
    return first


def compared(count: int, large: int) -> list[Figure]:
    """Seconds of both algorithms on few rows, and whether they agree; seconds of ours on many rows."""
    rows, first = rows_with_copies(count), {}

    def ours() -> None:
        first["ours"] = first_near_duplicate(rows, LIKE)

    def theirs() -> None:
        first["theirs"] = all_pairs(rows)

    fast, slow = cpu_seconds(ours), cpu_seconds(theirs)
    same = int((first["ours"] == first["theirs"]).sum())
    many = rows_with_copies(large)
    long = cpu_seconds(lambda: first_near_duplicate(many, LIKE))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        at_least(f"verdicts on {count:,} rows equal to those of all pairs", same, "rows", count, "all"),
        Figure(f"{count:,} rows", fast, "s", "all pairs", slow, smaller_is_better=True),
        Figure(f"{large:,} rows", long, "s"),
        Figure(f"{large:,} rows, peak memory", peak, "MiB", note="of the whole process, the rows included"),
    ]


def measure(data: Data) -> list[Figure]:
    """Random hashes; needs no data."""
    return compared(data.size(20_000, 1_000), data.size(1_000_000, 5_000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    options = parser.parse_args()
    show(compared(options.rows, options.large))


if __name__ == "__main__":
    main()
