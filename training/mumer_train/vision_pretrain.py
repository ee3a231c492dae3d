"""Teaching a small model to see: synthetic handwriting, where it is known which symbol is at which place.

A decoder alone takes long to find out that its image holds its answer. Here each vector that an image becomes is also
asked which symbols' ink lies in its square. What is learned so is where `mumer train` begins; large models need none of
it.
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
from mumer_train.vision_pretrain_data import write_pictures

_BLANK = 0.3  # what a square without ink weighs beside one with ink


@dataclass(frozen=True, slots=True)
class Ground:
    """How a model is taught.

    Attributes:
        pictures: how many are written.
        epochs: how often each is seen.
        alone: share of the steps in which the language model rests: there is nothing to read yet.
        batch, learning_rate, seed: as in training.
        cell: side of the square that is one vector, in pixels of a fitted image.
        bank: file of glyphs cut from real ink, if there is one.
    """

    pictures: int = 12_000
    epochs: float = 2.0
    alone: float = 0.6
    batch: int = 12
    learning_rate: float = 1e-3
    seed: int = 0
    cell: int = 20
    bank: Path | None = None


def ground(model: str, data: str, out: Path, options: Ground, workers: int = 1) -> Path:
    """Teach a model; gives the folder of the one that has learned.

    Args:
        model: a folder that `mumer tiny-init` wrote.
        data: a pipeline whose labels are written, and whose ``fit`` its images get.
        out: for the model, its ``pictures.parquet`` and ``ground.json``.
        options: how.
        workers: processes that write pictures.
    """
    require("torch", "transformers")
    import torch
    from transformers import AutoModelForImageTextToText

    from mumer_train.processor import load_processor

    pipeline = load_source(data)
    pictures = out / "pictures.parquet"
    write_pictures(
        pictures, pipeline, options.pictures, seed=options.seed, cell=options.cell, bank=options.bank, workers=workers
    )
    processor = load_processor(model, max_pixels=1 << 18)  # fitted images stay as they are: their squares are known
    if not isinstance(processor, Processor):
        raise TrainingError(f"{model} has a processor of its own: squares of its images are not known here")
    torch.manual_seed(options.seed)
    learner = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32)
    lessons = _Lessons(processor, pq.read_table(pictures), options)
    processor.save(out / "model")

    def keep() -> None:
        learner.save_pretrained(out / "model")

    history = _teach(learner, lessons, options, keep)
    keep()
    write_json(out / "ground.json", {"pictures": len(lessons), "history": history})
    return out / "model"


class _Lessons:
    """Batches of pictures of like size, with what each vector should say."""

    def __init__(self, processor: Processor, table: pa.Table, options: Ground) -> None:
        from mumer_train.data import Collator, Encoder

        self._collate, self._tokenizer = Collator(Encoder(processor)), processor.tokenizer
        self._options, self._table = options, table
        self._blank = int(processor.tokenizer.convert_tokens_to_ids("<|vision_pad|>"))
        names = {name for row in table["names"].to_pylist() for name in row}
        ids = {name: self._tokenizer(f" {name}", add_special_tokens=False)["input_ids"] for name in sorted(names)}
        numbers = sorted({found[0] for found in ids.values() if len(found) == 1})
        self.answers = [self._blank, *numbers]  # token ids of all that a square may say
        self._places = {name: self.answers.index(found[0]) for name, found in ids.items() if len(found) == 1}
        self._prompt = task_class("recognition").prompt
        self._sizes = np.array([len(image) for image in table["image"].to_pylist()])
        self.steps = int(len(table) * options.epochs) // options.batch

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[tuple[dict[str, Any], Any, Any]]:
        rng = rng_for(self._options.seed, "order", "ground")
        left = self.steps
        while left > 0:
            order = rng.permutation(len(self._table))
            group = 32 * self._options.batch
            batches = []
            for begin in range(0, len(order), group):
                chunk = order[begin : begin + group]
                chunk = chunk[np.argsort(self._sizes[chunk])]
                batches += [chunk[at : at + self._options.batch] for at in range(0, len(chunk), self._options.batch)]
            for place in rng.permutation(len(batches))[:left]:
                yield self._batch(batches[place])
            left -= len(batches)

    def _batch(self, places: Any) -> tuple[dict[str, Any], Any, Any]:
        import torch
        from PIL import Image

        from mumer_train.data import ChatExample

        rows = self._table.take(pa.array(places)).to_pylist()
        images = [Image.open(io.BytesIO(row["image"])).convert("RGB") for row in rows]
        turns = [
            ChatExample("", self._prompt, row["label"], image, "ground")
            for row, image in zip(rows, images, strict=True)
        ]
        batch = self._collate(turns)
        where, what, share, begin = [], [], [], 0
        for row, image in zip(rows, images, strict=True):
            for place, name, part in zip(row["cells"], row["names"], row["shares"], strict=True):
                if name in self._places:
                    where.append(begin + place)
                    what.append(self._places[name])
                    share.append(part)
            begin += (image.width // self._options.cell) * (image.height // self._options.cell)
        inked = torch.zeros(begin, dtype=torch.bool)
        inked[where] = True
        blank = torch.nonzero(~inked)[:, 0]
        cells = torch.cat([torch.tensor(where), blank])
        tokens = torch.cat([torch.tensor(what), torch.zeros_like(blank)])
        return batch, (cells, tokens), torch.cat([torch.tensor(share), torch.full((len(blank),), _BLANK)])


def _teach(model: Any, lessons: _Lessons, options: Ground, keep: Callable[[], Any]) -> list[dict[str, float]]:
    import torch

    from mumer_train.data import restrict_logits_to_answers
    from mumer_train.muon import MuonAdamW

    seen: list[Any] = []
    # Of the whole vision model: its merger still has the order of attention windows.
    hook = model.model.visual.register_forward_hook(lambda module, inputs, output: seen.append(output.pooler_output))
    optimizer = MuonAdamW(model.named_parameters(), options.learning_rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps, history, begin = lessons.steps, [], time.perf_counter()
    sums, answers = np.zeros(3), torch.tensor(lessons.answers)
    model.train()
    for step, (batch, (cells, tokens), weights) in enumerate(lessons, 1):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(1.0, step / 40, max(0.2, 1.5 * (1 - step / (steps + 1))))
        seen.clear()
        facts = batch.pop("facts")
        if step <= options.alone * steps:
            vectors = model.model.visual(batch["pixel_values"], grid_thw=batch["image_grid_thw"]).pooler_output
            reading = torch.zeros(())
        else:
            reading = model(**restrict_logits_to_answers(batch, facts)).loss
            vectors = seen[0]
        table = model.get_input_embeddings().weight[answers]
        known = torch.log_softmax(vectors @ table.T * table.shape[1] ** 0.5, dim=-1)
        chosen = known[cells, tokens]
        seeing = -(chosen * weights).sum() / weights.sum()
        (reading + seeing).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        right = known.detach().argmax(dim=-1)[cells] == tokens
        ink = weights > _BLANK
        sums += float(reading.detach()), float(seeing.detach()), float(right[ink].float().mean())
        if step % 50 == 0 or step == steps:
            count = step % 50 or 50
            names = ("reading", "seeing", "right")
            entry = {"step": step, **dict(zip(names, (sums / count).round(4).tolist(), strict=True))}
            history.append({**entry, "seconds": round(time.perf_counter() - begin, 1)})
            print(history[-1], flush=True)
            sums[:] = 0
        if step % 200 == 0:
            keep()
    hook.remove()
    return history
