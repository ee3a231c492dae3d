"""Cross-fold harvesting, whole: two folds of a small set on a CPU, then mined; and what the check would notice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from mumer_train.crossfold import Harvest, check, harvest_all, stages
from mumer_train.needs import TrainingError

CONFIG = Path(__file__).parents[2] / "training" / "configs" / "tiny.yaml"


def harvest(shards: Path, tiny: Path, out: Path) -> Harvest:
    labels = shards.parent / "labels.txt"
    settings = (f"source.labels={labels}", "name=few", "tasks=[recognition, symbol_count]")
    train_settings = (f"model={tiny}", "max_steps=2", "save_steps=100")
    return Harvest("demo", 2, CONFIG, out, settings, train_settings, samples=2, max_tokens=8)


@pytest.fixture(scope="module")
def harvested(shards: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    wanted = harvest(shards, tiny, tmp_path_factory.mktemp("harvest"))
    harvest_all(wanted)
    return wanted


def test_every_image_is_read_by_the_model_that_never_saw_it(harvested: Harvest) -> None:
    read: list[str] = []
    for fold in range(2):
        folder = harvested.out / f"fold-{fold}"
        ids = set(pd.read_parquet(folder / "predictions.parquet")["img_id"])
        trained = {name for path in (folder / "train").glob("few*/*.parquet") for name in pd.read_parquet(path)["id"]}
        assert ids
        assert trained
        assert not ids & trained
        read += ids
    assert len(read) == len(set(read)) == 32
    counts = json.loads((harvested.out / "mined" / "mining.json").read_text())
    assert counts["read"] == 64
    assert (harvested.out / "mined" / "confusions.parquet").exists()


def test_what_is_done_is_not_done_again(harvested: Harvest) -> None:
    before = {path: path.stat().st_mtime_ns for path in harvested.out.rglob("*") if path.is_file()}
    harvest_all(harvested)
    assert {path: path.stat().st_mtime_ns for path in harvested.out.rglob("*") if path.is_file()} == before


def test_the_check_notices_a_model_that_saw_its_images(harvested: Harvest, tmp_path: Path) -> None:
    for fold in range(2):
        (tmp_path / f"fold-{fold}").mkdir()
        for name in ("train", "held", "predictions.parquet"):
            (tmp_path / f"fold-{fold}" / name).symlink_to(harvested.out / f"fold-{fold}" / name)
    copy = Harvest("demo", 2, CONFIG, tmp_path)
    check(copy)
    (tmp_path / "fold-0" / "train").unlink()
    (tmp_path / "fold-0" / "train").symlink_to(harvested.out / "fold-1" / "train")
    with pytest.raises(TrainingError, match="fold 0: the model was trained on"):
        check(copy)


def test_the_stages_can_be_printed_as_commands(shards: Path, tiny: Path, tmp_path: Path) -> None:
    command = ["crossfold", "demo", "--folds", "2", "--train", str(CONFIG), "--out", str(tmp_path), "--print-commands"]
    done = subprocess.run([sys.executable, "-m", "mumer_data", *command], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["build", "build", "train", "predict"] * 2 + ["mine"]
    assert len(stages(harvest(shards, tiny, tmp_path))) == 9
    assert not list(tmp_path.iterdir())
