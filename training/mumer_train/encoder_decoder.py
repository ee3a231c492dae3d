"""Tokenizer and image processor of encoder-decoders without a chat template: the task is a prefix of the decoder input.

Not for chat models: `processor`. A decoder reads ``start, prefix, answer, end``; the loss is on the last two.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mumer_data.tasks import TASKS, task_class
from mumer_train.dependencies import TrainingError
from mumer_train.processor import Encoded

if TYPE_CHECKING:
    from PIL.Image import Image

_UNMARKED = "recognition"  # the task of models without task tokens


@lru_cache(maxsize=1)
def task_tokens() -> dict[str, str]:
    """Fixed prompt of a task -> its token, such as ``<tree_cot>``."""
    return {task_class(name).prompt: f"<{name}>" for name in TASKS}


def add_task_tokens(tokenizer: Any) -> None:
    """Add the tokens of the tasks that the tokenizer lacks; they are not part of decoded texts."""
    from tokenizers import AddedToken

    tokens = [AddedToken(token, special=True, normalized=False) for token in task_tokens().values()]
    tokenizer.add_tokens(tokens, special_tokens=True)


@dataclass(frozen=True)
class EncoderDecoderProcessor:
    """Converts prompts and images to tensors for models with an image encoder and a text decoder.

    Attributes:
        tokenizer: tokenizer of the decoder.
        images: the image processor of the encoder.
        start: id of the token that the decoder starts with.
        max_tokens: number of positions of the decoder; ``None`` for no limit.
        patch: side in pixels of the image square of one position of the encoder's output.
    """

    tokenizer: Any
    images: Any
    start: int
    max_tokens: int | None
    patch: int
    encoder_decoder: bool = True

    def prompt_text(self, prompt: str) -> str:
        """The prefix of the decoder: the token of a task with a fixed prompt, else the whole prompt.

        If the tokenizer has no token for recognition, the model supports only recognition, without a prefix.

        Raises:
            TrainingError: the model was not trained for the task.
        """
        token = task_tokens().get(prompt.strip())
        if token is None:
            return prompt
        if self.tokenizer.convert_tokens_to_ids(token) in (None, self.tokenizer.unk_token_id):
            if token == f"<{_UNMARKED}>":
                return ""
            raise TrainingError(
                f"this model was not trained for the task {token.strip('<>')}: its tokenizer has no token {token}; "
                "`mumer train` adds it"
            )
        return token

    def pixels(self, images: Sequence[Image]) -> dict[str, Any]:
        """``pixel_values`` of images, as a tensor of shape (images, channels, height, width)."""
        return {"pixel_values": self.images(images=list(images), return_tensors="pt")["pixel_values"]}

    def ids(self, text: str) -> list[int]:
        """Token ids of the start token and of a prefix."""
        return [self.start, *self.tokenizer(text, add_special_tokens=False)["input_ids"]]

    def encode(self, texts: Sequence[str], images: Sequence[Image]) -> Encoded:
        """Encode prefixes, one image per text."""
        pixels = self.pixels(images)
        height, width = pixels["pixel_values"].shape[-2:]
        positions = (height // self.patch) * (width // self.patch)
        prompts = [self.ids(text) for text in texts]
        return Encoded(prompts, {}, pixels, [positions] * len(texts), positions * len(texts))

    def length(self, text: str, image: Image) -> int:
        """Number of tokens of the start and of a prefix; images have no tokens in the decoder."""
        return len(self.ids(text))

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """The inputs of ``generate``; all prefixes must have the same length: positions count from the start."""
        import torch

        rows = [self.ids(text) for text in texts]
        if len({len(row) for row in rows}) > 1:
            raise ValueError("prefixes of different lengths in one batch")
        tokens = torch.tensor(rows)
        return {"decoder_input_ids": tokens, "decoder_attention_mask": torch.ones_like(tokens), **self.pixels(images)}

    def generate_options(self) -> dict[str, Any]:
        """Options that disable beam search and n-gram penalties, which the files of many such models set."""
        tokens = {"pad_token_id": self.tokenizer.pad_token_id, "decoder_start_token_id": self.start}
        return {"num_beams": 1, "length_penalty": 1.0, "no_repeat_ngram_size": 0, **tokens}

    def settings(self) -> str:
        """Everything that a length depends on, except the vocabulary."""
        return json.dumps([self.start, self.images.to_json_string()])

    def save(self, folder: Path) -> None:
        """Write tokenizer and image processor for `from_pretrained`."""
        self.tokenizer.save_pretrained(folder)
        self.images.save_pretrained(folder)


class GrayImages:
    """Image processor for encoders with one channel that have none, with the steps of TexTeller.

    White borders are cropped; the rest is scaled to fit the square, normalised, and padded at the right and the bottom.

    Args:
        size: side of the square, in pixels.
    """

    MEAN, DEVIATION = 0.9545467, 0.15394445  # mean and deviation of TexTeller's training images
    _BORDER = 15  # out of 255: pixels that differ less from the corner belong to the border

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, images: Sequence[Image], return_tensors: str = "pt") -> dict[str, Any]:
        """``pixel_values`` of shape (images, 1, size, size)."""
        import torch

        return {"pixel_values": torch.from_numpy(np.stack([self._prepare(image) for image in images])[:, None])}

    def _prepare(self, image: Image) -> np.ndarray[Any, np.dtype[np.float32]]:
        from PIL import Image as Images

        gray = image.convert("L")
        pixels = np.asarray(gray, dtype=np.int16)
        rows, columns = np.nonzero(np.abs(pixels - pixels[0, 0]) > self._BORDER)
        if len(rows):
            gray = gray.crop((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
        scale = self.size / max(gray.size)
        size = max(1, round(gray.width * scale)), max(1, round(gray.height * scale))
        resized = np.asarray(gray.resize(size, Images.Resampling.BICUBIC), dtype=np.float32) / 255
        padded = np.zeros((self.size, self.size), dtype=np.float32)
        padded[: size[1], : size[0]] = (resized - self.MEAN) / self.DEVIATION
        return padded

    def to_json_string(self) -> str:
        """The settings as JSON, as image processors of transformers return them."""
        return json.dumps({"gray_images": self.size})

    def save_pretrained(self, folder: Path) -> None:
        """Write nothing: like the original model, the folder has no image processor."""
