"""`mumer stats` and `mumer leakage` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.cli.test_cli import mumer
from tests.conftest import caption_folder


@pytest.fixture
def pipeline(tmp_path: Path, good_folder: Path) -> Path:
    source = {"format": "caption", "path": str(good_folder)}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({"name": "p", "source": source}), encoding="utf-8")
    return tmp_path / "p.yaml"


def test_stats_of_a_pipeline_and_of_its_build_are_the_same(pipeline: Path, tmp_path: Path) -> None:
    assert mumer("build", pipeline, "--out", tmp_path / "out").returncode == 0
    one, two = (mumer("stats", source, "--json") for source in (pipeline, tmp_path / "out"))
    assert (one.returncode, two.returncode) == (0, 0)
    assert json.loads(one.stdout) == json.loads(two.stdout)
    assert json.loads(one.stdout)["examples"] == 60
    shown = mumer("stats", pipeline, "--out", tmp_path / "stats", "--no-images")
    assert b"60 examples" in shown.stdout
    assert json.loads((tmp_path / "stats" / "statistics.json").read_text())["width"] == {"counts": {}, "quantiles": {}}
    assert (tmp_path / "stats" / "symbols.png").is_file()


def test_symbols_outside_a_vocabulary_are_shown(pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("x\n_\n+\n\\frac\na\n" + "\n".join(map(str, range(60))), encoding="utf-8")
    done = mumer("stats", pipeline, "--vocabulary", tmp_path / "words.txt", cwd=tmp_path)
    assert b"not in the vocabulary" in done.stdout
    assert (tmp_path / "p_stats" / "length.png").is_file()
    missing = mumer("stats", pipeline, "--vocabulary", tmp_path / "nothing.txt")
    assert (missing.returncode, missing.stdout) == (2, b"")
    assert b"the vocabulary" in missing.stderr


def test_leakage_between_a_build_and_a_pipeline(pipeline: Path, tmp_path: Path) -> None:
    assert mumer("build", pipeline, "--out", tmp_path / "out").returncode == 0
    test = caption_folder(tmp_path / "test", 4)
    (test / "caption.txt").write_text("t0\tx\nt1\tx _ { 1 } + \\frac { a } { b }\n", encoding="utf-8")
    for name, old in (("t0", "e3"), ("t1", "e2")):
        (test / "images" / f"{old}.png").rename(test / "images" / f"{name}.png")
    source = {"format": "caption", "path": str(test)}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump({"name": "t", "source": source}), encoding="utf-8")
    done = mumer("leakage", tmp_path / "out", tmp_path / "t.yaml", "--json", "--out", tmp_path / "leaks.parquet")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "train": 60,
        "test": 2,
        "image_exact": 2,
        "image_near": 0,
        "image_and_label": 0,
        "label": 0,
    }
    assert pq.read_table(tmp_path / "leaks.parquet").to_pylist() == [
        {"test_id": "t0", "train_id": "e3", "image": "exact", "label": False},
        {"test_id": "t1", "train_id": "e2", "image": "exact", "label": False},
    ]
    labels = mumer("leakage", tmp_path / "out", tmp_path / "t.yaml", "--json", "--no-images")
    assert json.loads(labels.stdout)["label"] == 1
    assert b"byte for byte" in mumer("leakage", pipeline, tmp_path / "t.yaml").stdout
