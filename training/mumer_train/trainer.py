"""transformers' `Trainer`, made exact: resuming loads every weight, checkpoints are whole or absent.

Not for reading configs or data: `train` puts them together.
"""

from __future__ import annotations

import inspect
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from mumer_train.data import IGNORED
from mumer_train.needs import TrainingError
from mumer_train.processor import Processor

_WRITING = ".writing"  # where a checkpoint is until it is whole


class MumerTrainer(Trainer):
    """`Trainer` over turns; ``lengths`` group rows, ``processor`` is saved beside the weights."""

    def __init__(self, *arguments: Any, processor: Processor, lengths: Sequence[int] | None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._processor = processor
        self._lengths = lengths
        self._saving = False
        self._cuts: bool | None = None  # whether the model can leave logits out
        self._begin = time.perf_counter()
        self._task_losses: dict[str, list[float]] = defaultdict(list)
        self._tokens = self._images = 0
        self._waited = 0.0

    # ---- what a step sees ---------------------------------------------------------------------------------------

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **more: Any) -> Any:
        """The model's own loss; that of each task is noted on the way."""
        tasks = inputs.pop("tasks")
        inputs = self._answers_alone(model, inputs)
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **more)
        self._note(tasks, inputs, outputs)
        return (loss, outputs) if return_outputs else loss

    def _answers_alone(self, model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        """Logits are made from the first answer of the batch on: over a vocabulary, those of prompts cost most."""
        if self._cuts is None:
            parameters = inspect.signature(self.accelerator.unwrap_model(model).forward).parameters
            self._cuts = "logits_to_keep" in parameters
        first = int((inputs["labels"] != IGNORED).int().argmax(dim=1).min())
        kept = inputs["labels"].shape[1] - first + 1  # the token before an answer foretells its first
        if not self._cuts or first < 1:
            return inputs
        return {**inputs, "labels": inputs["labels"][:, -kept:], "logits_to_keep": kept}

    @torch.no_grad()
    def _note(self, tasks: Sequence[str], inputs: dict[str, Any], outputs: Any) -> None:
        self._tokens += int(inputs["attention_mask"].sum())
        self._images += len(tasks)
        logits = outputs["logits"] if isinstance(outputs, dict) else outputs.logits
        for task, row, labels in zip(tasks, logits, inputs["labels"], strict=True):
            seen = labels[1:] != IGNORED
            loss = torch.nn.functional.cross_entropy(row[:-1][seen].float(), labels[1:][seen])
            self._task_losses[task].append(float(loss))

    def get_batch_samples(self, *arguments: Any, **more: Any) -> Any:
        """The next batches; the time spent waiting for them is counted."""
        begin = time.perf_counter()
        found = super().get_batch_samples(*arguments, **more)
        self._waited += time.perf_counter() - begin
        return found

    def log(self, logs: dict[str, float], *arguments: Any, **more: Any) -> None:
        """Add loss by task, speed, and the share of time that went by waiting for data."""
        if "loss" in logs:
            seconds = max(time.perf_counter() - self._begin, 1e-9)
            logs |= {f"loss_{task}": sum(x) / len(x) for task, x in sorted(self._task_losses.items())}
            logs |= {
                "tokens_per_second": self._tokens / seconds,
                "images_per_second": self._images / seconds,
                "data_wait": self._waited / seconds,
            }
            self._task_losses.clear()
            self._tokens = self._images = 0
            self._begin, self._waited = time.perf_counter(), 0.0
        super().log(logs, *arguments, **more)

    def _get_train_sampler(self, *arguments: Any, **more: Any) -> Any:
        if self._lengths is None:
            return super()._get_train_sampler(*arguments, **more)
        generator = torch.Generator()
        generator.manual_seed(self.args.seed)
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return LengthGroupedSampler(size, lengths=list(self._lengths), generator=generator)

    # ---- checkpoints --------------------------------------------------------------------------------------------

    def _get_output_dir(self, trial: Any) -> str:
        folder = super()._get_output_dir(trial)
        return os.path.join(folder, _WRITING) if self._saving else folder

    def _save_checkpoint(self, *arguments: Any, **more: Any) -> None:
        """Write everything elsewhere, then move it into place."""
        folder = Path(self.args.output_dir)
        if self.args.should_save:
            shutil.rmtree(folder / _WRITING, ignore_errors=True)
        self._saving = True
        try:
            super()._save_checkpoint(*arguments, **more)
        finally:
            self._saving = False
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            name = f"checkpoint-{self.state.global_step}"
            shutil.rmtree(folder / name, ignore_errors=True)
            os.replace(folder / _WRITING / name, folder / name)
            (folder / _WRITING).rmdir()
            for old in checkpoints(folder)[: -(self.args.save_total_limit or 1)]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()

    def _rotate_checkpoints(self, *arguments: Any, **more: Any) -> None:
        """Nothing yet: old checkpoints go when the new one is in place."""

    def _save(self, output_dir: str | None = None, *arguments: Any, **more: Any) -> None:
        super()._save(output_dir, *arguments, **more)
        self._processor.save(Path(output_dir or self.args.output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load every weight, or fail.

        The stock method takes what it finds and warns of the rest: of Qwen2.5-VL, whose files keep the names of an
        older version, it finds nothing and trains on from the base weights.
        """
        target = self.model if model is None else model
        loaded, info = AutoModelForImageTextToText.from_pretrained(
            resume_from_checkpoint, output_loading_info=True, dtype=next(target.parameters()).dtype
        )
        wrong = {name: keys for name, keys in info.items() if keys}
        if wrong:
            raise TrainingError(f"{resume_from_checkpoint} does not fit the model: {wrong}")
        self.accelerator.unwrap_model(target).load_state_dict(loaded.state_dict(), strict=True)


def checkpoints(folder: Path) -> list[Path]:
    """The whole checkpoints in a folder, oldest first."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))
