"""Cross-fold error mining end to end: two folds of a small set on a CPU, then mined; and the leakage check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mumer_train.crossfold import CrossFold, _check_builds, _writers, check_leakage, run_crossfold, stages
from mumer_train.dependencies import TrainingError
from mumer_train.stage import Stage, run_stage

from mumer_data.recognizers.journal import facts_of
from tests.filters.test_filters import drawing, encoded, folder_of

CONFIG = Path(__file__).parents[2] / "training" / "configs" / "tiny.yaml"


def crossfold_options(shards: Path, tiny: Path, out: Path) -> CrossFold:
    labels = shards.parent / "labels.txt"
    settings = (f"source.labels={labels}", "name=few", "tasks=[recognition, symbol_count]")
    train_settings = (f"model={tiny}", "max_steps=2", "save_steps=100")
    return CrossFold("demo", 2, CONFIG, out, settings, train_settings, samples=2, max_tokens=8)


@pytest.fixture(scope="module")
def finished(shards: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> CrossFold:
    options = crossfold_options(shards, tiny, tmp_path_factory.mktemp("crossfold"))
    run_crossfold(options)
    return options


def test_every_image_is_read_by_a_model_not_trained_on_it(finished: CrossFold) -> None:
    read: list[str] = []
    for fold in range(2):
        folder = finished.out / f"fold-{fold}"
        ids = set(pd.read_parquet(folder / "predictions.parquet")["img_id"])
        trained = {name for path in (folder / "train").glob("few*/*.parquet") for name in pd.read_parquet(path)["id"]}
        assert ids
        assert trained
        assert not ids & trained
        read += ids
    assert len(read) == len(set(read)) == 32
    counts = json.loads((finished.out / "mined" / "mining.json").read_text())
    assert counts["read"] == 64
    assert (finished.out / "mined" / "confusions.parquet").exists()


def test_finished_stages_are_not_repeated(finished: CrossFold) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.out.rglob("*") if path.is_file()}
    run_crossfold(finished)
    assert {path: path.stat().st_mtime_ns for path in finished.out.rglob("*") if path.is_file()} == before


@pytest.fixture
def copy(finished: CrossFold, tmp_path: Path) -> CrossFold:
    """A copy of the finished run whose files can be changed."""
    for fold in range(2):
        (tmp_path / f"fold-{fold}").mkdir()
        for name in ("train", "held", "model", "predictions.parquet"):
            (tmp_path / f"fold-{fold}" / name).symlink_to(finished.out / f"fold-{fold}" / name)
    copied = replace(finished, out=tmp_path)
    check_leakage(copied)
    return copied


def swap(finished: CrossFold, copy: CrossFold, name: str) -> None:
    """Put a file or folder of fold 1 in the place of fold 0's."""
    (copy.out / "fold-0" / name).unlink()
    (copy.out / "fold-0" / name).symlink_to(finished.out / "fold-1" / name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train", r"the model was trained on '.*', which it predicts"),
        ("held", r"the model was trained on '.*', which it predicts"),
        ("model", r"the model was trained on .*fold-1/train, not on .*fold-0/train"),
        ("predictions.parquet", r"the model was trained on '.*', which it predicts"),
    ],
)
def test_the_check_notices_what_is_mixed_up(finished: CrossFold, copy: CrossFold, name: str, message: str) -> None:
    swap(finished, copy, name)
    with pytest.raises(TrainingError, match=f"^fold 0: {message}"):
        check_leakage(copy)


def test_the_check_notices_another_folds_model_and_strange_images(finished: CrossFold, copy: CrossFold) -> None:
    file = copy.out / "fold-0" / "predictions.parquet"
    table = pq.read_table(file)
    file.unlink()
    facts = facts_of(finished.out / "fold-0" / "predictions.parquet")
    assert facts["model"].endswith("fold-0/model/final")
    facts["model"] = facts["model"].replace("fold-0", "fold-1")
    pq.write_table(table.replace_schema_metadata({"mumer_predict": json.dumps(facts)}), file)
    with pytest.raises(TrainingError, match="fold 0: the predictions come from the model of fold-1"):
        check_leakage(copy)
    pq.write_table(pa.table({"img_id": ["elsewhere"]}), file)
    with pytest.raises(TrainingError, match="fold 0: 'elsewhere' is predicted but not held out"):
        check_leakage(copy)


def built(pipeline: Path, out: Path, settings: tuple[str, ...] = ()) -> CrossFold:
    """Both folds of a pipeline as far as their builds."""
    options = CrossFold(str(pipeline), 2, CONFIG, out, settings)
    for stage in stages(options):
        if stage.arguments[0] == "build":
            run_stage(stage)
    return options


