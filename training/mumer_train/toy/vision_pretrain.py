"""Dense patch supervision of the vision tower: each image token predicts the symbols in its patch.

Trained end to end, a small decoder is slow to start attending to the image. Not for pretrained models.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.io.atomic import write_json
from mumer_data.jobs.config import load_source
from mumer_data.seeding import rng_for
from mumer_data.tasks import task_class
from mumer_train.dependencies import TrainingError, require
from mumer_train.processor import Processor
from mumer_train.toy.vision_pretrain_data import write_images

_BLANK = 0.3  # loss weight of a patch without ink, relative to one with ink


@dataclass(frozen=True, slots=True)
class VisionPretrainOptions:
    """Options of the pretraining.

    Attributes:
        images: number of synthetic images.
        epochs: passes over the images.
        vision_only_ratio: fraction of steps that update the vision tower only.
        batch_size: images per step.
        learning_rate: of AdamW; Muon uses four times as much.
        seed: random seed of images and order.
        cell: side of the area of one image token, in pixels of a fitted image.
        bank: glyph bank written by `mumer glyphs build`; default: built-in glyphs only.
    """

    images: int = 12_000
    epochs: float = 2.0
    vision_only_ratio: float = 0.6
    batch_size: int = 12
    learning_rate: float = 1e-3
    seed: int = 0
    cell: int = 20
    bank: Path | None = None


def pretrain_vision(model: str, data: str, out: Path, options: VisionPretrainOptions, workers: int = 1) -> Path:
    """Pretrain the vision tower of a small model; returns the folder of the result.

    Args:
        model: folder written by `mumer tiny-init`.
        data: pipeline whose labels are rendered as handwriting; its ``fit`` is applied to the images.
        out: folder for the model, ``pictures.parquet`` and ``ground.json``.
        options: see `VisionPretrainOptions`.
        workers: processes that render images.

    Raises:
        TrainingError: the model is not of the Qwen-VL family, or the pipeline has no label.
    """
    require("torch", "transformers")
    import torch
    from transformers import AutoModelForImageTextToText

    from mumer_train.loading import load_processor

    pipeline = load_source(data)
    images = out / "pictures.parquet"
    write_images(
        images, pipeline, options.images, seed=options.seed, cell=options.cell, bank=options.bank, workers=workers
    )
    processor = load_processor(model, max_pixels=1 << 18)  # fitted images are not resized: their patches are known
    if not isinstance(processor, Processor):
        raise TrainingError(f"{model} is not of the Qwen-VL family: the patches of its images are unknown")
    torch.manual_seed(options.seed)
    network = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32)
    batches = _PatchBatches(processor, pq.read_table(images), options)
    processor.save(out / "model")

    def save() -> None:
        network.save_pretrained(out / "model")

    history = _train(network, batches, options, save)
    save()
    write_json(out / "ground.json", {"pictures": len(batches), "history": history})
    return out / "model"


class _PatchBatches:
    """Batches of images of similar size, with the target tokens of each image token."""

    def __init__(self, processor: Processor, table: pa.Table, options: VisionPretrainOptions) -> None:
        from mumer_train.data import Collator, Encoder

        self._collate, self._tokenizer = Collator(Encoder(processor)), processor.tokenizer
        self._options, self._table = options, table
        self._blank = int(processor.tokenizer.convert_tokens_to_ids("<|vision_pad|>"))
        names = {name for row in table["names"].to_pylist() for name in row}
        ids = {name: self._tokenizer(f" {name}", add_special_tokens=False)["input_ids"] for name in sorted(names)}
        single = {name: tokens[0] for name, tokens in ids.items() if len(tokens) == 1}
        self.classes = [self._blank, *sorted(set(single.values()))]  # token ids that a patch can be classified as
        self._class_of = {name: self.classes.index(token) for name, token in single.items()}
        self._prompt = task_class("recognition").prompt
        self._sizes = np.array([len(image) for image in table["image"].to_pylist()])
        self.steps = int(len(table) * options.epochs) // options.batch_size

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[tuple[dict[str, Any], Any, Any]]:
        rng = rng_for(self._options.seed, "order", "ground")
        remaining = self.steps
        size = self._options.batch_size
        while remaining > 0:
            order = rng.permutation(len(self._table))
            group = 32 * size
            batches = []
            for begin in range(0, len(order), group):
                chunk = order[begin : begin + group]
                chunk = chunk[np.argsort(self._sizes[chunk])]
                batches += [chunk[start : start + size] for start in range(0, len(chunk), size)]
            for index in rng.permutation(len(batches))[:remaining]:
                yield self._batch(batches[index])
            remaining -= len(batches)

    def _batch(self, indices: Any) -> tuple[dict[str, Any], Any, Any]:
        import torch
        from PIL import Image

        from mumer_train.data import ChatExample

        rows = self._table.take(pa.array(indices)).to_pylist()
        images = [Image.open(io.BytesIO(row["image"])).convert("RGB") for row in rows]
        examples = [
            ChatExample("", self._prompt, row["label"], image, "ground")
            for row, image in zip(rows, images, strict=True)
        ]
        batch = self._collate(examples)
        cells, classes, shares, offset = [], [], [], 0
        for row, image in zip(rows, images, strict=True):
            for cell, name, share in zip(row["cells"], row["names"], row["shares"], strict=True):
                if name in self._class_of:
                    cells.append(offset + cell)
                    classes.append(self._class_of[name])
                    shares.append(share)
            offset += (image.width // self._options.cell) * (image.height // self._options.cell)
        inked = torch.zeros(offset, dtype=torch.bool)
        inked[cells] = True
        blank = torch.nonzero(~inked)[:, 0]
        targets = torch.cat([torch.tensor(cells), blank]), torch.cat([torch.tensor(classes), torch.zeros_like(blank)])
        return batch, targets, torch.cat([torch.tensor(shares), torch.full((len(blank),), _BLANK)])


def _train(
    model: Any, batches: _PatchBatches, options: VisionPretrainOptions, save: Callable[[], Any]
) -> list[dict[str, float]]:
    import torch

    from mumer_train.data import restrict_logits_to_answers
    from mumer_train.muon import MuonAdamW

    outputs: list[Any] = []
    # A hook on the whole vision tower: the output of its merger is in the order of attention windows.
    hook = model.model.visual.register_forward_hook(lambda module, inputs, output: outputs.append(output.pooler_output))
    optimizer = MuonAdamW(model.named_parameters(), options.learning_rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps, history, begin = batches.steps, [], time.perf_counter()
    sums, classes = np.zeros(3), torch.tensor(batches.classes)
    model.train()
    for step, (batch, (cells, targets), weights) in enumerate(batches, 1):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(1.0, step / 40, max(0.2, 1.5 * (1 - step / (steps + 1))))
        outputs.clear()
        stats = batch.pop("stats")
        if step <= options.vision_only_ratio * steps:
            vectors = model.model.visual(batch["pixel_values"], grid_thw=batch["image_grid_thw"]).pooler_output
            language_loss = torch.zeros(())
        else:
            language_loss = model(**restrict_logits_to_answers(batch, stats)).loss
            vectors = outputs[0]
        logprobs = _patch_logprobs(vectors, model.get_input_embeddings().weight[classes])
        patch_loss = -(logprobs[cells, targets] * weights).sum() / weights.sum()
        (language_loss + patch_loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        correct = (logprobs.detach().argmax(dim=-1)[cells] == targets)[weights > _BLANK]
        sums += float(language_loss.detach()), float(patch_loss.detach()), float(correct.float().mean())
        if step % 50 == 0 or step == steps:
            history.append(_entry(step, sums / (step % 50 or 50), time.perf_counter() - begin))
            print(history[-1], flush=True)
            sums[:] = 0
        if step % 200 == 0:
            save()
    hook.remove()
    return history


def _patch_logprobs(vectors: Any, table: Any) -> Any:
    """Log-probabilities of the classes for each image token: shape (tokens, classes)."""
    import torch

    return torch.log_softmax(vectors @ table.T * table.shape[1] ** 0.5, dim=-1)


def _entry(step: int, means: Any, seconds: float) -> dict[str, float]:
    """One line of the training history: mean losses and patch accuracy since the last line."""
    names = ("reading", "seeing", "right")
    values = dict(zip(names, means.round(4).tolist(), strict=True))
    return {"step": step, **values, "seconds": round(seconds, 1)}
