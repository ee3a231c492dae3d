"""Pipeline files: what is wrong is named, with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from mumer_data.exceptions import PipelineError
from mumer_data.jobs.config import load_pipeline, pipeline_folder

WRONG = {
    "top key": ("sead: 1", "unknown key 'sead': did you mean 'seed'"),
    "inner key": ("limits: {max_pixel: 1}", "unknown key 'limits.max_pixel': did you mean 'max_pixels'"),
    "reader's key": ("source: {format: typeset, label: x}", "unknown key 'source.label': did you mean 'labels'"),
    "task's key": ("tasks: [{tree_cot: {dialct: slt}}]", "did you mean 'dialect'"),
    "format": ("source: {format: captions}", "unknown format 'captions': did you mean 'caption'"),
    "no format": ("source: {}", "source.format is missing: known are caption"),
    "task": ("tasks: [tree]", "unknown task 'tree': did you mean 'tree_cot'"),
    "task twice": ("tasks: [recognition, recognition]", "a task is listed twice"),
    "no task": ("tasks: []", "tasks: List should have at least 1 item"),
    "type": ("seed: x", "seed: Input should be a valid integer.*found 'x'"),
    "choice": ("chat: alpaca", "chat: Input should be 'sharegpt' or 'openai', found 'alpaca'"),
    "name": ("name: a/b", "name: String should match"),
    "dialect": ("tasks: [{tree_cot: {dialect: x}}]", "'published', 'slt' or 'compact'"),
    "preset": ("normalize: {preset: cromhe}", "unknown preset 'cromhe': known are crohme"),
    "rule": ("normalize: {rules: {x: true}}", "unknown rule 'x'"),
}


def written(tmp_path: Path, text: str) -> Path:
    """A pipeline file: the lines given, and what is still missing."""
    lines = {"name": "name: t", "source": "source: {format: typeset}", text.partition(":")[0]: text}
    path = tmp_path / "p.yaml"
    path.write_text("\n".join(lines.values()), encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        load_pipeline(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not YAML"),
        ("- a", "expected 'key: value' lines, found list"),
        ("name: t", "source: this key is missing"),
    ],
    ids=["broken", "list", "missing"],
)
def test_files_that_are_no_pipeline(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError, match=message):
        load_pipeline(path)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"(?s)chat.*sead"):
        load_pipeline(written(tmp_path, "sead: 1\nchat: x"))


def test_settings_override_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "seed: 1")
    pipeline = load_pipeline(path, ["seed=7", "limits.max_pixels=100", "tasks=[recognition]", "source.labels=a.tsv"])
    assert (pipeline.seed, pipeline.limits.max_pixels, pipeline.tasks) == (7, 100, ["recognition"])
    assert pipeline.source == {"format": "typeset", "labels": "a.tsv"}


@pytest.mark.parametrize(("setting", "message"), [("seed", "expected key=value"), ("seed.x=1", "has no keys inside")])
def test_settings_that_make_no_sense(tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        load_pipeline(written(tmp_path, "seed: 1"), [setting])


@pytest.mark.parametrize("path", sorted(pipeline_folder().glob("*.yaml")), ids=lambda path: path.stem)
def test_ready_pipelines_load_by_path_and_by_name(path: Path) -> None:
    assert load_pipeline(path) == load_pipeline(path.stem)


def test_an_unknown_name_lists_the_ready_ones() -> None:
    with pytest.raises(PipelineError, match=r"no pipeline file crome; ready ones are: .*crohme, .*demo"):
        load_pipeline("crome")
