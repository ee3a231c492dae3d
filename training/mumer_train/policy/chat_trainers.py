"""TRL's trainers with our log, atomic checkpoints, and a resume that requires all weights.

Not for their configuration: see `chat`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText
from trl import DPOTrainer, GRPOTrainer

from mumer_train.dependencies import TrainingError
from mumer_train.policy.log import StepLog
from mumer_train.trainer import WRITING, checkpoints, remove_folder, replace_folder

_NAMES = {
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "reward": "reward",
    "reward_std": "reward_std",
    "frac_reward_zero_std": "flat_groups",
    "completions/mean_length": "length",
    "completions/clipped_ratio": "cut_off",
    "clip_ratio/region_mean": "clipped",
    "kl": "kl",
    "rewards/margins": "margin",
    "rewards/accuracies": "accuracy",
    "logps/chosen": "chosen",
    "logps/rejected": "rejected",
}
"""TRL's name of a figure -> ours, the same as those of a formula reader."""


class _Recorded:
    """Common changes of both trainers; TRL's class follows in the order of inheritance."""

    args: Any
    state: Any
    model: Any
    accelerator: Any
    train_dataset: Any
    step_log: StepLog | None = None
    _saving = False

    def log(self, logs: dict[str, float], *arguments: Any, **options: Any) -> None:
        """Write the figures of an update to the log."""
        super().log(logs, *arguments, **options)  # type: ignore[misc]
        if self.step_log is not None and "loss" in logs:
            entry = {"step": self.state.global_step}
            entry |= {ours: logs[name] for name, ours in _NAMES.items() if name in logs}
            for name, value in logs.items():
                parts = name.split("/")
                if len(parts) == 3 and parts[0] == "rewards" and parts[2] == "mean":
                    entry[f"reward/{parts[1]}"] = value
            self.step_log.add(entry)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write no card: ``run.json`` describes the run."""

    def _get_output_dir(self, trial: Any) -> str:
        folder: str = super()._get_output_dir(trial)  # type: ignore[misc]
        return os.path.join(folder, WRITING) if self._saving else folder

    def _save_checkpoint(self, *arguments: Any, **options: Any) -> None:
        """Write to a temporary folder, then rename it."""
        folder, name = Path(self.args.output_dir), f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            shutil.rmtree(folder / WRITING, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self._saving = True
        try:
            super()._save_checkpoint(*arguments, **options)  # type: ignore[misc]
        finally:
            self._saving = False
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            replace_folder(folder / WRITING / name, folder / name)
            for old in checkpoints(folder)[: -(self.args.save_total_limit or 1)]:
                remove_folder(old)
            shutil.rmtree(folder / WRITING)
        self.accelerator.wait_for_everyone()

    def save_final(self, folder: Path) -> None:
        """Save the model atomically; in bf16 if it was trained in bf16."""
        if self.args.bf16 and not self.is_fsdp_enabled and not self.is_deepspeed_enabled:  # type: ignore[attr-defined]
            self.model.to(torch.bfloat16)
        temporary = folder.parent / WRITING / folder.name
        self.save_model(str(temporary))  # type: ignore[attr-defined]
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            replace_folder(temporary, folder)
            shutil.rmtree(temporary.parent)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load all weights or raise an error; see `mumer_train.trainer.MumerTrainer`."""
        target = self.model if model is None else model
        loaded, info = AutoModelForImageTextToText.from_pretrained(
            resume_from_checkpoint, output_loading_info=True, dtype=next(target.parameters()).dtype
        )
        mismatches = {name: keys for name, keys in info.items() if keys}
        if mismatches:
            raise TrainingError(f"{resume_from_checkpoint} does not match the model: {mismatches}")
        self.accelerator.unwrap_model(target).load_state_dict(loaded.state_dict(), strict=True)


class _RecordedGrpo(_Recorded, GRPOTrainer):
    pass


class _RecordedDpo(_Recorded, DPOTrainer):
    def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
        """The rows in their order: they are already shuffled."""
        return torch.utils.data.SequentialSampler(self.train_dataset)


def grpo_trainer(log: StepLog | None, **options: Any) -> Any:
    """TRL's `GRPOTrainer` with options of its own, writing to a log."""
    trainer = _RecordedGrpo(**options)
    trainer.step_log = log
    return trainer


def dpo_trainer(log: StepLog | None, **options: Any) -> Any:
    """TRL's `DPOTrainer` with options of its own, writing to a log."""
    trainer = _RecordedDpo(**options)
    trainer.step_log = log
    return trainer
