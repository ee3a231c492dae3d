"""One command reads, judges and checks; its figures are those of `mumer evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from mumer_data.cli import app


def test_predict_judges_as_evaluate_does(tiny: Path, shards: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.parquet"
    arguments = ["predict", "--model", str(tiny), "--data", str(shards / "few_tree"), "--out", str(out)]
    arguments += ["--task", "tree_cot", "--max-tokens", "4", "--evaluate", "--self-check"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "32 answers: 0 readable, 0 agree" in done.output
    judged = CliRunner().invoke(app, ["evaluate", str(out), "--json"])
    assert json.loads(judged.stdout) == json.loads((tmp_path / "p.parquet.evaluation.json").read_text())


def test_a_task_of_one_part_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    arguments = ["predict", "--model", "none", "--data", "none", "--out", str(tmp_path / "p.parquet"), "--self-check"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code != 0
    assert "answers of recognition have one part" in str(done.exception or done.output)
