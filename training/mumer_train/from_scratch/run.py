"""Train a formula reader: steps, averaged weights, validation, checkpoints with exact resume.

Not for preparing images (see `prepare`) or for the losses (see `losses`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mumer_data.io.atomic import atomic_write
from mumer_data.seeding import hash64
from mumer_train.from_scratch.batches import Batch, BatchPlan, Collator
from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.decoding import read_images
from mumer_train.from_scratch.image_augmentation import Augmentation
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.initial import set_initial_weights
from mumer_train.from_scratch.losses import LossWeights, losses
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.processor import FormulaReaderProcessor, save_reader
from mumer_train.from_scratch.progress import Progress, Tally
from mumer_train.from_scratch.settings import ReaderRunSettings, load_settings
from mumer_train.from_scratch.stopping import stopped_by_signal
from mumer_train.from_scratch.task_rows import read_rows
from mumer_train.from_scratch.tokenizer import formula_tokenizer
from mumer_train.from_scratch.vocabulary import END, START, TOKENS

CHECKPOINT, BEFORE_DECAY = "checkpoint.pt", "before_decay.pt"
_NORM_IMAGES = 400  # number of images for the batch-norm statistics of an export
DECAY, LOG, BEST, HISTORY = "DECAY", "log.txt", "best", "history.jsonl"


class ReaderRun:
    """One training run in its folder."""

    def __init__(self, settings: ReaderRunSettings) -> None:
        self.settings = settings
        settings.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)
        self.tokens = (*TOKENS, *settings.extra_tokens)
        self.numbers = {token: number for number, token in enumerate(self.tokens)}
        config = FormulaReaderConfig(
            vocab_size=len(self.tokens),
            stages=settings.stages,
            d_model=settings.d_model,
            decoder_layers=settings.decoder_layers,
            decoder_ffn_dim=settings.decoder_ffn_dim,
        )
        self.model = FormulaReader(config).to(memory_format=torch.channels_last)  # a quarter faster on CPU
        self.average = FormulaReader(config).to(memory_format=torch.channels_last).eval().requires_grad_(False)
        self.average.load_state_dict(self.model.state_dict())
        self.optimizer = torch.optim.AdamW(_groups(self.model, settings.weight_decay), lr=0.0, betas=(0.9, 0.98))
        self.progress = Progress()
        self.real = ImageStore(settings.real) if settings.real else None
        start, end = self.numbers[START], self.numbers[END]
        augmentation = Augmentation(elastic=settings.elastic).scaled(settings.affine)
        self.collator = Collator(self.numbers, augmentation, settings.seed, start, end)
        self.weights = LossWeights(
            symbol=settings.symbol_loss,
            attention=settings.attention_loss,
            count=settings.count_loss,
            label_smoothing=settings.label_smoothing,
        )
        self.validation = {name: ImageStore(folder) for name, folder in settings.validation.items()}
        self.tally = Tally()
        self.stopping = False
        if (settings.out / CHECKPOINT).exists():
            self._load()
        elif settings.initial is not None:
            self._begin_with(settings.initial)

    def train(self) -> None:
        """Train until the schedule ends, or until `stop` is called: then the checkpoint is written."""
        settings, progress = self.settings, self.progress
        while not settings.schedule.finished(self.position, progress.decay_start):
            batches = self._plan().batches(progress.number, progress.number < settings.synthetic_passes)
            while progress.batch < len(batches):
                before = progress.seen
                items = batches[progress.batch]
                self._step(self.collator.batch(items, progress.step))
                progress.recognised += sum(item.recognition for item in items)
                progress.batch += 1
                self._report(before)
                if self.stopping:
                    self.save()
                    self._log("stopped")
                    return
                if settings.schedule.finished(self.position, progress.decay_start):
                    break
            else:
                progress.number, progress.batch = progress.number + 1, 0
        self.validate()
        self.save()
        self._log("finished")

    @property
    def position(self) -> int:
        """The progress of the run, in the unit of its schedule."""
        progress = self.progress
        return {"images": progress.seen, "recognition": progress.recognised, "steps": progress.step}[
            self.settings.schedule.unit
        ]

    def stop(self, *_: object) -> None:
        """Stop after the current batch; a signal handler."""
        self.stopping = True

    def _plan(self) -> BatchPlan:
        """The plan of the current pass; a new pass uses all folders that exist when it begins."""
        settings, progress = self.settings, self.progress
        if progress.batch == 0:
            there = [folder.exists() for folder in settings.synthetic]
            progress.folders = max(1, there.index(False) if False in there else len(there))
        stores = [ImageStore(folder) for folder in settings.synthetic[: progress.folders]]
        self._log(f"pass {progress.number}: {sum(map(len, stores))} synthetic images in {len(stores)} folders")
        return BatchPlan(
            stores,
            self.real,
            ratio=settings.ratio,
            pixels=settings.batch_pixels,
            seed=settings.seed,
            largest=settings.largest_image,
            rows=None if settings.rows is None else read_rows(settings.rows, stores),
        )

    def _step(self, batch: Batch) -> None:
        settings, progress = self.settings, self.progress
        if progress.decay_start is None and self._decay_asked():
            self.save(BEFORE_DECAY)
            progress.decay_start = self.position
        torch.manual_seed(hash64(f"{settings.seed}\0{progress.step}") >> 1)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.schedule.rate(self.position, progress.decay_start)
        encoder_only = progress.seen < settings.encoder_first and progress.step % settings.decoder_every
        self.model.train()
        result = losses(self.model, batch, self.weights, with_decoder=not encoder_only)
        result.total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.seen += len(batch)
        self._average()
        self.tally.add(result, len(batch))

    def _decay_asked(self) -> bool:
        at = self.settings.schedule.decay_at
        return (at is not None and self.position >= at) or (self.settings.out / DECAY).exists()

    def _average(self) -> None:
        """Update the averaged weights; faster in the first steps, because the initial weights are random."""
        keep, step = self.settings.ema, self.progress.step
        if self.settings.initial is None:
            keep = min(keep, step / (step + 10))
        ours, theirs = self.average.state_dict(), self.model.state_dict()
        floating = [name for name, value in ours.items() if value.is_floating_point()]
        with torch.no_grad():
            torch._foreach_lerp_([ours[name] for name in floating], [theirs[name] for name in floating], 1 - keep)

    def _report(self, before: int) -> None:
        settings, seen = self.settings, self.progress.seen

        def passed(interval: int) -> bool:
            return before // interval != seen // interval

        if passed(settings.log_images):
            rate = self.optimizer.param_groups[0]["lr"]
            self._log(f"step {self.progress.step} seen {seen} lr {rate:.2e} {self.tally.text()}")
            self.tally = Tally()
        if passed(settings.validate_images) and seen >= settings.encoder_first:
            self.validate()
            self.tally = Tally()
        if passed(settings.checkpoint_images):
            self.save()

    def validate(self) -> None:
        """Measure ExpRate of the averaged weights; keep the best ones of the first set as ``best/``."""
        for position, (name, store) in enumerate(self.validation.items()):
            count = min(len(store), self.settings.validation_images)
            chosen = [store[index * len(store) // count] for index in range(count)]
            read = read_images(self.average, [image.pixels for image in chosen])
            texts = [" ".join(self.tokens[token] for token in tokens) for tokens, _ in read]
            rate = sum(text == image.label for text, image in zip(texts, chosen, strict=True)) / count
            self._log(
                f"step {self.progress.step} seen {self.progress.seen} {name}: ExpRate {100 * rate:.1f} of {count}"
            )
            self._record(name, rate, count)
            for text, image in list(zip(texts, chosen, strict=True))[:3]:
                self._log(f"    {image.label}  ->  {text}")
            if position == 0 and rate > self.progress.best:
                self.progress.best = rate
                self.export(self.settings.out / BEST)

    def export(self, folder: Path) -> None:
        """Write the averaged weights and the processor to a folder that `load_reader` reads."""
        save_reader(self.average, FormulaReaderProcessor(tokenizer=formula_tokenizer(self.tokens)), folder)

    def save(self, name: str = CHECKPOINT) -> None:
        """Write a checkpoint atomically."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": {name: getattr(self.progress, name) for name in Progress.__slots__},
        }
        with atomic_write(self.settings.out / name) as temporary:
            torch.save(state, temporary)

    def _begin_with(self, source: Path) -> None:
        """Copy the weights of an earlier reader."""
        store = ImageStore(self.settings.synthetic[0])
        images = [store[number].pixels for number in range(min(len(store), _NORM_IMAGES))]
        set_initial_weights(self.model, self.tokens, source, images)
        self.average.load_state_dict(self.model.state_dict())
        self._log(f"begins with the weights of {source}")

    def _load(self) -> None:
        state: dict[str, Any] = torch.load(self.settings.out / CHECKPOINT, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        self._log(f"resumed at step {self.progress.step}, {self.progress.seen} images")

    def _record(self, name: str, rate: float, count: int) -> None:
        """Add one measurement to ``history.jsonl``."""
        progress = self.progress
        entry = {"step": progress.step, "seen": progress.seen, "recognised": progress.recognised}
        with (self.settings.out / HISTORY).open("a", encoding="utf-8") as file:
            file.write(json.dumps({**entry, "set": name, "n": count, "exprate": round(100 * rate, 4)}) + "\n")

    def _log(self, line: str) -> None:
        with (self.settings.out / LOG).open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def _groups(model: FormulaReader, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices with weight decay, the rest without."""
    matrices: list[Tensor] = [value for value in model.parameters() if value.ndim > 1]
    others: list[Tensor] = [value for value in model.parameters() if value.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def train_reader(config: Path, settings: Sequence[str] = ()) -> str:
    """Train by a YAML file, from the last checkpoint if there is one; on SIGTERM write a checkpoint and stop.

    Returns:
        One line about the progress of the run.

    Raises:
        TrainingError: the file is not valid.
        SourceError: a folder of images cannot be read.
    """
    run = ReaderRun(load_settings(config, settings))
    with stopped_by_signal(run.stop):
        run.train()
    progress = run.progress
    return f"{run.settings.out}: {progress.seen:,} images, best ExpRate {100 * max(0.0, progress.best):.1f}%"
