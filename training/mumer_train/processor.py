"""Tokenizer and image processor of a chat model behind one interface; `Processor` works without torchvision.

Not for loading them: `loading`. Qwen-VL models use `Processor`, others their own `AutoProcessor` (`StockProcessor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mumer_train.dependencies import TrainingError

if TYPE_CHECKING:
    from PIL.Image import Image

_PROMPTS = 4_096  # prompts in the cache


@dataclass(frozen=True)
class Encoded:
    """Prompts and images of a batch before padding.

    Attributes:
        prompts: token ids of each prompt, image tokens included.
        token_types: names of further inputs with one number per token -> those of each prompt; answers have zeros.
        pixels: tensors of all images.
        image_tokens: number of image tokens of each image.
        patches: patches of all images in the vision tower; where unknown, the number of image tokens.
    """

    prompts: list[list[int]]
    token_types: dict[str, list[list[int]]]
    pixels: dict[str, Any]
    image_tokens: list[int]
    patches: int


class ModelProcessor(Protocol):
    """Converts prompts and images to the inputs of a model.

    Attributes:
        tokenizer, images: tokenizer and image processor of the model.
        encoder_decoder: whether the model has an image encoder and a decoder for prompt and answer.
        max_tokens: maximum number of tokens of prompt and answer together; ``None`` for no limit.
    """

    @property
    def tokenizer(self) -> Any: ...  # noqa: D102
    @property
    def images(self) -> Any: ...  # noqa: D102
    @property
    def encoder_decoder(self) -> bool: ...  # noqa: D102
    @property
    def max_tokens(self) -> int | None: ...  # noqa: D102

    def prompt_text(self, prompt: str) -> str:
        """The user turn in the model's format, up to the beginning of the answer."""

    def encode(self, texts: Sequence[str], images: Sequence[Image]) -> Encoded:
        """Encode prompts, one image per text."""

    def length(self, text: str, image: Image) -> int:
        """Tokens of a prompt with its image."""

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """The inputs of ``generate``, one image per text."""

    def generate_options(self) -> dict[str, Any]:
        """Options of ``generate`` that override those of the model's files."""

    def settings(self) -> str:
        """Everything that a length depends on, except the vocabulary."""

    def save(self, folder: Path) -> None:
        """Write tokenizer and image processor for `from_pretrained`."""


def _chat(source: Any, prompt: str) -> str:
    """The user turn in the chat template of a tokenizer or processor, with the generation prompt."""
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    turns = [{"role": "user", "content": content}]
    # For reasoning models thinking is disabled: the shards contain no reasoning.
    return str(source.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False))


class _ChatPrompts:
    """Common code of the processors of chat models."""

    tokenizer: Any

    def prompt_text(self, prompt: str) -> str:
        """The user turn in the chat template."""
        return _chat(self.tokenizer, prompt)

    def generate_options(self) -> dict[str, Any]:
        """No options: the settings in the model's files apply."""
        return {}


