"""The fuzzers' targets in the ordinary tests: seeds, seeds that hypothesis mutates, and what was ever found."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.driver import TARGETS

# target -> inputs that once raised what they should not, or never ended
FOUND: dict[str, list[bytes]] = {
    "normalizer": [
        b"\x00" + b"\\over " * 2000,
        b"\x04" + b"'^{" * 2000 + b"'" + b"}" * 2000,
        b"\x04x" + b"'" * 30_000,
        b"\x00" + b"x" * 40_000,
    ],
    "sources": [
        b"\x03e0.png " + b"1" * 5000,
        b'\x06{"configs": {}}',
        b"\x06[",
        b'\x06{"configs": {"../shards": 1}}',
    ],
}


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_was_found(name: str) -> None:
    target = target_of(name)
    for data in [b"", *target.seeds(), *FOUND.get(name, ())]:
        target.check(data)


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_seeds(name: str) -> None:
    target = target_of(name)
    seeds = target.seeds()

    @settings(max_examples=150)
    @given(st.sampled_from(seeds), st.integers(0, max(map(len, seeds))), st.integers(0, 40), st.binary(max_size=8))
    def check(seed: bytes, start: int, dropped: int, piece: bytes) -> None:
        target.check(seed[:start] + piece + seed[start + dropped :])

    check()


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=150)
@given(data=st.binary(max_size=120))
def test_any_bytes(name: str, data: bytes) -> None:
    target_of(name).check(data)


def target_of(name: str) -> Any:
    return importlib.import_module(f"tests.fuzz.{name}")
