"""Seeded random generators: results depend on (seed, example id, stage), never on order, workers or restarts.

Not for drawing numbers: it only creates generators.
"""

from __future__ import annotations

import hashlib

import numpy as np


def rng_for(seed: int, example_id: str, stage: str) -> np.random.Generator:
    """The random generator of one example at one stage; equal arguments return equal generators."""
    return np.random.default_rng([seed, hash64(f"{stage}\0{example_id}")])


def hash64(text: str) -> int:
    """The first 64 bits of the BLAKE2 hash of a text (collision among a million texts: probability 2.7e-8)."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
