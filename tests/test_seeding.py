"""The hash and the generators of `mumer_data.seeding` are part of the output: they must never change."""

from __future__ import annotations

from mumer_data.seeding import hash64, rng_for


def test_hashes_and_generators_are_the_published_ones() -> None:
    assert hash64("x") == 5395104992458594383
    assert rng_for(1, "a", "corrupt").integers(1 << 32) == 1349837386
