"""A subclass of transformers' `Trainer`: exact resume, atomic checkpoints, token-weighted loss.

Not for reading configurations or data: `train`.
"""

from __future__ import annotations

import inspect
import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import AutoModelForImageTextToText, Trainer

from mumer_data.io.atomic import write_json
from mumer_train.data import IGNORE_INDEX, BatchStats, restrict_logits_to_answers
from mumer_train.dependencies import TrainingError
from mumer_train.processor import ModelProcessor
from mumer_train.sampler import EpochSampler
from mumer_train.throughput import FlopEstimate, ThroughputMeter, peak_tflops_of

WRITING = ".writing"  # holds a checkpoint until it is complete, and while it is removed
_LEFT_OUT = "left_out.json"


class MumerTrainer(Trainer):
    """`Trainer` on chat examples.

    Args:
        processor: processor of the model; saved with the weights.
        lengths: tokens of each row, to group rows of similar length; ``None`` for a random order.
        peak: peak TFLOP/s of one device; default: from the name of the GPU.
        arguments, options: arguments of `Trainer`.
    """

    def __init__(
        self,
        *arguments: Any,
        processor: ModelProcessor,
        lengths: Sequence[int] | None,
        peak: float | None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        if not self.args.use_liger_kernel:  # its kernel computes no logits: the model's own loss is used
            self.compute_loss_func = self._token_mean
            self.model_accepts_loss_kwargs = False  # the model computes no loss
        self._processor = processor
        self._lengths = lengths
        self._token_losses: tuple[Any, Any] | None = None  # of the last batch: losses of answer tokens, mask
        self._saving = False
        self._takes_logits_to_keep = "logits_to_keep" in inspect.signature(self.model.forward).parameters
        self._left_out: dict[str, set[str]] = defaultdict(set)
        if peak is None and torch.cuda.is_available() and self.args.bf16:
            peak = peak_tflops_of(torch.cuda.get_device_name())
        self.meter = ThroughputMeter(FlopEstimate.of(self.model), peak, lambda figures: gather_object([figures]))

    # ---- one step -----------------------------------------------------------------------------------------------

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **options: Any) -> Any:
        """The mean loss over all answer tokens of an update; updates the throughput meter."""
        stats: BatchStats = inputs.pop("stats")
        for task, row_id in stats.left_out:
            self._left_out[task].add(row_id)
        if self._takes_logits_to_keep:
            inputs = restrict_logits_to_answers(inputs, stats)
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **options)
        self.meter.batch(stats.lengths, stats.patches, stats.image_tokens)
        if self._token_losses is not None:
            self.meter.losses(stats.tasks, *self._token_losses)
        return (loss, outputs) if return_outputs else loss

    def _token_mean(self, outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        """Mean loss over the answer tokens of all devices and accumulated steps; every token has the same weight.

        Qwen's models ignore ``num_items_in_batch`` and average the means of steps, which gives tokens of short answers
        a higher weight. Only the logits of answers are converted to fp32. Labels have the positions of their
        input tokens, also in an encoder-decoder; a token is predicted one position earlier.
        """
        shifted = labels[:, 1:]
        mask = shifted != IGNORE_INDEX
        losses = torch.nn.functional.cross_entropy(
            outputs.logits[:, :-1][mask].float(), shifted[mask], reduction="none"
        )
        self._token_losses = losses.detach(), mask
        return losses.sum() / (mask.sum() if num_items_in_batch is None else num_items_in_batch)

    def get_batch_samples(self, *arguments: Any, **options: Any) -> Any:
        """The next batches; measures the time spent waiting for them."""
        begin = time.perf_counter()
        batches = super().get_batch_samples(*arguments, **options)
        self.meter.wait(time.perf_counter() - begin)
        return batches

    def log(self, logs: dict[str, float], *arguments: Any, **options: Any) -> None:
        """Add loss per task, throughput, MFU, and the fraction of time spent waiting for data."""
        if "loss" in logs:
            logs |= self.meter.read()
        super().log(logs, *arguments, **options)

    def _get_train_sampler(self, *arguments: Any, **options: Any) -> Any:
        """An order that depends on seed and epoch only; a stream has its own order."""
        if isinstance(self.train_dataset, torch.utils.data.IterableDataset):
            return None
        group = self.args.train_batch_size * self.args.world_size
        # At the start of an epoch, and of a resumed run, the state holds the number of finished epochs.
        return EpochSampler(
            len(self.train_dataset),
            self.args.seed,
            lambda: int((self.state.epoch or 0.0) + 1e-6),
            self._lengths,
            group,
        )

    def left_out(self) -> dict[str, list[str]]:
        """Task -> ids of the rows that a stream has skipped so far, in all processes."""
        merged: dict[str, set[str]] = defaultdict(set)
        for by_task in gather_object([{task: sorted(ids) for task, ids in self._left_out.items()}]):
            for task, ids in by_task.items():
                merged[task].update(ids)
        return {task: sorted(ids) for task, ids in sorted(merged.items())}

    # ---- checkpoints --------------------------------------------------------------------------------------------

    def _get_output_dir(self, trial: Any) -> str:
        folder = super()._get_output_dir(trial)
        return os.path.join(folder, WRITING) if self._saving else folder

    def _save_checkpoint(self, *arguments: Any, **options: Any) -> None:
        """Write to a temporary folder, then rename it."""
        begin = time.perf_counter()
        folder, name = Path(self.args.output_dir), f"checkpoint-{self.state.global_step}"
        left_out = self.left_out()
        if self.args.should_save:
            shutil.rmtree(folder / WRITING, ignore_errors=True)
        self.accelerator.wait_for_everyone()  # no process writes while the folder is removed
        self._saving = True
        try:
            super()._save_checkpoint(*arguments, **options)
        finally:
            self._saving = False
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            if left_out:
                write_json(folder / WRITING / name / _LEFT_OUT, left_out)
            replace_folder(folder / WRITING / name, folder / name)
            for old in checkpoints(folder)[: -(self.args.save_total_limit or 1)]:
                remove_folder(old)
            shutil.rmtree(folder / WRITING)
        self.accelerator.wait_for_everyone()
        self.meter.pause(time.perf_counter() - begin)

    def _save(self, output_dir: str | None = None, *arguments: Any, **options: Any) -> None:
        super()._save(output_dir, *arguments, **options)
        self._processor.save(Path(output_dir or self.args.output_dir))

    def save_final(self, folder: Path) -> None:
        """Save the model atomically; in bf16 where it was trained in bf16 and is not sharded."""
        sharded = self.is_fsdp_enabled or self.is_deepspeed_enabled
        if self.args.bf16 and not sharded:
            self.model.to(torch.bfloat16)
        temporary = folder.parent / WRITING / folder.name
        self.save_model(str(temporary))
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            replace_folder(temporary, folder)
            shutil.rmtree(temporary.parent)
        self.accelerator.wait_for_everyone()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load all weights; raise an error if any is missing.

        The method of transformers loads the weights whose names match and warns about the others: of Qwen2.5-VL, whose
        files keep the names of an older version, none match, and training continues from the base weights. With FSDP
        it reads its own file, whose names are those of the model.
        """
        saved = Path(resume_from_checkpoint) / _LEFT_OUT
        if saved.exists():
            for task, ids in json.loads(saved.read_text(encoding="utf-8")).items():
                self._left_out[task].update(ids)
        if self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        target = self.model if model is None else model
        loaded, info = AutoModelForImageTextToText.from_pretrained(
            resume_from_checkpoint, output_loading_info=True, dtype=next(target.parameters()).dtype
        )
        mismatches = {name: keys for name, keys in info.items() if keys}
        if mismatches:
            raise TrainingError(f"{resume_from_checkpoint} does not match the model: {mismatches}")
        self.accelerator.unwrap_model(target).load_state_dict(loaded.state_dict(), strict=True)


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints in a folder, oldest first."""
    paths = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    return sorted(paths, key=lambda path: int(path.name.rpartition("-")[2]))


def replace_folder(new: Path, folder: Path) -> None:
    """Replace a folder by another; after a kill one of them is complete, or for a short moment none."""
    removed = _set_aside(folder) if folder.exists() else None
    os.replace(new, folder)
    if removed is not None:
        shutil.rmtree(removed)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that a partly removed folder is never visible."""
    shutil.rmtree(_set_aside(folder))


def _set_aside(folder: Path) -> Path:
    """Move a folder into the temporary folder beside it."""
    removed = folder.parent / WRITING / f"{folder.name}.old"
    removed.parent.mkdir(exist_ok=True)
    shutil.rmtree(removed, ignore_errors=True)
    os.replace(folder, removed)
    return removed
