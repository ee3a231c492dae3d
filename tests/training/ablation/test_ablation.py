"""Ablations: the grid, two arms trained on the embedded sample, stopping and resuming, and what the figures mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from mumer_train.ablation.config import AblationSettings, grid, load_ablation
from mumer_train.ablation.data import arm_rows, prepare, used
from mumer_train.ablation.errors import fold_of
from mumer_train.ablation.grid import plan, predictions_of, run_ablation
from mumer_train.ablation.results import compute
from mumer_train.ablation.runner import StoppedError, reader_settings, write_predictions
from mumer_train.ablation.scaling import fit, fitted_curve, value_at
from mumer_train.ablation.table import markdown, scaling_text
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.processor import FormulaReaderProcessor, save_reader
from mumer_train.from_scratch.run import ReaderRun
from mumer_train.from_scratch.settings import ReaderRunSettings
from mumer_train.from_scratch.vocabulary import TOKENS
from safetensors.torch import load_file

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import write_json
from mumer_data.recognizers.onnx import BUNDLED
from mumer_data.records import Prediction
from tests.training.ablation.conftest import CONFIGS, tiny

DECODER_SIZES = ("d_model", "decoder_layers", "decoder_ffn_dim")
LABELS = ["x", "x + y", "x ^ { 2 }", r"\frac { a } { b }", "a b c d", "1 2"]


def test_every_run_of_the_grid_is_trained_and_judged(finished: AblationSettings) -> None:
    results = json.loads((finished.out / "results.json").read_text(encoding="utf-8"))
    assert [(row.run.arm, row.run.seed, row.state) for row in plan(finished)] == [
        (arm, seed, "done") for seed in (0, 1) for arm in ("recognition", "all")
    ]
    assert all(run["steps"] == 4 for run in results["runs"])
    for run, facts in zip(grid(finished), results["runs"], strict=True):
        texts = pq.read_table(predictions_of(run, "other_hands"))["pred"].to_pylist()
        share = sum(len(text.split()) == 200 for text in texts) / len(texts)
        assert facts["unfinished"] == {"other_hands": pytest.approx(100 * share, abs=1e-3)}
    first, second = results["tests"]["other_hands"]["steps"]["arms"].values()
    assert first["figures"]["exprate"]["difference_interval"] == [0.0, 0.0]
    assert set(second["figures"]) == {"exprate", "le1", "struct_rate", "cdm_f1"}
    assert len(second["seeds"]) == 2
    rows = [run["rows"] for run in results["runs"] if run["seed"] == 0]
    assert rows[1] > 3 * rows[0], "three tasks for each image, and the errors"
    text = (finished.out / "table.md").read_text(encoding="utf-8")
    assert text == markdown(results)
    assert "| all | " in text
    assert (finished.out / "differences.png").stat().st_size > 5_000


def test_nothing_is_done_twice(finished: AblationSettings) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.out.glob("runs/**/*") if path.is_file()}
    text = (finished.out / "results.json").read_text(encoding="utf-8")
    run_ablation(finished)
    assert {path: path.stat().st_mtime_ns for path in finished.out.glob("runs/**/*") if path.is_file()} == before
    assert (finished.out / "results.json").read_text(encoding="utf-8") == text


def test_a_stopped_ablation_ends_as_an_undisturbed_one(
    finished: AblationSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tiny(tmp_path / "again")
    step = ReaderRun._step

    def stop_in_between(run: ReaderRun, batch: Any) -> None:
        step(run, batch)
        if run.progress.step == 2 and run.settings.seed == 1:
            run.stop()

    with monkeypatch.context() as patched:
        patched.setattr(ReaderRun, "_step", stop_in_between)
        with pytest.raises(StoppedError, match=r"stopped at step 2 of .*seed-1; the same command continues"):
            run_ablation(settings)
    assert [row.state for row in plan(settings)] == ["done", "done", "begun", "to do"]
    run_ablation(settings)
    ours, theirs = (json.loads((one.out / "results.json").read_text("utf-8")) for one in (settings, finished))
    assert ours["runs"] == theirs["runs"]
    stopped, whole = (_weights(one.out / "runs" / "steps" / "recognition" / "seed-1") for one in (settings, finished))
    moved = _weights(finished.out / "runs" / "steps" / "recognition" / "seed-0")
    for name, value in stopped.items():
        near = (value - whole[name]).abs().mean()
        assert near <= 0.01 * (value - moved[name]).abs().mean(), name  # rounding may differ, not more


def _weights(folder: Path) -> dict[str, Any]:
    return {name: value.float() for name, value in load_file(folder / "final" / "model.safetensors").items()}


def test_arms_begin_with_an_earlier_reader_and_mine_its_predictions(finished: AblationSettings, tmp_path: Path) -> None:
    """The earlier reader knows the built-in tokens only: those of the tasks are added, and its own ones are kept."""
    sizes = ReaderRunSettings.model_validate({"out": tmp_path, "synthetic": [tmp_path], **finished.reader})
    config = FormulaReaderConfig(
        vocab_size=len(TOKENS), **{name: getattr(sizes, name) for name in ("stages", *DECODER_SIZES)}
    )
    torch.manual_seed(11)
    earlier = FormulaReader(config).eval()
    save_reader(earlier, FormulaReaderProcessor(), tmp_path / "earlier")
    (images,) = (finished.out / "images").glob("data-written-*")
    store = ImageStore(images)
    wrong = [
        Prediction(name, label, f"{label} + {'yz'[sample]}", sample=sample)
        for name, label in zip(store.names, store.labels, strict=True)
        for sample in (0, 1)
    ]
    write_predictions(tmp_path / "wrong.parquet", wrong)
    settings = tiny(
        tmp_path / "out",
        reader={**finished.reader, "initial": str(tmp_path / "earlier"), "ema": 0.5},
        errors={"data": "written", "predictions": [tmp_path / "wrong.parquet"]},
        seeds=[0],
        budget={"steps": 1},
    )
    run_ablation(settings)
    assert not list((settings.out / "errors").glob("fold-*")), "no reader was trained for the errors"
    rows = (settings.out / "runs" / "steps" / "all" / "seed-0" / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(json.loads(row)[2] == "error_fix" for row in rows) == 2 * len(store)
    tokens = (*TOKENS, "->", "REPLACE:")
    chosen = reader_settings(settings, next(grid(settings)), [images], tokens[len(TOKENS) :], None)
    begun = ReaderRun(chosen.model_copy(update={"out": tmp_path / "begun"})).model
    for name, theirs in earlier.state_dict().items():
        ours = begun.state_dict()[name]
        by_token = ours.shape != theirs.shape
        assert torch.equal(ours[: len(TOKENS)] if by_token else ours, theirs), name
        assert by_token == (name.split(".")[-2] in ("embed", "head", "symbol_head", "count_head"))
    assert begun.decoder.embed.weight[len(TOKENS) :].abs().sum(1).min() > 0


def test_a_folder_of_another_ablation_is_refused(finished: AblationSettings) -> None:
    with pytest.raises(OutputError, match=r"holds a run with other settings: name another 'out'"):
        run_ablation(finished.model_copy(update={"reader": {**finished.reader, "d_model": 80}}))


def test_no_model_reads_a_label_that_it_was_trained_on(finished: AblationSettings) -> None:
    (images,) = (finished.out / "images").glob("data-written-*")
    store = ImageStore(images)
    for fold in (0, 1):
        folder = finished.out / "errors" / f"fold-{fold}"
        rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
        learnt = {store.labels[index] for _, index, *_ in rows}
        assert learnt
        assert {fold_of(label, 2) for label in learnt} == {1 - fold}
        read = set(pq.read_table(folder / "predictions.parquet")["gt"].to_pylist())
        assert read
        assert not read & learnt


def test_shares_are_nested_and_follow_labels(finished: AblationSettings) -> None:
    labels = [f"x = {number}" for number in range(400)]
    quarter, half = ({label for label in labels if used(label, share)} for share in (0.25, 0.5))
    assert quarter < half
    assert len(half) == pytest.approx(200, abs=40)
    (images,) = (finished.out / "images").glob("data-written-*")
    arm = finished.arms["all"].model_copy(update={"use": {"written": 0.5}})
    rows = arm_rows(arm, [ImageStore(images)], None)
    assert {row.task for row in rows} == {"recognition", "tree_cot", "symbol_count"}
    assert all(used(ImageStore(images).labels[row.index], 0.5) for row in rows)


def test_a_reader_finds_the_boxes_of_data(finished: AblationSettings) -> None:
    source = finished.data["written"]
    known = prepare(finished.out, "data", "written", source)
    found = prepare(finished.out, "data", "written", source.model_copy(update={"boxes": BUNDLED}))
    assert found.images != known.images
    assert prepare(finished.out, "data", "written", source.model_copy(update={"boxes": BUNDLED})) == found
    nowhere = source.model_copy(update={"boxes": finished.out / "nowhere"})
    with pytest.raises(TrainingError, match=r"there is no folder .*nowhere: name that of a reader"):
        prepare(finished.out, "data", "written", nowhere)
    pairs = [(known.store()[index], found.store()[index]) for index in range(len(known.store()))]
    assert all(one.label == other.label and (one.pixels == other.pixels).all() for one, other in pairs)
    boxed = [(one, other) for one, other in pairs if len(other.boxes)]
    assert len(boxed) > len(pairs) / 3
    assert all(len(one.boxes) == len(other.boxes) for one, other in boxed)
    assert any((one.boxes != other.boxes).any() for one, other in boxed), "they are those that the reader found"


WRONG = {
    "no recognition": ({"arms": {"a": {"tasks": ["tree_cot"], "use": {"written": 1}}}}, "all arms are tested on it"),
    "unknown task": ({"arms": {"a": {"tasks": ["recognition", "tree"], "use": {"written": 1}}}}, "no task tree"),
    "unknown data": ({"arms": {"a": {"use": {"real": 1}}}}, "arms.a.use: there is no data real: choose from written"),
    "share": ({"arms": {"a": {"use": {"written": 2}}}}, "shares are above 0 and at most 1"),
    "errors": ({"errors": None}, "error tasks need the key errors"),
    "seeds": ({"seeds": [0, 0]}, "a seed occurs twice"),
    "unit": ({"budget": {"epochs": 3}}, "steps"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        tiny(tmp_path, **changes)


def test_wrong_keys_are_named_with_the_file() -> None:
    with pytest.raises(TrainingError, match=r"unknown key 'sed': did you mean 'seeds'"):
        load_ablation(CONFIGS / "ablation_demo.yaml", ["sed=3"])
    with pytest.raises(TrainingError, match=r"reader: unknown key 'd_modl': did you mean 'd_model'"):
        load_ablation(CONFIGS / "ablation_demo.yaml", ["reader.d_modl=3"])
    with pytest.raises(TrainingError, match=r"reader.seed is set by the ablation"):
        load_ablation(CONFIGS / "ablation_demo.yaml", ["reader.seed=3"])


def _judged(tmp_path: Path, right: dict[tuple[str, int], int]) -> dict[str, Any]:
    """Results of made predictions: (arm, seed) -> how many of the first of 60 images are read right."""
    settings = tiny(tmp_path, cdm=False)
    labels = [f"{LABELS[place % len(LABELS)]} + {place}" for place in range(60)]
    for run in grid(settings):
        texts = [label if place < right[run.arm, run.seed] else "" for place, label in enumerate(labels)]
        rows = [Prediction(f"i{n}", label, text) for n, (label, text) in enumerate(zip(labels, texts, strict=True))]
        run.folder.mkdir(parents=True)
        write_predictions(predictions_of(run, "other_hands"), rows)
        write_json(run.folder / "trained.json", {"steps": 1, "images": 1, "recognised": 1, "rows": 1})
    sizes = {arm: {"real_images": 0, "synthetic_images": 60} for arm in settings.arms}
    found = compute(settings, sizes, predictions_of)
    arms: dict[str, Any] = found["tests"]["other_hands"]["steps"]["arms"]
    return arms


def test_differences_are_paired_and_show_the_spread_of_seeds(tmp_path: Path) -> None:
    even = _judged(tmp_path / "even", {("recognition", 0): 20, ("recognition", 1): 20, ("all", 0): 26, ("all", 1): 26})
    rate = even["all"]["figures"]["exprate"]
    assert rate["value"] == pytest.approx(100 * 26 / 60, abs=1e-4)
    assert rate["difference"] == pytest.approx(10, abs=1e-4)
    assert rate["sd"] == 0
    low, high = rate["difference_interval"]
    assert 0 < low < 10 < high < 20, "six of sixty images, always the same ones"
    own_low, own_high = rate["interval"]
    assert own_high - own_low > high - low, "pairing takes the difficulty of the images out"
    uneven = _judged(tmp_path / "u", {("recognition", 0): 20, ("recognition", 1): 20, ("all", 0): 8, ("all", 1): 44})
    low, high = uneven["all"]["figures"]["exprate"]["difference_interval"]
    assert low < 0 < high, "the same mean, but the seeds do not agree"
    assert uneven["all"]["figures"]["exprate"]["difference"] == pytest.approx(10, abs=1e-4)


def test_slices_add_up(tmp_path: Path) -> None:
    arms = _judged(tmp_path, {("recognition", 0): 30, ("recognition", 1): 30, ("all", 0): 50, ("all", 1): 40})
    for key in ("length", "depth"):
        parts = arms["all"]["by"][key].values()
        assert sum(part["n"] for part in parts) == 60
        mean = sum(part["n"] * part["exprate"]["value"] for part in parts) / 60
        assert mean == pytest.approx(arms["all"]["figures"]["exprate"]["value"], abs=1e-3)


def test_a_saturating_curve_is_found_again() -> None:
    x = np.array([500.0, 1000, 2000, 4000, 8000, 16000])
    y = value_at(x, 70.0, 600.0, 0.45)
    ceiling, _, exponent = fit(x, y, np.ones(6))
    assert ceiling == pytest.approx(70, abs=1.5)
    assert exponent == pytest.approx(0.45, abs=0.05)
    flat = fit(x, np.full(6, 12.0), np.ones(6))
    assert value_at(x, *flat) == pytest.approx(np.full(6, 12.0))
    falling = value_at(x, *fit(x, y[::-1], np.ones(6)))
    assert np.ptp(falling) == pytest.approx(0, abs=1e-6), "it never falls"


POINTS = {
    "saturating": ([(500.0 * 4**n, 60 - 40 * 4.0**-n, 0.3) for n in range(5)], "fitted ceiling 60."),
    "one slope": ([(1000.0 * 2**n, 4 + 2.0 * n, 0.5) for n in range(4)], "these points do not determine a ceiling"),
    "falling": ([(1000.0 * 2**n, 20 - 2.0 * n, 0.5) for n in range(4)], "the fitted curve does not increase"),
}


@pytest.mark.parametrize(("points", "sentence"), POINTS.values(), ids=POINTS)
def test_a_ceiling_is_named_only_if_the_points_determine_it(
    points: list[tuple[float, float, float]], sentence: str
) -> None:
    curve = {"against": "real_images", "set": "test", "unit": "steps", **fitted_curve(points)}
    assert f"; {sentence}" in scaling_text(curve)


def test_the_grid_of_the_paper_is_valid() -> None:
    settings = load_ablation(CONFIGS / "ablation.yaml")
    assert sum("real_images" in arm.size for arm in settings.arms.values()) == 4
    assert sum("synthetic_images" in arm.size for arm in settings.arms.values()) == 3
    runs = list(grid(settings))
    assert len(runs) == len(settings.arms) * len(settings.seeds) * len(settings.budget)
    assert set(settings.budget) == {"steps", "recognition"}
    assert len({run.folder for run in runs}) == len(runs)
