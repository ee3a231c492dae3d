"""A plug-in package: installed into a folder, its entries work from the command line with two workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.registry import Registry, RegistryError
from mumer_data.tasks import TASKS, Task
from tests.conftest import caption_folder

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build-backend"
[project]
name = "mumer-plugin"
version = "1.0"
[project.entry-points."mumer.tasks"]
token_count = "mumer_plugin:TokenCount"
[project.entry-points."mumer.filters"]
no_fractions = "mumer_plugin:NoFractions"
[project.entry-points."mumer.readers"]
digits = "mumer_plugin:DigitsReader"
[project.entry-points."mumer.metrics"]
first_token = "mumer_plugin:FirstToken"
[project.entry-points."mumer.augmentations"]
invert = "mumer_plugin:Invert"
""".replace("hatchling.build-backend", "hatchling.build")
MODULE = """
from typing import Literal
import io
import numpy as np
from PIL import Image
from mumer_data.augmentation import Phase, Step
from mumer_data.filters import FilterOptions, Rejection
from mumer_data.readers import SourceOptions
from mumer_data.readers.lines import cut
from mumer_data.records import Example, ImageRef
from mumer_data.tasks import Task


class TokenCount(Task):
    suffix = "_length"
    prompt = "How many tokens?"

    def answer(self, expression):
        return f"{len(expression.tokens)}\\n{expression.label}"


class NoFractions:
    class Options(FilterOptions):
        pass

    def __init__(self, options, base):
        pass

    def files(self):
        return []

    def check(self, example, expression):
        return Rejection("fraction", "it has a fraction") if "\\\\frac" in expression.tokens else None


def drawn():
    buffer = io.BytesIO()
    Image.new("L", (12, 9), 200).save(buffer, "PNG")
    return buffer.getvalue()


class DigitsReader:
    class Options(SourceOptions):
        format: Literal["digits"]
        count: int = 10

    def __init__(self, options, base):
        self.count = options.count

    def files(self):
        return []

    def plan(self, max_rows, max_bytes):
        return cut(((n, n, 0) for n in range(self.count)), max_rows, max_bytes, "digits")

    def read(self, part):
        for n in range(part.start, part.start + part.rows):
            label = "\\\\frac { 1 } { 2 }" if n == 3 else f"{n % 10} + x"
            yield Example(f"d{n}", label, ImageRef(f"d{n}.png", None, drawn), n)


class FirstToken:
    signature = "first:token"

    def statistics(self, pairs):
        rows = zip(pairs.label_tokens, pairs.prediction_tokens)
        return np.array([[1.0, float(a[:1] == b[:1])] for a, b in rows])

    def scores(self, sums):
        return {"first_token": sums[..., 1] / sums[..., 0]}


class Invert(Step):
    phase = Phase.INK

    def apply(self, layers, rng):
        return layers
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that sees the installed plug-in."""
    folder = tmp_path_factory.mktemp("plugin")
    package = folder / "source" / "mumer_plugin"
    package.mkdir(parents=True)
    (folder / "source" / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (package / "__init__.py").write_text(MODULE, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    command += ["--target", str(folder / "site"), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True)
    paths = [str(folder / "site"), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def mumer(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mumer_data", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_task_filter_reader_and_step_of_a_plugin_with_two_workers(plugin: dict[str, str], tmp_path: Path) -> None:
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(
        "name: digits\nsource: {format: digits, count: 40}\ntasks: [recognition, token_count]\n"
        "filters: [no_fractions]\naugment: [invert]\nshards: {max_rows: 20}\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    done = mumer(plugin, "build", pipeline, "--out", out, "--workers", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["configs"] == {"digits": 78, "digits_length": 78}
    assert json.loads(done.stdout)["reasons"] == {"fraction": 1}
    rows = pd.concat(pd.read_parquet(file) for file in sorted((out / "digits_length").glob("*.parquet")))
    assert set(rows["task"]) == {"token_count"}
    assert rows["messages"].iloc[0][1]["value"] == "3\n0 + x"
    assert rows["id"].iloc[1] == "d0-aug1"


def test_a_metric_of_a_plugin(plugin: dict[str, str], tmp_path: Path) -> None:
    predictions = [{"img_id": "a", "gt": "x + 1", "pred": "x - 1"}, {"img_id": "b", "gt": "y", "pred": "x"}]
    file = tmp_path / "p.json"
    file.write_text(json.dumps(predictions), encoding="utf-8")
    done = mumer(plugin, "evaluate", file, "--metric", "first_token", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["first_token"] == 0.5


def test_without_the_plugin_its_names_are_unknown(tmp_path: Path) -> None:
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text("name: digits\nsource: {format: digits}\n", encoding="utf-8")
    done = mumer(dict(os.environ), "build", pipeline, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "unknown format 'digits'" in done.stderr


class Length(Task):
    suffix = "_length"
    prompt = "How long?"

    def answer(self, expression: object) -> str:
        return "7"


def test_a_task_added_by_a_program_works_with_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mumer_data.registry._REGISTERED", {})
    TASKS.register("length", Length)
    folder = caption_folder(tmp_path / "data", 20)
    settings = [f"source.path={folder}", "name=t", "tasks=[length]", "shards.max_rows=5"]
    result = build(load_pipeline("crohme", settings), tmp_path / "out", workers=2)
    assert result.configs == {"t_length": 20}
    with pytest.raises(RegistryError, match="task 'length' is registered already"):
        TASKS.register("length", Length)


def test_two_entries_with_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    points = [EntryPoint("recognition", "other:Recognition", "mumer.tasks")]
    monkeypatch.setattr("mumer_data.registry.entry_points", lambda group: points)
    table = Registry("task", "mumer.tasks", {"recognition": "mumer_data.tasks.recognition:Recognition"})
    message = "'recognition' is defined twice, by mumer_data.* and by other:Recognition"
    with pytest.raises(RegistryError, match=message):
        list(table)
