"""Training: the tiny model learns 32 rows by heart; a run that is killed and resumed is the same run."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from mumer_train.config import Part, TrainConfig
from mumer_train.needs import TrainingError
from mumer_train.predict import Sampling, backend
from mumer_train.predict.run import predict
from mumer_train.train import train
from mumer_train.trainer import MumerTrainer


def config(tiny: Path, shards: Path, output: Path, **more: Any) -> TrainConfig:
    settings: dict[str, Any] = {
        "learning_rate": 1e-3,
        "precision": "fp32",
        "max_pixels": 128 * 784,
        "cutoff": 1024,
        "workers": 0,
        "group_by_length": False,
        "save_steps": 2,
        "log_steps": 1,
    }
    data = [Part(path=shards, configs=["few"])]
    return TrainConfig(model=str(tiny), data=data, output=output, **(settings | more))


def test_it_learns_32_images_by_heart(tiny: Path, shards: Path, tmp_path: Path) -> None:
    final = train(config(tiny, shards, tmp_path / "run", max_steps=200, save_steps=500, log_steps=20))
    maker = partial(backend, "transformers", model=str(final))
    out = predict(maker, str(final), str(shards / "few"), tmp_path / "p.parquet", sampling=Sampling(max_tokens=40))
    rows = pd.read_parquet(out)
    assert len(rows) == 32
    assert (rows["pred"] == rows["gt"]).all(), rows[rows["pred"] != rows["gt"]][["gt", "pred"]].to_string()
    assert (rows["finish_reason"] == "stop").all()
    assert (rows["logprob"] > -0.5).all()
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["rows"] == 32
    assert record["left_out"] == []
    assert record["versions"]["torch"] == torch.__version__
    assert record["data"][0]["manifest"]["name"] == "few"
    assert {"loss", "loss_few", "tokens_per_second", "data_wait", "grad_norm"} <= set(record["history"][0])
    assert (tmp_path / "run" / "loss.png").stat().st_size > 1000


class _KilledError(Exception):
    """Stands for a kill."""


def test_resuming_gives_the_losses_of_an_unbroken_run(
    tiny: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = config(tiny, shards, tmp_path / "whole", max_steps=4)
    train(whole)
    broken = config(tiny, shards, tmp_path / "broken", max_steps=4)
    stock = MumerTrainer.training_step

    def killed(self: MumerTrainer, *arguments: Any, **more: Any) -> Any:
        if self.state.global_step == 3:
            raise _KilledError
        return stock(self, *arguments, **more)

    monkeypatch.setattr(MumerTrainer, "training_step", killed)
    with pytest.raises(_KilledError):
        train(broken)
    monkeypatch.undo()
    with pytest.raises(TrainingError, match="go on with --resume"):
        train(broken)
    train(broken, resume=True)
    losses = [
        [
            entry["loss"]
            for entry in json.loads((tmp_path / name / "run.json").read_text())["history"]
            if "loss" in entry
        ]
        for name in ("whole", "broken")
    ]
    assert losses[0] == losses[1]
    weights = [_weights(tmp_path / name / "final") for name in ("whole", "broken")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return found


def test_a_checkpoint_is_whole_or_absent(
    tiny: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: MumerTrainer, *arguments: Any) -> None:
        raise _KilledError

    monkeypatch.setattr(MumerTrainer, "_save_rng_state", broken)
    with pytest.raises(_KilledError):
        train(config(tiny, shards, tmp_path / "run", max_steps=2))
    assert not list((tmp_path / "run").glob("checkpoint-*"))


def test_rows_over_the_cutoff_are_named(tiny: Path, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no row has at most 16 tokens"):
        train(config(tiny, shards, tmp_path / "none", cutoff=16))
    train(config(tiny, shards, tmp_path / "some", cutoff=63, max_steps=1))
    record = json.loads((tmp_path / "some" / "run.json").read_text())
    assert record["left_out"]
    assert record["rows"] + len(record["left_out"]) == 32
    assert all(name.startswith("few/") for name in record["left_out"])


def test_frozen_parts_stay_as_they_are(tiny: Path, shards: Path, tmp_path: Path) -> None:
    freeze = {"vision": True, "projector": True}
    final = train(config(tiny, shards, tmp_path / "run", max_steps=1, warmup=0.0, freeze=freeze))
    before, after = _weights(tiny), _weights(final)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not any("visual" in name for name in changed)
    everything = {"vision": True, "projector": True, "language": True}
    with pytest.raises(TrainingError, match="leaves nothing to train"):
        train(config(tiny, shards, tmp_path / "none", freeze=everything))


def test_a_model_that_is_none_is_an_error_before_any_weight(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no tokenizer and image processor"):
        train(config(tmp_path, shards, tmp_path / "run"))


def test_looks_while_it_learns_keep_the_best(tiny: Path, shards: Path, tmp_path: Path) -> None:
    look = {"data": str(shards / "few"), "every": 2, "rows": 4, "max_tokens": 4}
    train(config(tiny, shards, tmp_path / "run", max_steps=4, evaluate=look))
    history = json.loads((tmp_path / "run" / "run.json").read_text())["history"]
    looks = [entry for entry in history if "eval_exprate" in entry]
    assert [entry["step"] for entry in looks] == [2, 4]
    best = json.loads((tmp_path / "run" / "best" / "evaluation.json").read_text())
    assert best["n"] == 4
    assert best["exprate"] == max(entry["eval_exprate"] for entry in looks)
    maker = partial(backend, "transformers", model=str(tmp_path / "run" / "best"))
    drawn = Sampling(max_tokens=4)
    predict(maker, "best", str(shards / "few"), tmp_path / "p.parquet", sampling=drawn, keep=lambda e: e.row < 4)
    rows = pd.read_parquet(tmp_path / "p.parquet")
    assert (rows["pred"] == rows["gt"]).mean() * 100 == best["exprate"]
