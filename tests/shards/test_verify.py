"""Verification names every file that differs from the manifest of its build."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mumer_data.exceptions import OutputError
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.shards.verify import verify
from tests.conftest import caption_folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    source = caption_folder(folder / "data", 12)
    build(load_pipeline("crohme", [f"source.path={source}", "name=t", "shards.max_rows=6"]), folder / "out", workers=1)
    return folder / "out"


def flip(path: Path) -> None:
    """Change one bit in the middle of a file; its size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_copy_is_as_built(built: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(built, tmp_path / "copy")
    result = verify(copy)
    assert result.ok
    assert result.files == 6 + 3  # shards, then card, info and rejects


@pytest.mark.parametrize(
    "name",
    ["t/train-00001-of-00002.parquet", "rejects.parquet", "README.md", "dataset_info.json", "manifest.json"],
)
def test_one_bit_is_noticed_in_every_file(built: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(built, tmp_path / "copy")
    if name == "manifest.json":
        manifest = json.loads((copy / name).read_text(encoding="utf-8"))
        manifest["counts"]["accepted"] += 1
        (copy / name).write_text(json.dumps(manifest), encoding="utf-8")
    else:
        flip(copy / name)
    assert verify(copy).changed == [name]


def test_a_damaged_build_is_not_called_finished(built: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(built.parent, tmp_path / "copy")
    pipeline = load_pipeline("crohme", [f"source.path={built.parent / 'data'}", "name=t", "shards.max_rows=6"])
    assert build(pipeline, copy / "out", workers=1, resume=True).counts["accepted"] == 12
    flip(copy / "out" / "t" / "train-00000-of-00002.parquet")
    with pytest.raises(OutputError, match=r"damaged or missing are: t/train-00000-of-00002\.parquet"):
        build(pipeline, copy / "out", workers=1, resume=True)


def test_missing_and_extra_files_and_the_exit_code(built: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(built, tmp_path / "copy")
    (copy / "t" / "train-00000-of-00002.parquet").unlink()
    (copy / "notes.txt").write_text("mine", encoding="utf-8")
    command = [sys.executable, "-m", "mumer_data", "verify"]
    done = subprocess.run([*command, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "missing: t/train-00000-of-00002.parquet" in done.stdout
    assert "extra: notes.txt" in done.stdout
    assert subprocess.run([*command, str(built)], capture_output=True, check=False).returncode == 0