def test_copies_of_an_image_are_not_trained_on(tmp_path: Path) -> None:
    rows = [(f"{name}{n}", "x", encoded(drawing(n))) for name in ("e", "again") for n in range(20)]
    folder = folder_of(tmp_path / "source", rows)
    file = tmp_path / "c.yaml"
    file.write_text(f"name: c\nsource: {{format: caption, path: {folder}}}\n", encoding="utf-8")
    options, left_out = built(file, tmp_path / "out"), 0
    for fold in range(2):
        trained, held = _check_builds(tmp_path / "out" / f"fold-{fold}", fold)
        rejects = pd.read_parquet(tmp_path / "out" / f"fold-{fold}" / "train" / "rejects.parquet")
        leaked = set(rejects[rejects["reason"] == "leaked_image"]["id"])
        assert len(trained) + len(held) + len(leaked) == 40
        left_out += len(leaked)
    assert left_out
    without = next(stage for stage in stages(options) if "train" in stage.arguments[3])
    setting = next(part for part in without.arguments if part.startswith("filters="))
    filters = [one for one in json.loads(setting.removeprefix("filters=")) if "leakage" not in one]
    leaky = [part if part != setting else f"filters={json.dumps(filters)}" for part in without.arguments]
    shutil.rmtree(without.done.parent)
    run_stage(Stage(leaky, without.done))
    with pytest.raises(TrainingError, match=r"fold 0: '.*' \(training\) and .* \(held out\) are the same image"):
        _check_builds(tmp_path / "out" / "fold-0", 0)


INK = """<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="truth">x</annotation>
<annotation type="UI">{0}</annotation><annotation type="writer">w{1}</annotation>
<trace id="0">{0} 0, 20 {1}0, 40 {0}</trace><trace id="1">0 {1}, 40 {0}</trace></ink>"""


def test_a_writer_is_in_one_fold_and_the_check_sees_to_it(tmp_path: Path) -> None:
    (tmp_path / "ink").mkdir()
    for number in range(24):
        text = INK.format(number + 1, number % 6 + 1)
        (tmp_path / "ink" / f"{number}.inkml").write_text(text, encoding="utf-8")
    file = tmp_path / "w.yaml"
    file.write_text(f"name: w\nsource: {{format: inkml, path: {tmp_path / 'ink'}}}\n", encoding="utf-8")
    options = built(file, tmp_path / "out")
    writers = _writers(options)
    assert len(writers) == 24
    assert set(writers.values()) == {f"w{n}" for n in range(1, 7)}
    held: list[set[str]] = []
    for fold in range(2):
        folder = tmp_path / "out" / f"fold-{fold}"
        trained, read = _check_builds(folder, fold)
        held.append({writers[example_id] for example_id in read})
        assert not held[-1] & {writers[example_id] for example_id in trained}
        manifest = json.loads((folder / "train" / "manifest.json").read_text())
        (folder / "model").mkdir()
        (folder / "model" / "run.json").write_text(json.dumps({"data": [{"path": "t", "manifest": manifest}]}))
        pq.write_table(pa.table({"img_id": sorted(read)}), folder / "predictions.parquet")
    assert not held[0] & held[1]
    assert held[0] | held[1] == set(writers.values())
    check_leakage(options)
    for number in range(24):  # the same files, but every writer wrote something of each fold
        path = tmp_path / "ink" / f"{number}.inkml"
        path.write_text(INK.format(number + 1, number % 2 + 1), encoding="utf-8")
    with pytest.raises(
        TrainingError, match="fold 0: the model was trained on the writer 'w1', whose images it predicts"
    ):
        check_leakage(options)


def test_data_and_output_of_a_fold_cannot_be_replaced(tmp_path: Path) -> None:
    for setting in ("data=[{path: elsewhere}]", "output=elsewhere"):
        with pytest.raises(TrainingError, match="crossfold sets this key for every fold"):
            run_crossfold(CrossFold("demo", 2, CONFIG, tmp_path, train_settings=(setting,)))


def test_the_stages_can_be_printed_as_commands(shards: Path, tiny: Path, tmp_path: Path) -> None:
    command = ["crossfold", "demo", "--folds", "2", "--train", str(CONFIG), "--out", str(tmp_path), "--print-commands"]
    done = subprocess.run([sys.executable, "-m", "mumer_data", *command], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["build", "build", "train", "predict"] * 2 + ["mine"]
    assert len(stages(crossfold_options(shards, tiny, tmp_path))) == 9
    assert not list(tmp_path.iterdir())