@dataclass(frozen=True)
class Processor(_ChatPrompts):
    """Converts texts and images to tensors, for models of the Qwen-VL family.

    Attributes:
        tokenizer: tokenizer of the model; each call sets the padding side.
        images: its image processor.
        image_token: the placeholder that its chat template writes for an image.
    """

    tokenizer: Any
    images: Any
    image_token: str
    prompts: dict[str, list[int]] = field(
        default_factory=dict, compare=False, repr=False
    )  # most rows share a few prompts
    encoder_decoder: bool = False
    max_tokens: int | None = None

    def settings(self) -> str:
        """Chat template and settings of the image processor."""
        return f"{self.tokenizer.chat_template}\0{self.images.to_json_string()}"

    @property
    def image_token_id(self) -> int:
        """Token id of the placeholder."""
        return int(self.tokenizer.convert_tokens_to_ids(self.image_token))

    def pixels(self, images: Sequence[Image]) -> dict[str, Any]:
        """``pixel_values`` and ``image_grid_thw`` of images, as tensors."""
        return dict(self.images(images=list(images), return_tensors="pt"))

    def expand(self, text: str, counts: Sequence[int]) -> str:
        """The text with each placeholder repeated, once per image token of its image."""
        parts = text.split(self.image_token)
        if len(parts) != len(counts) + 1:
            raise TrainingError(f"{len(parts) - 1} image placeholders for {len(counts)} images: {text[:200]!r}")
        repeated = [self.image_token * count for count in counts]
        return "".join(part + tokens for part, tokens in zip(parts, [*repeated, ""], strict=True))

    def image_tokens(self, grid: Any) -> list[int]:
        """Number of image tokens of each image; ``grid`` is ``image_grid_thw``."""
        merge = int(self.images.merge_size) ** 2
        return [int(row.prod()) // merge for row in grid]

    def encode(self, texts: Sequence[str], images: Sequence[Image]) -> Encoded:
        """Encode prompts, one image per text."""
        pixels = self.pixels(images)
        counts = self.image_tokens(pixels["image_grid_thw"])
        prompts = [self._ids(text, count) for text, count in zip(texts, counts, strict=True)]
        # Without this input the positions of Qwen2.5-VL are wrong, without an error.
        types = [[int(token == self.image_token_id) for token in prompt] for prompt in prompts]
        return Encoded(prompts, {"mm_token_type_ids": types}, pixels, counts, len(pixels["pixel_values"]))

    def length(self, text: str, image: Image) -> int:
        """Tokens of a text with its image tokens; pixels are not decoded."""
        patches = int(self.images.get_number_of_image_patches(image.height, image.width, {}))
        return len(self._ids(text, 1)) - 1 + patches // int(self.images.merge_size) ** 2

    def _ids(self, text: str, image_tokens: int) -> list[int]:
        if text not in self.prompts:
            if len(self.prompts) >= _PROMPTS:
                self.prompts.clear()
            self.prompts[text] = self.tokenizer(self.expand(text, [1]), add_special_tokens=False)["input_ids"]
        prompt = self.prompts[text]
        index = prompt.index(self.image_token_id)
        return [*prompt[:index], *[prompt[index]] * image_tokens, *prompt[index + 1 :]]

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """Padded token ids, attention mask, ``mm_token_type_ids`` and pixels, one image per text."""
        pixels = self.pixels(images)
        counts = self.image_tokens(pixels["image_grid_thw"])
        expanded = [self.expand(text, [count]) for text, count in zip(texts, counts, strict=True)]
        tokens = self.tokenizer(
            expanded, padding=True, padding_side=side, add_special_tokens=False, return_tensors="pt"
        )
        types = (tokens["input_ids"] == self.image_token_id).long()
        return {**tokens, "mm_token_type_ids": types, **pixels}

    def save(self, folder: Path) -> None:
        """Write tokenizer and image processor for `from_pretrained`."""
        self.tokenizer.save_pretrained(folder)
        self.images.save_pretrained(folder)


@dataclass(frozen=True)
class StockProcessor(_ChatPrompts):
    """A model's own `AutoProcessor`; some of them need torchvision.

    Attributes:
        tokenizer, images: its components.
        processor: the `AutoProcessor`.
        image_token_id: id of the image token.
        added_tokens: image size -> number of tokens that the image adds to a prompt (cache).
        one_list: whether it takes the images of a batch as one list instead of one list per text.
        options: additional options of a call.
    """

    tokenizer: Any
    images: Any
    processor: Any
    image_token_id: int
    added_tokens: dict[tuple[int, int], int] = field(default_factory=dict, compare=False, repr=False)
    one_list: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    encoder_decoder: bool = False
    max_tokens: int | None = None

    def settings(self) -> str:
        """Chat template and settings of the processor."""
        return f"{self.tokenizer.chat_template}\0{self.processor.to_json_string()}\0{self.options}"

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """All padded inputs of the model, one image per text."""
        return dict(
            self.processor(
                text=list(texts),
                images=list(images) if self.one_list else [[image] for image in images],
                padding=True,
                padding_side=side,
                add_special_tokens=False,
                return_tensors="pt",
                **self.options,
            )
        )

    def encode(self, texts: Sequence[str], images: Sequence[Image]) -> Encoded:
        """Encode prompts, one image per text."""
        inputs = self(texts, images, side="right")
        tokens, mask = inputs.pop("input_ids"), inputs.pop("attention_mask")
        lengths = mask.sum(dim=1).tolist()
        prompts = [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]
        types = {
            name: [row[:length].tolist() for row, length in zip(inputs.pop(name), lengths, strict=True)]
            for name in [name for name, value in inputs.items() if getattr(value, "shape", None) == tokens.shape]
        }
        counts = [prompt.count(self.image_token_id) for prompt in prompts]
        return Encoded(prompts, types, inputs, counts, sum(counts))

    def length(self, text: str, image: Image) -> int:
        """Tokens of a text with its image tokens; each image size is processed once."""
        text_length = len(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        if image.size not in self.added_tokens:
            (prompt,) = self.encode([text], [image.convert("RGB")]).prompts
            self.added_tokens[image.size] = len(prompt) - text_length
        return text_length + self.added_tokens[image.size]

    def save(self, folder: Path) -> None:
        """Write its files for `from_pretrained`."""
        self.processor.save_pretrained(folder)
