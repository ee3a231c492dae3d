"""Training: the tiny model memorises 32 rows; a killed and resumed run equals an unbroken one."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from mumer_train.config import Part, TrainConfig
from mumer_train.dependencies import TrainingError
from mumer_train.shards import load_rows
from mumer_train.train import train
from mumer_train.trainer import MumerTrainer

from mumer_data.jobs.predict import predict
from mumer_data.recognizers import Sampling, recognizer


def config(tiny: Path, shards: Path, output: Path, **more: Any) -> TrainConfig:
    settings: dict[str, Any] = {
        "learning_rate": 1e-3,
        "precision": "fp32",
        "max_pixels": 128 * 784,
        "max_length": 1024,
        "workers": 0,
        "group_by_length": False,
        "save_steps": 2,
        "log_steps": 1,
    }
    data = [Part(path=shards, configs=["few"])]
    return TrainConfig(model=str(tiny), data=data, output=output, **(settings | more))


def test_it_memorises_32_images(tiny: Path, shards: Path, tmp_path: Path) -> None:
    final = train(config(tiny, shards, tmp_path / "run", max_steps=200, save_steps=500, log_steps=20))
    maker = partial(recognizer, "transformers", model=str(final))
    out = predict(maker, str(final), str(shards / "few"), tmp_path / "p.parquet", sampling=Sampling(max_tokens=40))
    rows = pd.read_parquet(out)
    assert len(rows) == 32
    assert (rows["pred"] == rows["gt"]).all(), rows[rows["pred"] != rows["gt"]][["gt", "pred"]].to_string()
    assert (rows["finish_reason"] == "stop").all()
    assert (rows["logprob"] > -0.5).all()
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["rows"] == 32
    assert record["left_out"] == {}
    assert record["versions"]["torch"] == torch.__version__
    assert record["data"][0]["manifest"]["name"] == "few"
    assert {"loss", "loss_few", "tokens_per_second", "data_wait", "grad_norm"} <= set(record["history"][0])
    assert (tmp_path / "run" / "loss.png").stat().st_size > 1000


class _KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize(
    ("more", "kill"),
    [({}, 3), ({"group_by_length": True, "max_steps": 8}, 7), ({"streaming": True, "shuffle_buffer": 8}, 3)],
    ids=["by place", "by length, in the second epoch", "streamed"],
)
def test_resuming_gives_the_losses_of_an_unbroken_run(
    tiny: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], kill: int
) -> None:
    settings = {"max_steps": 4, "max_length": 50} | more
    train(config(tiny, shards, tmp_path / "whole", **settings))
    broken = config(tiny, shards, tmp_path / "broken", **settings)
    stock = MumerTrainer.training_step

    def killed(self: MumerTrainer, *arguments: Any, **more: Any) -> Any:
        if self.state.global_step == kill:
            raise _KilledError
        return stock(self, *arguments, **more)

    monkeypatch.setattr(MumerTrainer, "training_step", killed)
    with pytest.raises(_KilledError):
        train(broken)
    monkeypatch.undo()
    with pytest.raises(TrainingError, match="continue it with --resume"):
        train(broken)
    train(broken, resume=True)
    records = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "broken")]
    losses = [[entry["loss"] for entry in record["history"] if "loss" in entry] for record in records]
    assert losses[0] == losses[1]
    assert len(losses[0]) == settings["max_steps"]
    assert records[0]["left_out_ids"] == records[1]["left_out_ids"] != {}
    weights = [_weights(tmp_path / name / "final") for name in ("whole", "broken")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return found


# Runs in a process of its own, which kills itself as hard as can be at one point of saving.
_SUICIDE = """
import os, signal, sys
from pathlib import Path
import torch
from mumer_train import trainer
from mumer_train.config import TrainConfig
from mumer_train.train import train

def die(*arguments, **more):
    os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(int(sys.argv[3]))  # another number sums in another order
config, point = TrainConfig.model_validate_json(sys.argv[1]), sys.argv[2]
if point == "while writing":
    stock = trainer.MumerTrainer._save_rng_state
    trainer.MumerTrainer._save_rng_state = lambda self, folder: die() if "-4" in folder else stock(self, folder)
