"""Tokenizer and image processor of a model behind one interface; `Processor` works without torchvision.

Not for chat templates: `data`. Qwen-VL models use `Processor`, others their own `AutoProcessor` (`StockProcessor`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_train.dependencies import TrainingError, require

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)
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


@dataclass(frozen=True)
class Processor:
    """Converts texts and images to tensors, for models of the Qwen-VL family.

    Attributes:
        tokenizer: of the model; a call names the padding side.
        images: its image processor.
        image_token: the placeholder that its chat template writes for an image.
    """

    tokenizer: Any
    images: Any
    image_token: str
    prompts: dict[str, list[int]] = field(default_factory=dict, compare=False, repr=False)  # most rows share a handful

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
class StockProcessor:
    """A model's own `AutoProcessor`; some of them need torchvision.

    Attributes:
        tokenizer, images: its components.
        processor: the `AutoProcessor`.
        image_token_id: id of the image token.
        added_tokens: size of an image -> tokens that it adds to a prompt (cache).
    """

    tokenizer: Any
    images: Any
    processor: Any
    image_token_id: int
    added_tokens: dict[tuple[int, int], int] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """All padded inputs of the model, one image per text."""
        return dict(
            self.processor(
                text=list(texts),
                images=[[image] for image in images],
                padding=True,
                padding_side=side,
                add_special_tokens=False,
                return_tensors="pt",
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
            for name in [name for name, value in inputs.items() if value.shape == tokens.shape]
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


def load_processor(
    model: str, *, max_pixels: int | None = None, trust_remote_code: bool = False
) -> Processor | StockProcessor:
    """Load the processor of a local folder or a Hub id.

    Args:
        model: folder or Hub id of the model.
        max_pixels: larger images are scaled down to at most this many pixels; default: the model's own limit. Models
            with a fixed image size ignore it.
        trust_remote_code: run code that comes with the model.

    Raises:
        TrainingError: the model does not take images, or has no tokenizer, image processor or chat template.
    """
    require("torch", "transformers")
    from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

    limits = {} if max_pixels is None else {"max_pixels": max_pixels}
    known = AutoModelForImageTextToText._model_mapping
    local = Path(model).is_dir()
    if not local:
        log.warning("%s is not a local folder: looking it up on the Hugging Face Hub", model)
    try:
        config = AutoConfig.from_pretrained(model, trust_remote_code=trust_remote_code)
        if type(config) not in known and not getattr(config, "auto_map", None):
            raise TrainingError(
                f"{model} is a model of type {config.model_type}, which does not take images: use an "
                "image-text-to-text model, such as Qwen2.5-VL"
            )
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust_remote_code)
        images = AutoImageProcessor.from_pretrained(model, trust_remote_code=trust_remote_code, **limits)
    except (OSError, ValueError, ImportError) as error:
        where = "" if local else "is not a local folder; as a model of the Hub it "
        raise TrainingError(
            f"{model} {where}has no tokenizer and image processor that transformers can load: {error}"
        ) from None
    if not tokenizer.chat_template:
        raise TrainingError(f"the tokenizer of {model} has no chat template")
    image_token_id = getattr(config, "image_token_id", None)
    if image_token_id is None:
        raise TrainingError(f"{model} is not supported: its config has no image_token_id")
    if hasattr(images, "merge_size") and hasattr(images, "get_number_of_image_patches"):
        return Processor(tokenizer, images, str(tokenizer.convert_ids_to_tokens(image_token_id)))
    return StockProcessor(tokenizer, images, _auto_processor(model, trust_remote_code), int(image_token_id))


def _auto_processor(model: str, trust_remote_code: bool) -> Any:
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(model, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(f"the processor of {model} cannot be loaded: {error}") from None
    if not hasattr(processor, "image_processor"):
        raise TrainingError(f"{model} has no processor of texts and images")
    return processor
