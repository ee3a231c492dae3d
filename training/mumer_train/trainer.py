"""transformers' `Trainer`, made exact: resuming loads every weight, checkpoints are whole or absent.

Not for reading configs or data: `train` puts them together.
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
from mumer_train.data import IGNORE_INDEX, BatchFacts, restrict_logits_to_answers
from mumer_train.dependencies import TrainingError
from mumer_train.processor import Processor, StockProcessor
from mumer_train.sampler import Order
from mumer_train.throughput import Cost, Meter, peak_of

WRITING = ".writing"  # where a checkpoint is until it is whole, and again when it goes
_LEFT_OUT = "left_out.json"


class MumerTrainer(Trainer):
    """`Trainer` over turns.

    Args:
        processor: saved beside the weights.
        lengths: tokens of each row, to group rows of like length; ``None`` for any order.
        peak: of one device, in TFLOP/s, where its name does not tell.
        arguments, more: of `Trainer`.
    """

    def __init__(
        self,
        *arguments: Any,
        processor: Processor | StockProcessor,
        lengths: Sequence[int] | None,
        peak: float | None,
        **more: Any,
    ) -> None:
        super().__init__(*arguments, **more)
        if not self.args.use_liger_kernel:  # its kernel makes no logits: the model's own loss is left
            self.compute_loss_func = self._token_mean
        self._processor = processor
        self._lengths = lengths
        self._costs: tuple[Any, Any] | None = None  # of the last batch: loss of each answer token, and where they are
        self._saving = False
        self._cuts = "logits_to_keep" in inspect.signature(self.model.forward).parameters
        self._left_out: dict[str, set[str]] = defaultdict(set)
        if peak is None and torch.cuda.is_available() and self.args.bf16:
            peak = peak_of(torch.cuda.get_device_name())
        self.meter = Meter(Cost.of(self.model), peak, lambda one: gather_object([one]))

    # ---- what a step sees ---------------------------------------------------------------------------------------

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **more: Any) -> Any:
        """The mean over all answer tokens of an update; what the figures need is noted on the way."""
        facts: BatchFacts = inputs.pop("facts")
        for task, name in facts.left_out:
            self._left_out[task].add(name)
        if self._cuts:
            inputs = restrict_logits_to_answers(inputs, facts)
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **more)
        self.meter.batch(facts.lengths, facts.patches, facts.vectors)
        if self._costs is not None:
            self.meter.losses(facts.tasks, *self._costs)
        return (loss, outputs) if return_outputs else loss

    def _token_mean(self, outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        """Loss over the answer tokens of all devices and accumulated steps, each token alike.

        Qwen's models take no count of tokens, and so would average the means of steps: tokens of short answers would
        weigh more. Only logits of answers are brought to fp32.
        """
        shifted = labels[:, 1:]
        seen = shifted != IGNORE_INDEX
        costs = torch.nn.functional.cross_entropy(outputs.logits[:, :-1][seen].float(), shifted[seen], reduction="none")
        self._costs = costs.detach(), seen
        return costs.sum() / (seen.sum() if num_items_in_batch is None else num_items_in_batch)

    def get_batch_samples(self, *arguments: Any, **more: Any) -> Any:
        """The next batches; the time spent waiting for them is counted."""
        begin = time.perf_counter()
        found = super().get_batch_samples(*arguments, **more)
        self.meter.wait(time.perf_counter() - begin)
        return found

    def log(self, logs: dict[str, float], *arguments: Any, **more: Any) -> None:
        """Add loss by task, speed, MFU, and the share of time that went by waiting for data."""
        if "loss" in logs:
            logs |= self.meter.read()
        super().log(logs, *arguments, **more)

    def _get_train_sampler(self, *arguments: Any, **more: Any) -> Any:
        """An order that depends on seed and epoch alone; a stream has its own."""
        if isinstance(self.train_dataset, torch.utils.data.IterableDataset):
            return None
        group = self.args.train_batch_size * self.args.world_size
        # At the begin of an epoch, and where a run is resumed, the state knows how many epochs are done.
        return Order(
            len(self.train_dataset),
            self.args.seed,
            lambda: int((self.state.epoch or 0.0) + 1e-6),
            self._lengths,
            group,
        )

    def left_out(self) -> dict[str, list[str]]:
        """Task -> ids of the rows that a stream has left out so far, in all processes."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in gather_object([{task: sorted(names) for task, names in self._left_out.items()}]):
            for task, names in one.items():
                found[task].update(names)
        return {task: sorted(names) for task, names in sorted(found.items())}

    # ---- checkpoints --------------------------------------------------------------------------------------------

    def _get_output_dir(self, trial: Any) -> str:
        folder = super()._get_output_dir(trial)
        return os.path.join(folder, WRITING) if self._saving else folder

    def _save_checkpoint(self, *arguments: Any, **more: Any) -> None:
        """Write everything elsewhere, then move it into place."""
        begin = time.perf_counter()
        folder, name = Path(self.args.output_dir), f"checkpoint-{self.state.global_step}"
        left_out = self.left_out()
        if self.args.should_save:
            shutil.rmtree(folder / WRITING, ignore_errors=True)
        self.accelerator.wait_for_everyone()  # nobody writes what is then removed
        self._saving = True
        try:
            super()._save_checkpoint(*arguments, **more)
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

    def _save(self, output_dir: str | None = None, *arguments: Any, **more: Any) -> None:
        super()._save(output_dir, *arguments, **more)
        self._processor.save(Path(output_dir or self.args.output_dir))

    def save_final(self, folder: Path) -> None:
        """The model as it is now, whole or absent; in bf16 where it was trained so and lies in one piece."""
        parted = self.is_fsdp_enabled or self.is_deepspeed_enabled
        if self.args.bf16 and not parted:
            self.model.to(torch.bfloat16)
        temporary = folder.parent / WRITING / folder.name
        self.save_model(str(temporary))
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            replace_folder(temporary, folder)
            shutil.rmtree(temporary.parent)
        self.accelerator.wait_for_everyone()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load every weight, or fail.

        The stock method takes what it finds and warns of the rest: of Qwen2.5-VL, whose files keep the names of an
        older version, it finds nothing and trains on from the base weights. With FSDP it reads a file of its own, whose
        names are those of the model.
        """
        kept = Path(resume_from_checkpoint) / _LEFT_OUT
        if kept.exists():
            for task, names in json.loads(kept.read_text(encoding="utf-8")).items():
                self._left_out[task].update(names)
        if self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
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


def replace_folder(new: Path, folder: Path) -> None:
    """Put a folder in the place of another: a kill leaves either whole, or for a blink neither."""
    gone = _aside(folder) if folder.exists() else None
    os.replace(new, folder)
    if gone is not None:
        shutil.rmtree(gone)


def remove_folder(folder: Path) -> None:
    """Remove a folder that at no time is there in part."""
    shutil.rmtree(_aside(folder))


def _aside(folder: Path) -> Path:
    """Move a folder to where what is not whole lies."""
    gone = folder.parent / WRITING / f"{folder.name}.old"
    gone.parent.mkdir(exist_ok=True)
    shutil.rmtree(gone, ignore_errors=True)
    os.replace(folder, gone)
    return gone