elif point == "while removing the old one":
    stock = trainer.shutil.rmtree
    def rmtree(old, *arguments, **more):
        return die() if str(old).endswith(".old") and Path(old).exists() else stock(old, *arguments, **more)
    trainer.shutil.rmtree = rmtree
elif point == "while writing the end":
    stock = trainer.MumerTrainer._save
    trainer.MumerTrainer._save = lambda self, folder, *a: (stock(self, folder, *a), die() if "final" in folder else 0)
train(config)
"""


@pytest.mark.parametrize(
    ("point", "there"),
    [
        ("while writing", ["checkpoint-2"]),
        ("while removing the old one", ["checkpoint-4"]),
        ("while writing the end", ["checkpoint-4"]),
    ],
)
def test_a_checkpoint_is_whole_or_absent(
    tiny: Path, shards: Path, tmp_path: Path, point: str, there: list[str]
) -> None:
    settings = config(tiny, shards, tmp_path / "run", max_steps=4, save_total_limit=1)
    command = [sys.executable, "-c", _SUICIDE, settings.model_dump_json(), point, str(torch.get_num_threads())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert {path.name for path in (tmp_path / "run").iterdir()} - {".writing", "runs"} == set(there)
    final = train(settings, resume=True)
    whole = train(config(tiny, shards, tmp_path / "whole", max_steps=4, save_total_limit=1))
    weights = [_weights(folder) for folder in (final, whole)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not (tmp_path / "run" / ".writing").exists()


def test_rows_over_max_length_are_named(tiny: Path, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no row has at most 16 tokens"):
        train(config(tiny, shards, tmp_path / "none", max_length=16))
    train(config(tiny, shards, tmp_path / "some", max_length=50, max_steps=1))
    record = json.loads((tmp_path / "some" / "run.json").read_text())
    assert record["left_out"] == {"few": len(record["left_out_ids"]["few"])}
    assert record["rows"] + record["left_out"]["few"] == 32
    assert set(record["left_out_ids"]["few"]) <= set(load_rows(shards, ["few"])["id"])


def test_accumulated_steps_are_one_large_step(tiny: Path, shards: Path, tmp_path: Path) -> None:
    """Tokens weigh alike: answers of trees are several times as long as labels."""
    data = [Part(path=shards)]
    for name, rows in (("large", 8), ("steps", 2)):
        sizes = {"per_device_batch_size": rows, "effective_batch": 8}
        run = config(tiny, shards, tmp_path / name, max_steps=2, **sizes).model_copy(update={"data": data})
        train(run)
    large, steps = (
        json.loads((tmp_path / name / "run.json").read_text())["history"][:2] for name in ("large", "steps")
    )
    for one, other in zip(large, steps, strict=True):
        for name in ("loss", "loss_few", "loss_few_tree", "grad_norm"):
            assert one[name] == pytest.approx(other[name], rel=1e-3), name


def test_frozen_parts_stay_as_they_are(tiny: Path, shards: Path, tmp_path: Path) -> None:
    freeze = {"vision": True, "projector": True}
    final = train(config(tiny, shards, tmp_path / "run", max_steps=1, warmup=0.0, freeze=freeze))
    before, after = _weights(tiny), _weights(final)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not any("visual" in name for name in changed)
    everything = {"vision": True, "projector": True, "language": True}
    with pytest.raises(TrainingError, match="nothing is left to train"):
        train(config(tiny, shards, tmp_path / "none", freeze=everything))


def test_a_folder_without_model_is_an_error_before_any_weight(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no tokenizer and image processor"):
        train(config(tmp_path, shards, tmp_path / "run"))


def test_a_text_only_model_is_an_error_before_any_weight(tiny: Path, shards: Path, tmp_path: Path) -> None:
    text_only = Path(shutil.copytree(tiny, tmp_path / "text_only"))
    (text_only / "model.safetensors").unlink()
    (text_only / "config.json").write_text(json.dumps({"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}))
    with pytest.raises(TrainingError, match="type qwen2, which does not take images"):
        train(config(text_only, shards, tmp_path / "run"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"liger": True}, "liger: true needs liger-kernel, which is not installed"),
        ({"attention": "flash_attention_2"}, "needs flash-attn, which is not installed: .* set attention: sdpa"),
        ({"attention": "fast"}, "'fast' is not one of eager, sdpa"),
        ({"report": ["trackio"]}, "needs trackio, which is not installed"),
        ({"sharding": "fsdp2"}, "FSDP2 needs GPUs"),
        ({"effective_batch": 12}, "effective_batch 12 is not a multiple of 8 rows per step"),
    ],
)
def test_missing_dependencies_are_reported_first(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("mumer_train.dependencies.find_spec", lambda name: None if name in _OPTIONAL else name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match=message):
        train(config(tmp_path / "nowhere", shards, tmp_path / "run", **more))


_OPTIONAL = {"liger_kernel", "flash_attn", "trackio"}


@pytest.mark.parametrize(
    ("precision", "kept", "final"), [("bf16", "float32", "bfloat16"), ("pure_bf16", "bfloat16", "bfloat16")]
)
def test_bf16_trains_on_weights_in_fp32(
    tiny: Path, shards: Path, tmp_path: Path, precision: str, kept: str, final: str
) -> None:
    from transformers import AutoModelForImageTextToText

    # at this rate no update reaches the eighth bit of a weight
    run = config(tiny, shards, tmp_path / "run", max_steps=2, precision=precision, learning_rate=1e-6, warmup=0)
    saved = train(run)
    weights = _weights(tmp_path / "run" / "checkpoint-2")
    assert {str(values.dtype) for values in weights.values()} == {f"torch.{kept}"}
    before = _weights(tiny)
    name = next(name for name in weights if "mlp.up_proj" in name)
    changed = (weights[name].float() != before[name].to(weights[name].dtype).float()).float().mean()
    assert changed > 0.9 if kept == "float32" else changed < 0.1
    model, info = AutoModelForImageTextToText.from_pretrained(saved, output_loading_info=True)
    assert str(model.dtype) == f"torch.{final}"
    assert not any(info.values())


def test_validation_keeps_the_best_model(tiny: Path, shards: Path, tmp_path: Path) -> None:
    validation = {"data": str(shards / "few"), "every": 2, "rows": 4, "max_tokens": 4}
    train(config(tiny, shards, tmp_path / "run", max_steps=4, evaluate=validation))
    history = json.loads((tmp_path / "run" / "run.json").read_text())["history"]
    validations = [entry for entry in history if "eval_exprate" in entry]
    assert [entry["step"] for entry in validations] == [2, 4]
    best = json.loads((tmp_path / "run" / "best" / "evaluation.json").read_text())
    assert best["n"] == 4
    assert best["exprate"] == max(entry["eval_exprate"] for entry in validations)
    maker = partial(recognizer, "transformers", model=str(tmp_path / "run" / "best"))
    drawn = Sampling(max_tokens=4)
    predict(maker, "best", str(shards / "few"), tmp_path / "p.parquet", sampling=drawn, keep=lambda e: e.row < 4)
    rows = pd.read_parquet(tmp_path / "p.parquet")
    assert (rows["pred"] == rows["gt"]).mean() * 100 == best["exprate"]


def test_the_best_is_known_after_a_kill(tiny: Path, shards: Path, tmp_path: Path) -> None:
    validation = {"data": str(shards / "few"), "every": 1, "rows": 2, "max_tokens": 2}
    train(config(tiny, shards, tmp_path / "run", max_steps=1, save_steps=1, evaluate=validation))
    path = tmp_path / "run" / "best" / "evaluation.json"
    assert json.loads(path.read_text())["step"] == 1
    path.write_text(json.dumps({"step": 1, "exprate": 50.0}))  # as if it had been better than what comes
    train(config(tiny, shards, tmp_path / "run", max_steps=2, save_steps=1, evaluate=validation), resume=True)
    assert json.loads(path.read_text()) == {"step": 1, "exprate": 50.0}


def test_validation_does_not_change_training(tiny: Path, shards: Path, tmp_path: Path) -> None:
    validation = {"data": str(shards / "few"), "every": 1, "rows": 2, "max_tokens": 2}
    folders = [
        train(config(tiny, shards, tmp_path / name, max_steps=2, evaluate=evaluate))
        for name, evaluate in (("with", validation), ("without", None))
    ]
    weights = [_weights(folder) for folder in folders]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
