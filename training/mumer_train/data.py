"""Rows -> batches: prompt, loss mask (answers only), padding to the longest row of a batch.

Not for reading shards: `shards`. It needs only the processor of a model.
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
from mumer_train.processor import ModelProcessor

if TYPE_CHECKING:
    import datasets
    import torch
    from PIL.Image import Image

IGNORE_INDEX = -100  # label of a token without loss


@dataclass(frozen=True, slots=True)
class ChatExample:
    """One row of a shard.

    Attributes:
        id: id of the image.
        prompt: the user turn, without the image placeholder.
        answer: the assistant turn.
        image: the image; only its header has been read.
        task: name of the config of the row.
        left_out: task and id of rows of a stream that were skipped immediately before or after this one.
    """

    id: str
    prompt: str
    answer: str
    image: Image
    task: str
    left_out: tuple[tuple[str, str], ...] = ()


def chat_example(row: dict[str, Any]) -> ChatExample:
    """Convert a row of a shard.

    Raises:
        TrainingError: the row is not one user turn with one image and one placeholder, and one answer.
    """
    where = f"{row['task']}/{row['id']}"
    (prompt, answer), images = _contents(row["messages"], where), row["images"] or []
    if prompt.count(PLACEHOLDER) != 1 or len(images) != 1:
        raise TrainingError(
            f"{where}: {len(images)} images and {prompt.count(PLACEHOLDER)} placeholders {PLACEHOLDER} in the prompt "
            f"{prompt[:100]!r}: expected one of each"
        )
    if not answer:
        raise TrainingError(f"{where}: the answer is empty")
    return ChatExample(row["id"], prompt.replace(PLACEHOLDER, "", 1), answer, _open(images[0], where), row["task"])


def _contents(messages: Sequence[dict[str, str]] | None, where: str) -> tuple[str, str]:
    """The texts of the user turn and of the answer, in either chat format."""
    for chat in CHATS.values():
        if [turn.get(chat.role) for turn in messages or ()] == [chat.user, chat.assistant]:
            assert messages is not None
            return messages[0][chat.content] or "", messages[1][chat.content] or ""
    raise TrainingError(f"{where}: its messages are not one user turn and one answer")


def _open(stored: dict[str, Any], where: str) -> Image:
    """Open an image as `datasets` stores it without decoding (bytes or a path); reads its header only."""
    from PIL import Image

    data = stored["bytes"]
    if data is None and not stored["path"]:
        raise TrainingError(f"{where} has no image: build its shards with images embedded")
    try:
        return Image.open(io.BytesIO(Path(stored["path"]).read_bytes() if data is None else data))
    except OSError as error:
        raise TrainingError(f"{where}: its image cannot be read: {error}") from None


def rgb_image(example: ChatExample) -> Image:
    """Decode the image to RGB, canonicalised as by `mumer build` (orientation, transparency)."""
    from mumer_data.images.canonicalize import canonicalize

    try:
        return canonicalize(example.image).convert("RGB")
    except (OSError, ImageError) as error:
        raise TrainingError(f"{example.task}/{example.id}: its image cannot be read: {error}") from None


def prompt_text(processor: ModelProcessor, prompt: str) -> str:
    """The user turn in the model's format: its chat template, or the prefix of a decoder."""
    return processor.prompt_text(prompt)


@dataclass(frozen=True)
class Encoder:
    """Chat examples -> token ids: prompt with image tokens, answer, end token."""

    processor: ModelProcessor

    def answer_ids(self, example: ChatExample) -> list[int]:
        """Token ids of the answer and the end token."""
        tokenizer = self.processor.tokenizer
        return [*tokenizer(example.answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]

    def length(self, example: ChatExample) -> int:
        """Number of tokens of an example; pixels are decoded only if the processor needs them."""
        prompt = prompt_text(self.processor, example.prompt)
        return self.processor.length(prompt, example.image) + len(self.answer_ids(example))

    def fingerprint(self) -> str:
        """Hash of everything that a length depends on, except the row."""
        tokenizer = self.processor.tokenizer
        vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
        parts = [self.processor.settings(), str(vocabulary)]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Collator:
    """Chat examples -> a batch of tensors; the loss is on the answer and its end token only."""

    encoder: Encoder

    def __call__(self, examples: Sequence[ChatExample]) -> dict[str, Any]:
        """A batch padded on the right: the inputs of the model, and a `BatchStats` under ``stats``."""
        import torch

        processor = self.encoder.processor
        texts = [prompt_text(processor, example.prompt) for example in examples]
        encoded = processor.encode(texts, [rgb_image(example) for example in examples])
        parts = list(zip(encoded.prompts, map(self.encoder.answer_ids, examples), strict=True))
        lengths = [len(prompt) + len(answer) for prompt, answer in parts]
        shape = len(parts), max(lengths)
        tokens = torch.full(shape, processor.tokenizer.pad_token_id)
        labels = torch.full(shape, IGNORE_INDEX)
        mask = torch.zeros(shape, dtype=torch.long)
        token_types = {name: torch.zeros(shape, dtype=torch.long) for name in encoded.token_types}
        for row, ((prompt, answer), end) in enumerate(zip(parts, lengths, strict=True)):
            tokens[row, :end] = torch.tensor([*prompt, *answer])
            labels[row, len(prompt) : end] = torch.tensor(answer)
            mask[row, :end] = 1
            for name, values in encoded.token_types.items():
                token_types[name][row, : len(prompt)] = torch.tensor(values[row])
        stats = BatchStats(
            tasks=[example.task for example in examples],
            lengths=lengths,
            image_tokens=sum(encoded.image_tokens),
            patches=encoded.patches,
            prompt=min(len(prompt) for prompt in encoded.prompts),
            left_out=[row for example in examples for row in example.left_out],
        )
        side = "decoder_" if processor.encoder_decoder else ""
        batch = {f"{side}input_ids": tokens, f"{side}attention_mask": mask, "labels": labels, **token_types}
        return batch | encoded.pixels | {"stats": stats}


@dataclass(frozen=True)
class BatchStats:
    """Figures of a batch that need no access to its tensors, which may be on a GPU.

    Attributes:
        tasks: config of each row.
        lengths: tokens of each row.
        image_tokens, patches: number over all images.
        prompt: number of tokens before the first answer.
        left_out: task and id of rows that a stream skipped next to the rows of the batch.
    """

    tasks: list[str]
    lengths: list[int]
    image_tokens: int
    patches: int
    prompt: int
    left_out: list[tuple[str, str]]


def restrict_logits_to_answers(inputs: dict[str, Any], stats: BatchStats) -> dict[str, Any]:
    """Compute no logits before the first answer of the batch; with a large vocabulary, logits of prompts are slow."""
    kept = inputs["labels"].shape[1] - stats.prompt + 1  # the token before an answer predicts its first token
    return {**inputs, "labels": inputs["labels"][:, -kept:], "logits_to_keep": kept}


class ChatDataset:
    """Rows as a map-style dataset of chat examples for a `DataLoader`."""

    def __init__(self, rows: datasets.Dataset) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> ChatExample:
        return chat_example(self.rows[int(index)])


def answer_tokens(labels: torch.Tensor) -> list[int]:
    """The token ids of one row that have a loss: the answer and its end token."""
    return [int(token) for token in labels if int(token) != IGNORE_INDEX]
