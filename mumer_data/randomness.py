"""Random numbers that depend on what they are for, never on order, workers or restarts.

Not for draws: it only makes generators.
"""

from __future__ import annotations

import hashlib

import numpy as np


def generator_of(seed: int, example_id: str, stage: str) -> np.random.Generator:
    """The generator of one example at one stage: the same three give the same numbers."""
    return np.random.default_rng([seed, hash64(f"{stage}\0{example_id}")])


def hash64(text: str) -> int:
    """64 bits of a text's BLAKE2 hash: among a million texts, two alike by chance once in 37 million runs."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
