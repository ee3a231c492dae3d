"""Rows -> batches: chat template, loss on the answer alone, padding to the longest of a batch.

Not for finding rows: `shards` does; knows nothing of models beyond their processor.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_data.exceptions import ImageError
from mumer_data.shards.schema import CHATS, PLACEHOLDER
from mumer_train.dependencies import TrainingError
from mumer_train.processor import Processor, StockProcessor

if TYPE_CHECKING:
    import datasets
    import torch
    from PIL.Image import Image

IGNORE_INDEX = -100  # a token that costs nothing


@dataclass(frozen=True, slots=True)
class ChatExample:
    """One row of a shard.

    Attributes:
        id: of the image.
        prompt: the user turn, without the image placeholder.
        answer: the assistant turn.
        image: the picture, of which so far only the header is read.
        task: name of the config that it comes from.
        left_out: task and id of rows of a stream that are left out and stood near this one.
    """

    id: str
    prompt: str
    answer: str
    image: Image
    task: str
    left_out: tuple[tuple[str, str], ...] = ()


def turn_of(row: dict[str, Any]) -> ChatExample:
    """A row as its parts.

    Raises:
        TrainingError: it is not one user turn with one image and its place, and one answer.
    """
    where = f"{row['task']}/{row['id']}"
    (prompt, answer), images = _contents(row["messages"], where), row["images"] or []
    if prompt.count(PLACEHOLDER) != 1 or len(images) != 1:
        raise TrainingError(
            f"{where}: {len(images)} images, and {prompt.count(PLACEHOLDER)} times {PLACEHOLDER} in the prompt "
            f"{prompt[:100]!r}: there must be one of each"
        )
    if not answer:
        raise TrainingError(f"{where}: the answer is empty")
    return ChatExample(row["id"], prompt.replace(PLACEHOLDER, "", 1), answer, _open(images[0], where), row["task"])


def _contents(messages: Sequence[dict[str, str]] | None, where: str) -> tuple[str, str]:
    """The texts of a user turn and an answer, in either chat format."""
    for chat in CHATS.values():
        if [turn.get(chat.role) for turn in messages or ()] == [chat.user, chat.assistant]:
            assert messages is not None
            return messages[0][chat.content] or "", messages[1][chat.content] or ""
    raise TrainingError(f"{where}: its messages are not one user turn and one answer")


def _open(stored: dict[str, Any], where: str) -> Image:
    """An image as `datasets` keeps it, undecoded: bytes, or a path. Reads its header."""
    from PIL import Image

    data = stored["bytes"]
    if data is None and not stored["path"]:
        raise TrainingError(f"{where} has no image: build its shards with images embedded")
    try:
        return Image.open(io.BytesIO(Path(stored["path"]).read_bytes() if data is None else data))
    except OSError as error:
        raise TrainingError(f"{where}: its image cannot be read: {error}") from None


def pixels_of(turn: ChatExample) -> Image:
    """The image, decoded, in RGB; what programs show differently as `mumer build` makes it."""
    from mumer_data.images.canonicalize import canonicalize

    try:
        return canonicalize(turn.image).convert("RGB")
    except (OSError, ImageError) as error:
        raise TrainingError(f"{turn.task}/{turn.id}: its image cannot be read: {error}") from None


def prompt_text(processor: Processor | StockProcessor, prompt: str) -> str:
    """The user turn in the model's own template, with its opening of an answer."""
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    turns = [{"role": "user", "content": content}]
    template = processor.tokenizer.apply_chat_template
    # Where a model may think before it answers, its thoughts are empty: there are none in the shards.
    return str(template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False))


@dataclass(frozen=True)
class Encoder:
    """Chat examples -> token ids: prompt with its image's places, answer, end token."""

    processor: Processor | StockProcessor

    def answer(self, turn: ChatExample) -> list[int]:
        """Tokens of the answer with the end token."""
        tokenizer = self.processor.tokenizer
        return [*tokenizer(turn.answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]

    def length(self, turn: ChatExample) -> int:
        """Tokens of a turn, without working on its pixels where that can be."""
        return self.processor.length(prompt_text(self.processor, turn.prompt), turn.image) + len(self.answer(turn))

    def fingerprint(self) -> str:
        """Of all that a length depends on beside the row."""
        tokenizer, images = self.processor.tokenizer, self.processor.images
        words = sorted(tokenizer.get_vocab().items(), key=lambda word: word[1])
        parts = [str(tokenizer.chat_template), images.to_json_string(), str(words)]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Collator:
    """A batch of turns as tensors; the loss is on the answer and its end token alone."""

    encoder: Encoder

    def __call__(self, turns: Sequence[ChatExample]) -> dict[str, Any]:
        """Padded on the right; beside what the model takes there is a `BatchFacts` under ``facts``."""
        import torch

        processor = self.encoder.processor
        texts = [prompt_text(processor, turn.prompt) for turn in turns]
        encoded = processor.encode(texts, [pixels_of(turn) for turn in turns])
        parts = list(zip(encoded.prompts, map(self.encoder.answer, turns), strict=True))
        lengths = [len(prompt) + len(answer) for prompt, answer in parts]
        shape = len(parts), max(lengths)
        tokens = torch.full(shape, processor.tokenizer.pad_token_id)
        labels = torch.full(shape, IGNORE_INDEX)
        mask = torch.zeros(shape, dtype=torch.long)
        kinds = {name: torch.zeros(shape, dtype=torch.long) for name in encoded.kinds}
        for row, ((prompt, answer), end) in enumerate(zip(parts, lengths, strict=True)):
            tokens[row, :end] = torch.tensor([*prompt, *answer])
            labels[row, len(prompt) : end] = torch.tensor(answer)
            mask[row, :end] = 1
            for name, numbers in encoded.kinds.items():
                kinds[name][row, : len(prompt)] = torch.tensor(numbers[row])
        facts = BatchFacts(
            tasks=[turn.task for turn in turns],
            lengths=lengths,
            vectors=sum(encoded.vectors),
            patches=encoded.patches,
            prompt=min(len(prompt) for prompt in encoded.prompts),
            left_out=[name for turn in turns for name in turn.left_out],
        )
        batch = {"input_ids": tokens, "attention_mask": mask, "labels": labels, **kinds, **encoded.pixels}
        return batch | {"facts": facts}


@dataclass(frozen=True)
class BatchFacts:
    """What is known of a batch without looking at its tensors, which may lie on a GPU.

    Attributes:
        tasks: config of each row.
        lengths: tokens of each row.
        vectors, patches: of all images.
        prompt: tokens before the first answer begins.
        left_out: task and id of rows that a stream left out beside these.
    """

    tasks: list[str]
    lengths: list[int]
    vectors: int
    patches: int
    prompt: int
    left_out: list[tuple[str, str]]


def restrict_logits_to_answers(inputs: dict[str, Any], facts: BatchFacts) -> dict[str, Any]:
    """Make logits from the first answer of the batch on: over a large vocabulary, those of prompts cost most."""
    kept = inputs["labels"].shape[1] - facts.prompt + 1  # the token before an answer foretells its first
    return {**inputs, "labels": inputs["labels"][:, -kept:], "logits_to_keep": kept}


class ChatDataset:
    """Rows as a data set of turns, for a `DataLoader`: made one at a time, in the worker that asks."""

    def __init__(self, rows: datasets.Dataset) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> ChatExample:
        return turn_of(self.rows[int(place)])


def unmasked(labels: torch.Tensor) -> list[int]:
    """The tokens of one row that the loss sees."""
    return [int(token) for token in labels if int(token) != IGNORE_INDEX]
