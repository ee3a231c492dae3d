"""Two processes on a CPU: DDP over gloo learns as one process with twice the batch would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mumer_train.config import TrainConfig
from mumer_train.train import train


def test_two_processes_train_together(tiny: Path, shards: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    settings = {
        "model": str(tiny),
        "data": [{"path": str(shards), "configs": ["few"]}],
        "output": str(tmp_path / "run"),
        "learning_rate": 1e-3,
        "precision": "fp32",
        "max_pixels": 128 * 784,
        "per_device_batch_size": 4,
        "workers": 0,
        "group_by_length": True,
        "max_steps": 2,
        "save_steps": 2,
        "log_steps": 1,
    }
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "mumer_data", "train"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, *launch, str(path)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["processes"] == 2
    assert [path.name for path in (tmp_path / "run").glob("checkpoint-*")] == ["checkpoint-2"]
    assert (tmp_path / "run" / "final" / "model.safetensors").exists()
    epochs = [entry["epoch"] for entry in record["history"] if "loss" in entry]
    assert epochs == pytest.approx([0.25, 0.5])  # 32 rows, 2 x 4 of them a step
    alone = settings | {"output": str(tmp_path / "alone"), "per_device_batch_size": 8}
    train(TrainConfig.model_validate(alone))
    histories = [record["history"], json.loads((tmp_path / "alone" / "run.json").read_text())["history"]]
    for name in ("loss", "loss_few", "grad_norm"):
        two, one = ([entry[name] for entry in history if "loss" in entry] for history in histories)
        assert two == pytest.approx(one, rel=1e-3), name


@pytest.mark.parametrize("name", ["fsdp2", "zero3"])
def test_accelerate_knows_every_key_of_our_configs(name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    path = Path(__file__).parents[2] / "training" / "configs" / "accelerate" / f"{name}.yaml"
    found = load_config_from_file(str(path))
    parts = found.fsdp_config if name == "fsdp2" else found.deepspeed_config
    assert found.mixed_precision == "bf16"
    assert (parts.get("fsdp_state_dict_type"), parts.get("zero_stage")) in {("FULL_STATE_DICT", None), (None, 3)}
