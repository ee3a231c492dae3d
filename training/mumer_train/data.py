"""Shards -> batches: chat template, loss on the answer alone, padding to the longest of a batch.

Reads what `mumer build` and `mumer mine` write, memory-mapped; knows nothing of models beyond their processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_data.shards.schema import PLACEHOLDER
from mumer_train.needs import TrainingError
from mumer_train.processor import Processor

if TYPE_CHECKING:
    import datasets
    import torch
    from PIL.Image import Image

IGNORED = -100  # a token that costs nothing


@dataclass(frozen=True, slots=True)
class Turn:
    """One row of a shard.

    Attributes:
        id: of the image.
        prompt: the user turn, without the image placeholder.
        answer: the assistant turn.
        image: the picture.
        task: name of the config that it comes from.
    """

    id: str
    prompt: str
    answer: str
    image: Image
    task: str


def shard_files(path: Path) -> dict[str, list[str]]:
    """Config -> its shards in order, of a build's folder or of one config's.

    Raises:
        TrainingError: there are none.
    """
    folders = [path, *sorted(folder for folder in path.iterdir() if folder.is_dir())] if path.is_dir() else []
    found = {folder.name: sorted(map(str, folder.glob("*-of-*.parquet"))) for folder in folders}
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise TrainingError(f"{path} holds no shards: name a folder that `mumer build` wrote, or one of its configs")
    return found


def load_rows(path: Path, configs: Sequence[str] = ()) -> datasets.Dataset:
    """All rows of a build, or of some of its configs, with their config in the column ``task``.

    Raises:
        TrainingError: no shards, a config that is not there, a column that is missing, an image without placeholder.
    """
    import datasets

    files = shard_files(path)
    if unknown := sorted(set(configs) - set(files)):
        raise TrainingError(f"{path} has no config {unknown[0]!r}: it has {', '.join(files)}")
    parts = []
    for name in configs or files:
        part = datasets.load_dataset("parquet", data_files=files[name], split="train")
        _check(part, f"{path}/{name}")
        part = part.cast_column("images", datasets.List(datasets.Image(decode=False)))
        parts.append(part.select_columns(["id", "messages", "images"]).add_column("task", [name] * len(part)))
    return datasets.concatenate_datasets(parts) if len(parts) > 1 else parts[0]


def _check(part: datasets.Dataset, where: str) -> None:
    if missing := {"id", "messages", "images"} - set(part.column_names):
        raise TrainingError(f"{where} has no column {', '.join(sorted(missing))}: is it a shard of this library?")
    if len(part):
        prompt = _contents(part[0]["messages"])[0]
        if prompt.count(PLACEHOLDER) != 1:
            raise TrainingError(f"{where}: the first row's prompt has not exactly one {PLACEHOLDER}: {prompt[:100]!r}")


def _contents(messages: Sequence[dict[str, str]]) -> list[str]:
    return [message.get("value") or message.get("content") or "" for message in messages]


def turn_of(row: dict[str, Any]) -> Turn:
    """A row as its parts, the image opened."""
    prompt, answer = _contents(row["messages"])[:2]
    return Turn(row["id"], prompt.replace(PLACEHOLDER, "", 1), answer, open_image(row["images"][0]), row["task"])


def open_image(stored: dict[str, Any]) -> Image:
    """An image as `datasets` keeps it, undecoded: bytes, or a path."""
    from mumer_data.images.plain import plain_picture

    data = stored["bytes"]
    if data is None and not stored["path"]:
        raise TrainingError("a row has no image: build its shards with images embedded")
    return plain_picture(data if data is not None else Path(stored["path"]).read_bytes()).convert("RGB")


def prompt_text(processor: Processor, prompt: str) -> str:
    """The user turn in the model's own template, with its opening of an answer."""
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    turns = [{"role": "user", "content": content}]
    return str(processor.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


@dataclass(frozen=True)
class Encoder:
    """Turns -> token ids: prompt with its image's places, answer, end token."""

    processor: Processor

    def ids(self, turn: Turn, vectors: int) -> tuple[list[int], list[int]]:
        """Tokens of the prompt, and of the answer with the end token."""
        tokenizer = self.processor.tokenizer
        text = self.processor.expand(prompt_text(self.processor, turn.prompt), [vectors])
        prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
        return prompt, [*tokenizer(turn.answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]

    def length(self, turn: Turn) -> int:
        """Tokens of a turn, without working on its pixels."""
        images = self.processor.images
        patches = images.get_number_of_image_patches(turn.image.height, turn.image.width, {})
        prompt, answer = self.ids(turn, patches // int(images.merge_size) ** 2)
        return len(prompt) + len(answer)


@dataclass(frozen=True)
class Collator:
    """A batch of turns as tensors; the loss is on the answer and its end token alone."""

    encoder: Encoder

    def __call__(self, turns: Sequence[Turn]) -> dict[str, Any]:
        """Padded on the right; ``tasks`` names each row's config."""
        import torch

        processor = self.encoder.processor
        pixels = processor.pixels([turn.image for turn in turns])
        vectors = processor.vectors(pixels["image_grid_thw"])
        parts = [self.encoder.ids(turn, count) for turn, count in zip(turns, vectors, strict=True)]
        longest = max(len(prompt) + len(answer) for prompt, answer in parts)
        pad = processor.tokenizer.pad_token_id
        tokens = torch.full((len(parts), longest), pad)
        labels = torch.full((len(parts), longest), IGNORED)
        mask = torch.zeros((len(parts), longest), dtype=torch.long)
        for row, (prompt, answer) in enumerate(parts):
            end = len(prompt) + len(answer)
            tokens[row, :end] = torch.tensor([*prompt, *answer])
            labels[row, len(prompt) : end] = torch.tensor(answer)
            mask[row, :end] = 1
        kinds = (tokens == processor.image_token_id).long()
        return {
            "input_ids": tokens,
            "attention_mask": mask,
            "labels": labels,
            "mm_token_type_ids": kinds,
            **pixels,
            "tasks": [turn.task for turn in turns],
        }


class Turns:
    """Rows as a data set of turns, for a `DataLoader`: opened one at a time, in the worker that asks."""

    def __init__(self, rows: datasets.Dataset) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> Turn:
        return turn_of(self.rows[int(place)])


def unmasked(labels: torch.Tensor) -> list[int]:
    """The tokens of one row that the loss sees."""
    return [int(token) for token in labels if int(token) != IGNORED]
