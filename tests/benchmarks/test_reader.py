"""The benchmark that trains a reader on synthetic handwriting: a quick run, from labels to scores on real ink."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
pytest.importorskip("torch", reason="needs the training extra")
from bench_reader import QUICK, SETS, figures, trained


def test_a_quick_run(shared: Path, tmp_path: Path) -> None:
    results = trained(shared / "data" / "crohme", tmp_path, quick=True)
    assert results["budget"] == QUICK
    for name in SETS:
        assert results[name]["n"] == 4
        assert 0 <= results[name]["exprate"] <= 100
        assert results[name]["token_error_rate"] > 0
    log = (tmp_path / "run" / "log.txt").read_text("utf-8")
    assert "finished" in log
    assert len(figures(results)) == 2 * len(SETS)
    assert trained(shared / "data" / "crohme", tmp_path, quick=True) == results, "a finished run is read again"
