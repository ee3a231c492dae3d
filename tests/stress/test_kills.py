"""The short version of `tests.stress.kills`: two kills at random moments of each kind of run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stress.kills import VICTIMS, kill_and_resume


@pytest.mark.parametrize("name", VICTIMS)
def test_killed_at_random_it_ends_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    if name == "predict":
        pytest.importorskip("torch", reason="predictions need torch: pip install '.[train]'")
    found = list(kill_and_resume(VICTIMS[name](tmp_path), tmp_path, rounds=2))
    assert [differs for _, differs in found] == [[], []]
