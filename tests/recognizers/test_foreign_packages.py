"""Recognizers of other packages with the glue of examples/recognizers, on CROHME; installed apart, as docs say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import SHARED

ROOT = Path(__file__).parents[2]
GLUE = ROOT / "examples" / "recognizers"
CROHME = SHARED / "data" / "crohme"

pytestmark = pytest.mark.skipif(not CROHME.is_dir(), reason=f"no CROHME in {CROHME}: set MUMER_SHARED")


def installed(folder: Path, *packages: str) -> Path:
    """Packages in a folder of their own; skips where they cannot be installed."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *packages]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{packages[0]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return folder


def predicted(tmp_path: Path, recognizer: str, model: str, source: str, ids: list[str], path: Path) -> Path:
    """The predictions of some images of CROHME, by the command line."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "images").symlink_to(CROHME / source / "images")
    lines = (CROHME / source / "caption.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (data / "caption.txt").write_text("".join(line for line in lines if line.split("\t")[0] in ids), encoding="utf-8")
    pipeline, out = tmp_path / "p.yaml", tmp_path / "p.parquet"
    pipeline.write_text(f"name: p\nsource: {{format: caption, path: {data}}}\ntasks: [recognition]\n", "utf-8")
    command = [sys.executable, "-m", "mumer_data", "predict", "--recognizer", recognizer, "--model", model]
    python_path = os.pathsep.join([str(ROOT), str(path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*command, "--data", str(pipeline), "--out", str(out)],
        cwd=GLUE, env={**os.environ, "PYTHONPATH": python_path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def test_pmsh_ocr_as_a_program(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="pmsh-ocr runs on it: pip install '.[onnx]'")
    packages = installed(tmp_path / "packages", "pmsh-ocr==0.0.1", "opencv-python-headless")
    words = {*"0123456789.-<=>{}", "\\frac"}
    labels = [line.split("\t") for line in (CROHME / "train" / "caption.txt").read_text("utf-8").splitlines()]
    ids = [name for name, label in labels if set(label.split()) <= words][:12]
    out = predicted(tmp_path, "command", f"'{sys.executable}' pmsh_reader.py", "train", ids, packages)
    rows = pq.read_table(out).to_pylist()
    assert len(rows) == 12
    assert sum(row["pred"] == row["gt"] for row in rows) >= 8  # 238 of all 293


def test_mathnote_ocr_as_a_callable(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="mathnote-ocr runs on it: pip install '.[train]'")
    packages = installed(tmp_path / "packages", "mathnote-ocr==0.2.1")
    lines = (CROHME / "2014" / "caption.txt").read_text("utf-8").splitlines()
    ids = [line.split("\t")[0] for line in lines][:8]
    out = predicted(tmp_path, "python", "mathnote_reader:read", "2014", ids, packages)
    rows = pq.read_table(out).to_pylist()
    assert len(rows) == 8
    assert all(row["answer"] and row["logprob"] < 0 for row in rows)
    assert sum(row["pred"] != row["answer"] for row in rows) >= 4  # raw LaTeX, normalised
