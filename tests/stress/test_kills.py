"""The short version of `tests.stress.kills`: each kind of run is killed whole, and at its parent process alone."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.stress.kills import KINDS, kill_and_resume, prepared

NEEDS = {"transformers": "torch", "onnx": "onnxruntime", "http": "jmespath"}


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_it_ends_with_the_same_bytes(kind: str, tmp_path: Path) -> None:
    if kind in NEEDS:
        pytest.importorskip(NEEDS[kind], reason=f"this run needs {NEEDS[kind]}: pip install '.[dev,train]'")
    with ExitStack() as stack:
        kills = list(kill_and_resume(prepared(kind, tmp_path, stack), tmp_path, [False, True]))
    assert [kill.differing for kill in kills] == [[], []]
