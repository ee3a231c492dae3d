"""Near duplicates among many images: our search against comparing all pairs, in one process, with the same result.

Usage: python benchmarks/bench_gates.py [--rows 20000] [--large 1000000]; looks are random, every tenth row a near copy.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from mumer_data.gates.likeness import LikenessOptions, first_like
from mumer_data.gates.survey import TRAITS

LIKE = LikenessOptions(image="near")


def rows_with_copies(count: int, seed: int = 0) -> NDArray[np.void]:
    """Random looks; every tenth row is a copy of an earlier one with a few bits flipped."""
    rng = np.random.default_rng(seed)
    found = np.zeros(count, TRAITS)
    found["usable"] = True
    found["look"] = rng.integers(0, 1 << 63, (count, 4), dtype=np.uint64) << np.uint64(1)
    copies = np.arange(10, count, 10)
    originals = (rng.random(len(copies)) * copies).astype(int)
    flips = np.uint64(1) << rng.integers(0, 64, (len(copies), 4), dtype=np.uint64)
    found["look"][copies] = found["look"][originals] ^ flips
    return found


def all_pairs(traits: NDArray[np.void]) -> NDArray[np.int64]:
    """The reference: each row against every earlier one that is kept."""
    look = traits["look"]
    first = np.full(len(traits), -1, np.int64)
    kept = np.ones(len(traits), bool)
    for row in range(1, len(traits)):
        near = np.bitwise_count(look[:row] ^ look[row]).sum(axis=1) <= LIKE.distance
        matches = np.flatnonzero(near & kept[:row])
        if len(matches):
            first[row], kept[row] = matches[0], False
    return first


def main() -> None:
    """Print seconds, ratio and whether the results agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    options = parser.parse_args()
    rows = rows_with_copies(options.rows)
    begin = time.perf_counter()
    ours = first_like(rows, LIKE)
    middle = time.perf_counter()
    theirs = all_pairs(rows)
    end = time.perf_counter()
    same = np.array_equal(ours, theirs)
    print(f"{options.rows:,} rows: ours {middle - begin:.2f} s, all pairs {end - middle:.2f} s,", end=" ")
    print(f"{(end - middle) / (middle - begin):.0f}x, {(ours >= 0).sum():,} copies found, results equal: {same}")
    begin = time.perf_counter()
    found = (first_like(rows_with_copies(options.large), LIKE) >= 0).sum()
    print(f"{options.large:,} rows: {time.perf_counter() - begin:.1f} s, {found:,} copies found")


if __name__ == "__main__":
    main()
