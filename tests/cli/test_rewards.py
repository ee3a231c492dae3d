"""The verb `rewards` as a user meets it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.test_cli import mumer

ROWS = [
    {"img_id": "a", "gt": "x ^ { 2 }", "pred": "x ^ { 2 }"},
    {"img_id": "b", "gt": "a + b", "pred": "a - b"},
    {"img_id": "c", "gt": "\\frac { a", "pred": "x"},
]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "pred.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    return path


def test_score(predictions: Path, tmp_path: Path) -> None:
    options = ("--reward", "exact", "--reward", "parses", "--out", tmp_path / "scores.jsonl")
    found = json.loads(mumer("rewards", "score", predictions, *options, "--json").stdout)
    assert found["n"] == 3
    assert found["rewards"] == {"exact": {"mean": 0.5, "n": 2}, "parses": {"mean": 1.0, "n": 3}}
    rows = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["img_id"], row["exact"], row["total"]) for row in rows] == [("a", 1, 2), ("b", 0, 1), ("c", None, 1)]
    table = mumer("rewards", "score", predictions).stdout.decode()
    assert re.search(r"exact +0\.5000 +2 of 3 rows", table)
    assert "norm:crohme" in table


def test_score_refuses_an_unknown_reward(predictions: Path) -> None:
    done = mumer("rewards", "score", predictions, "--reward", "exakt")
    assert done.returncode == 2
    assert b"did you mean 'exact'" in done.stderr


def test_serve(tmp_path: Path) -> None:
    config = tmp_path / "rewards.yaml"
    config.write_text("rewards:\n  exact: 2\n", encoding="utf-8")
    command = [sys.executable, "-m", "mumer_data", "rewards", "serve", "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        body = json.dumps({"completions": ["a", "b"], "labels": "a"}).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
            assert json.loads(answer.read())["total"] == [2.0, 0.0]
        process.terminate()
    done = mumer("rewards", "serve", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert b"loopback" in done.stderr
