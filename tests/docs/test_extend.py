"""What docs/extend.md adds, added to a copy of the library as the page says, and used from the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import png
from tests.docs.pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "extend.md"


def additions() -> Iterator[tuple[str, str, str]]:
    """Each example: path of its module, the module, the line for the table."""
    blocks = blocks_of(PAGE)
    for block, table in pairwise(blocks):
        if found := re.match(r"# (mumer_data/\S+\.py)\n", block.text):
            assert table.language == "text", f"line {table.line}: the line for the table comes next"
            yield found[1], block.text[found.end() :], table.text


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library with all that the page adds: a module and a line each."""
    copy = tmp_path_factory.mktemp("extended")
    for name in ("mumer_data", "grammars"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text, line in additions():
        assert not (copy / path).exists()
        (copy / path).write_text(text, encoding="utf-8")
        table = (copy / path).parent / "__init__.py"
        before = table.read_text(encoding="utf-8")
        after, count = re.subn(
            r"^([A-Z]+ = Registry\(\n.*?^    \{\n)", rf"\1        {line}", before, count=1, flags=re.M | re.S
        )
        assert count == 1
        table.write_text(after, encoding="utf-8")
    return copy


def mumer(extended: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    command = [sys.executable, "-m", "mumer_data", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=extended, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_adds_a_task_a_reader_and_a_metric() -> None:
    assert [path.split("/")[1] for path, _, _ in additions()] == ["tasks", "readers", "metrics"]


def test_a_build_with_the_new_reader_and_the_new_task(extended: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, label in {"a": "x ^ { 2 }", "b": "y", "c": "z"}.items():
        (tmp_path / "data" / f"{name}.txt").write_text(label + "\n", encoding="utf-8")
        (tmp_path / "data" / f"{name}.png").write_bytes(png(1))
    (tmp_path / "data" / "c.png").unlink()
    pipeline = tmp_path / "new.yaml"
    pipeline.write_text("name: new\nsource: {format: pairs, path: data}\ntasks: [length]\n", encoding="utf-8")
    mumer(extended, "build", str(pipeline), "--out", str(tmp_path / "out"))
    rows = pq.read_table(next((tmp_path / "out" / "new_length").glob("*.parquet"))).to_pylist()
    assert [row["messages"][1]["value"] for row in rows] == ["5\nx ^ { 2 }", "1\ny"]
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
    assert [(row["id"], row["reason"]) for row in rejects] == [("c", "image_missing")]


def test_an_evaluation_with_the_new_metric(extended: Path, tmp_path: Path) -> None:
    rows = [{"img_id": str(n), "gt": "x + 1", "pred": pred} for n, pred in enumerate(["x + 1", "x - 1", "x", ""])]
    (tmp_path / "p.json").write_text(json.dumps(rows), encoding="utf-8")
    found = json.loads(mumer(extended, "evaluate", str(tmp_path / "p.json"), "--metric", "length_rate", "--json"))
    assert found["length_rate"] == 50.0
    assert found["signatures"]["length_rate"].startswith("length_rate|tok:whitespace|norm:none|")
