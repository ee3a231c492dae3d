"""Arms that differ in settings of the reader, or begin with the trained reader of another arm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from mumer_train.ablation.after import continue_run, voted
from mumer_train.ablation.config import AblationSettings, Run, VoteSettings, grid
from mumer_train.ablation.grid import plan, predictions_of, run_ablation
from mumer_train.ablation.runner import StoppedError, Trained, read_store, reader_settings
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.policy import PolicyRun
from safetensors.torch import load_file

from mumer_data.voting.classes import classes_of
from mumer_data.voting.decide import decide
from mumer_data.voting.language_model import LanguageModel
from tests.training.ablation.conftest import tiny

GRPO: dict[str, Any] = {"steps": 2, "rows_per_step": 2, "samples": 8, "max_tokens": 2, "learning_rate": 1e-3}
GRPO |= {"rewards": {"parses": 1.0}}  # of two random tokens, some parse and some do not
MORE: dict[str, dict[str, Any]] = {
    "+ votes": {"after": "recognition", "vote": {"samples": 2}, "use": {"written": 1}},
    "+ GRPO": {"after": "recognition", "grpo": GRPO, "use": {"written": 1}},
    "no smoothing": {"reader": {"label_smoothing": 0, "affine": 0, "symbol_loss": 0}, "use": {"written": 1}},
}


def with_more(settings: AblationSettings, out: Path) -> AblationSettings:
    """The grid with further arms, in a copy of its folder."""
    shutil.copytree(settings.out, out)
    raw = settings.model_dump()
    return AblationSettings.model_validate(raw | {"out": out, "arms": {**raw["arms"], **MORE}})


@pytest.fixture(scope="module")
def more(finished: AblationSettings, tmp_path_factory: pytest.TempPathFactory) -> AblationSettings:
    settings = with_more(finished, tmp_path_factory.mktemp("more") / "out")
    states = {row.run.arm: row.state for row in plan(settings)}
    assert states == {"recognition": "done", "all": "done", **dict.fromkeys(MORE, "to do")}
    assert run_ablation(settings, arms=["+ votes", "+ GRPO"]) is None, "an arm is missing"
    assert {row.run.arm for row in plan(settings) if row.state == "to do"} == {"no smoothing"}
    assert run_ablation(settings, arms=["no smoothing"]) == settings.out / "results.json"
    return settings


def runs_of(settings: AblationSettings, arm: str) -> list[Run]:
    return [run for run in grid(settings) if run.arm == arm]


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "final" / "model.safetensors")


def store_of(settings: AblationSettings, kind: str) -> ImageStore:
    (images,) = (settings.out / "images").glob(f"{kind}-*")
    return ImageStore(images)


def test_new_arms_join_a_finished_grid(more: AblationSettings) -> None:
    assert {row.state for row in plan(more)} == {"done"}
    results = json.loads((more.out / "results.json").read_text(encoding="utf-8"))
    images = {(run["arm"], run["seed"]): run["images"] for run in results["runs"]}
    assert images["+ votes", 0] == images["recognition", 0]
    assert images["+ GRPO", 0] == images["recognition", 0] + 2 * 2
    assert set(results["tests"]["other_hands"]["steps"]["arms"]) == set(more.arms)


def test_the_votes_are_those_of_the_samples(more: AblationSettings) -> None:
    base, run = runs_of(more, "recognition")[0], runs_of(more, "+ votes")[0]
    store, labels = store_of(more, "test-other-hands"), store_of(more, "data-written").labels
    trained = Trained(base.folder, {})
    sources = [read_store(trained, store, "other_hands", range(len(store)))]
    sources += [read_store(trained, store, "other_hands", range(len(store)), 0.8, number) for number in (1, 2)]
    model = LanguageModel(labels)
    expected = [
        decide(classes_of([row.prediction for row in rows], [1.0] * 3), model).label
        for rows in zip(*sources, strict=True)
    ]
    assert pq.read_table(predictions_of(run, "other_hands"))["pred"].to_pylist() == expected
    assert [row.prediction for row in voted(VoteSettings(samples=2), trained, store, "other_hands", labels)] == expected
    assert not (run.folder / "final").exists()


def test_grpo_changes_the_weights_of_its_seed(more: AblationSettings) -> None:
    for base, run in zip(runs_of(more, "recognition"), runs_of(more, "+ GRPO"), strict=True):
        before, after = weights(base.folder), weights(run.folder)
        assert any(not torch.equal(before[name], after[name]) for name in before)
        assert not (run.folder / "checkpoint.pt").exists()
        assert len((run.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_grpo_goes_on_after_a_stop(more: AblationSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, run = runs_of(more, "recognition")[0], runs_of(more, "+ GRPO")[0]
    again = Run(run.arm, run.unit, run.amount, run.seed, tmp_path / "again")
    arm, images = more.arms["+ GRPO"], list((more.out / "images").glob("data-written-*"))
    trained = Trained(base.folder, json.loads((base.folder / "trained.json").read_text(encoding="utf-8")))
    update = PolicyRun._update

    def stop_in_between(policy: PolicyRun, batch: Any) -> None:
        update(policy, batch)
        policy.stop()

    with monkeypatch.context() as patched:
        patched.setattr(PolicyRun, "_update", stop_in_between)
        with pytest.raises(StoppedError, match=r"stopped at step 1 of"):
            continue_run(arm, again, trained, images)
    continue_run(arm, again, trained, images)
    ours, theirs = weights(again.folder), weights(run.folder)
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-5) for name in ours)


def test_settings_of_an_arm_override_those_of_the_grid(more: AblationSettings) -> None:
    runs = [runs_of(more, arm)[0] for arm in ("recognition", "no smoothing")]
    plain, other = (reader_settings(more, run, [run.folder], (), None) for run in runs)
    assert (plain.label_smoothing, plain.affine, plain.symbol_loss) == (0.1, 1.0, 1.0)
    assert (other.label_smoothing, other.affine, other.symbol_loss) == (0, 0, 0)
    assert other.d_model == plain.d_model == more.reader["d_model"]
    first, second = (weights(run.folder) for run in runs)
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_an_arm_that_cannot_run_is_named(tmp_path: Path) -> None:
    settings = tiny(tmp_path, arms={"recognition": {"use": {"written": 1}}, "+ votes": MORE["+ votes"]}, errors=None)
    with pytest.raises(TrainingError, match=r"'\+ votse'.*did you mean '\+ votes'"):
        run_ablation(settings, arms=["+ votse"])
    with pytest.raises(TrainingError, match=r"the arm 'recognition', seed 0, is not trained yet: run it first"):
        run_ablation(settings, arms=["+ votes"])


WRONG = {
    "no base": (
        {"after": "all of it", **MORE["+ votes"]} | {"after": "all of it"},
        "there is no trained arm 'all of it'",
    ),
    "no method": ({"after": "recognition", "use": {"written": 1}}, "after needs either vote or grpo"),
    "no after": ({"vote": {}, "use": {"written": 1}}, "after needs either vote or grpo"),
    "both": ({**MORE["+ votes"], "grpo": GRPO}, "after needs either vote or grpo"),
    "a part": ({**MORE["+ GRPO"], "use": {"written": 0.5}}, "grpo uses all images of one data"),
    "tasks": ({**MORE["+ votes"], "tasks": ["recognition", "tree_cot"]}, "an arm with after trains no tasks"),
    "schedule": ({"reader": {"schedule": {}}, "use": {"written": 1}}, "reader.schedule is the same for all arms"),
    "unknown": ({"reader": {"smoothing": 0}, "use": {"written": 1}}, "unknown key 'smoothing'"),
}


@pytest.mark.parametrize(("arm", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arms_are_named(arm: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        tiny(tmp_path, arms={"recognition": {"use": {"written": 1}}, "other": arm})
