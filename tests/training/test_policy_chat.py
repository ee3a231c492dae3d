"""GRPO and DPO of a tiny chat model by TRL: our log, a killed run that continues exactly, a model that loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")

from mumer_train.policy.config import Method, PolicyConfig
from mumer_train.policy.log import LOG
from mumer_train.policy.train import train_policy

LABELS = ("x + y", r"\frac { a } { 2 }", "3", r"\sqrt { x }")


@pytest.fixture(scope="module")
def _trl() -> None:
    pytest.importorskip("trl", reason="TRL is not installed: pip install '.[rl]'")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mumer_train.toy.tiny import Sizes, create_tiny_model

    folder = tmp_path_factory.mktemp("small")
    create_tiny_model(folder, Sizes(width=96, layers=2))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[Method, Path]:
    """Prompts and pairs of four typeset images, as the verbs write them."""
    from mumer_data.jobs.pairs import write_pairs
    from mumer_data.jobs.prompts import write_prompts
    from mumer_data.typeset.image import typeset

    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    for place, label in enumerate(LABELS):
        (folder / "images" / f"e{place}.png").write_bytes(typeset(label, size=28))
    rows = [{"img_id": f"e{place}", "gt": label, "pred": f"{label} + 1"} for place, label in enumerate(LABELS)]
    (folder / "predictions.json").write_text(json.dumps(rows), encoding="utf-8")
    write_prompts([folder / "predictions.json"], folder / "prompts", folder / "images")
    write_pairs([folder / "predictions.json"], folder / "pairs", folder / "images")
    return {"grpo": folder / "prompts", "dpo": folder / "pairs"}


@pytest.fixture
def values(small: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "model": str(small),
        "output": tmp_path / "run",
        "rewards": {"concise": 1.0, "parses": 0.5, "exact": 1.0},
        "steps": 4,
        "learning_rate": 1e-3,
        "rows_per_step": 2,
        "rows_per_pass": 1,
        "samples": 2,
        "max_tokens": 6,
        "precision": "fp32",
        "save_steps": 2,
    }


@pytest.mark.usefixtures("_trl")
@pytest.mark.parametrize("method", ["grpo", "dpo"])
def test_a_killed_run_continues_as_if_it_had_not_been(
    method: Method, data: dict[Method, Path], values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mumer_train.policy import log
    from transformers import AutoModelForImageTextToText

    whole = PolicyConfig.model_validate({**values, "data": data[method]})
    folder = train_policy(whole, method)
    add = log.StepLog.add

    def killed(self: log.StepLog, entry: log.Entry) -> None:
        add(self, entry)
        if entry["step"] == 3:
            raise KeyboardInterrupt

    part = whole.model_copy(update={"output": tmp_path / "part"})
    with monkeypatch.context() as patch:
        patch.setattr(log.StepLog, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            train_policy(part, method)
    assert [path.name for path in part.output.glob("checkpoint-*")] == ["checkpoint-2"]
    train_policy(part, method, resume=True)
    entries = [json.loads(line) for line in (whole.output / LOG).read_text("utf-8").splitlines()]
    assert [json.loads(line) for line in (part.output / LOG).read_text("utf-8").splitlines()] == entries
    assert [entry["step"] for entry in entries] == [1, 2, 3, 4]
    names = ("reward", "reward_std", "reward/concise", "length") if method == "grpo" else ("margin", "accuracy")
    assert all(name in entry for entry in entries for name in ("loss", "grad_norm", *names))
    if method == "grpo":
        expected = [entry["reward/concise"] + 0.5 * entry["reward/parses"] + entry["reward/exact"] for entry in entries]
        assert [entry["reward"] for entry in entries] == pytest.approx(expected, abs=1e-5)
        assert any(entry["grad_norm"] > 0 for entry in entries)
    else:
        assert entries[0]["margin"] == pytest.approx(0, abs=1e-5)
        assert entries[-1]["margin"] > 0.01
    assert (whole.output / "reward.png").stat().st_size > 5_000
    first, second = (AutoModelForImageTextToText.from_pretrained(one) for one in (folder, part.output / "final"))
    assert all((first.state_dict()[name] == value).all() for name, value in second.state_dict().items())


def test_without_trl_the_message_names_the_extra(
    data: dict[Method, Path], values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.util import find_spec

    from mumer_train.dependencies import TrainingError

    monkeypatch.setattr("mumer_train.dependencies.find_spec", lambda name: None if name == "trl" else find_spec(name))
    with pytest.raises(TrainingError, match=r"trl not installed: pip install 'mumer-data\[rl\]'"):
        train_policy(PolicyConfig.model_validate({**values, "data": data["grpo"]}), "grpo")
