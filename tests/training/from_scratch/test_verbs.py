"""The verbs in turn, as docs/train_small.md has them: labels, images, training, export, predictions, figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")
pytest.importorskip("onnx", reason="needs the extra onnx")

from mumer_train.from_scratch.commands import app as reader

from mumer_data.cli import app as library


def run(app: object, *arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.stdout


def test_from_labels_to_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(reader, "labels", "--count", "12", "--seed", "1", "--out", "labels.txt")
    run(reader, "synthetic", "labels.txt", "--out", "images-0", "--limit", "16")
    run(reader, "synthetic", "labels.txt", "--out", "images-1", "--start", "16")
    settings = {
        "out": "run",
        "synthetic": ["images-0", "images-1"],
        "validation": {"train": "images-1"},
        "stages": [[16, 1], [16, 1], [16, 1], [16, 1]],
        "d_model": 40,
        "decoder_layers": 2,
        "encoder_first": 0,
        "schedule": {"max_images": 1000},
    }
    Path("run.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    assert "24 images" in run(reader, "train", "run.yaml", "--set", "schedule.max_images=24")
    sizes = json.loads(
        run(reader, "export", "run/best", "--out", "onnx", "--name", "t", "--licence", "CC0-1.0", "--json")
    )
    assert sum(sizes.values()) < 2e6
    (tmp_path / "few").mkdir()
    Path("few/labels.txt").write_text("".join(f"{name}\t{name} + 1\n" for name in "abc"), "utf-8")
    run(library, "write", "few/labels.txt", "--out", "written", "--format", "png")
    run(library, "predict", "--recognizer", "onnx", "--model", "onnx", "--data", "written", "--out", "found.parquet")
    assert json.loads(run(library, "evaluate", "found.parquet", "--json"))
