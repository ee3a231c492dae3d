"""Tokenizer and image processor of a model, called as one; works where torchvision, and so `AutoProcessor`, is missing.

Not for chat: `data` makes the turns. Models of the Qwen-VL kind are put together here (`Processor`), others are left to
their own `AutoProcessor` (`StockProcessor`).
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
_PROMPTS = 4_096  # prompts remembered


@dataclass(frozen=True)
class Encoded:
    """Prompts and images of a batch, not yet padded.

    Attributes:
        prompts: token ids of each prompt, all places of its image included.
        kinds: names of further inputs with one number a token -> those of each prompt; answers have zeros.
        pixels: tensors of all images.
        vectors: vectors of the language model that each image becomes.
        patches: patches that the vision tower sees in all, as far as is known: else as many as vectors.
    """

    prompts: list[list[int]]
    kinds: dict[str, list[list[int]]]
    pixels: dict[str, Any]
    vectors: list[int]
    patches: int


@dataclass(frozen=True)
class Processor:
    """What turns texts and images into tensors.

    Attributes:
        tokenizer: of the model; pads on the side that a call names.
        images: its image processor.
        image_token: the placeholder that its chat template writes for an image.
    """

    tokenizer: Any
    images: Any
    image_token: str
    prompts: dict[str, list[int]] = field(default_factory=dict, compare=False, repr=False)  # most rows share a handful

    @property
    def image_token_id(self) -> int:
        """Number of the placeholder."""
        return int(self.tokenizer.convert_tokens_to_ids(self.image_token))

    def pixels(self, images: Sequence[Image]) -> dict[str, Any]:
        """``pixel_values`` and ``image_grid_thw`` of images, as tensors."""
        return dict(self.images(images=list(images), return_tensors="pt"))

    def expand(self, text: str, patches: Sequence[int]) -> str:
        """The text with each placeholder repeated once for every vector that its image becomes."""
        parts = text.split(self.image_token)
        if len(parts) != len(patches) + 1:
            raise TrainingError(f"{len(parts) - 1} image placeholders for {len(patches)} images: {text[:200]!r}")
        repeated = [self.image_token * count for count in patches]
        return "".join(part + more for part, more in zip(parts, [*repeated, ""], strict=True))

    def vectors(self, grid: Any) -> list[int]:
        """How many vectors of the language model each image becomes; ``grid`` is ``image_grid_thw``."""
        merge = int(self.images.merge_size) ** 2
        return [int(row.prod()) // merge for row in grid]

    def encode(self, texts: Sequence[str], images: Sequence[Image]) -> Encoded:
        """One image a text."""
        pixels = self.pixels(images)
        vectors = self.vectors(pixels["image_grid_thw"])
        prompts = [self._ids(text, count) for text, count in zip(texts, vectors, strict=True)]
        # Without it, Qwen2.5-VL is silently wrong.
        kinds = [[int(token == self.image_token_id) for token in prompt] for prompt in prompts]
        return Encoded(prompts, {"mm_token_type_ids": kinds}, pixels, vectors, len(pixels["pixel_values"]))

    def length(self, text: str, image: Image) -> int:
        """Tokens of a text with all places of its image, without working on pixels."""
        patches = int(self.images.get_number_of_image_patches(image.height, image.width, {}))
        return len(self._ids(text, 1)) - 1 + patches // int(self.images.merge_size) ** 2

    def _ids(self, text: str, vectors: int) -> list[int]:
        if text not in self.prompts:
            if len(self.prompts) >= _PROMPTS:
                self.prompts.clear()
            self.prompts[text] = self.tokenizer(self.expand(text, [1]), add_special_tokens=False)["input_ids"]
        prompt = self.prompts[text]
        place = prompt.index(self.image_token_id)
        return [*prompt[:place], *[prompt[place]] * vectors, *prompt[place + 1 :]]

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """One image a text: padded token ids, attention mask, ``mm_token_type_ids``, pixels."""
        found = self.pixels(images)
        expanded = [
            self.expand(text, [count]) for text, count in zip(texts, self.vectors(found["image_grid_thw"]), strict=True)
        ]
        tokens = self.tokenizer(
            expanded, padding=True, padding_side=side, add_special_tokens=False, return_tensors="pt"
        )
        kinds = (tokens["input_ids"] == self.image_token_id).long()
        return {**tokens, "mm_token_type_ids": kinds, **found}

    def save(self, folder: Path) -> None:
        """Write the files of both, as `from_pretrained` reads them."""
        self.tokenizer.save_pretrained(folder)
        self.images.save_pretrained(folder)


@dataclass(frozen=True)
class StockProcessor:
    """What a model's own `AutoProcessor` makes; it must work here, which without torchvision not all do.

    Attributes:
        tokenizer, images: its parts.
        whole: itself.
        image_token_id: number of the token that stands for a vector of an image.
        places: size of an image -> how many tokens a prompt grows by.
    """

    tokenizer: Any
    images: Any
    whole: Any
    image_token_id: int
    places: dict[tuple[int, int], int] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """One image a text: all that the model takes, padded."""
        return dict(
            self.whole(
                text=list(texts),
                images=[[image] for image in images],
                padding=True,
                padding_side=side,
                add_special_tokens=False,
                return_tensors="pt",
            )
        )

    def encode(self, texts: Sequence[str], images: Sequence[Image]) -> Encoded:
        """One image a text."""
        found = self(texts, images, side="right")
        tokens, mask = found.pop("input_ids"), found.pop("attention_mask")
        ends = mask.sum(dim=1).tolist()
        each = [(row[:end].tolist()) for row, end in zip(tokens, ends, strict=True)]
        kinds = {
            name: [row[:end].tolist() for row, end in zip(found.pop(name), ends, strict=True)]
            for name in [name for name, value in found.items() if value.shape == tokens.shape]
        }
        vectors = [prompt.count(self.image_token_id) for prompt in each]
        return Encoded(each, kinds, found, vectors, sum(vectors))

    def length(self, text: str, image: Image) -> int:
        """Tokens of a text with all places of its image; each size of an image is worked on once."""
        short = len(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        if image.size not in self.places:
            (prompt,) = self.encode([text], [image.convert("RGB")]).prompts
            self.places[image.size] = len(prompt) - short
        return short + self.places[image.size]

    def save(self, folder: Path) -> None:
        """Write its files, as `from_pretrained` reads them."""
        self.whole.save_pretrained(folder)


def load_processor(
    model: str, *, max_pixels: int | None = None, trust_remote_code: bool = False
) -> Processor | StockProcessor:
    """The processor of a local folder or a Hub id.

    Args:
        model: where tokenizer and image processor are.
        max_pixels: images are scaled down to at most as many; the model's own limit where it is not given. Models that
            bring every image to one size keep to it.
        trust_remote_code: run code that comes with the model.

    Raises:
        TrainingError: the model takes no images, or there is no tokenizer, no image processor or no chat template.
    """
    require("torch", "transformers")
    from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

    more = {} if max_pixels is None else {"max_pixels": max_pixels}
    known = AutoModelForImageTextToText._model_mapping
    here = Path(model).is_dir()
    if not here:
        log.warning("%s is no folder here: the Hugging Face Hub is asked for it", model)
    try:
        config = AutoConfig.from_pretrained(model, trust_remote_code=trust_remote_code)
        if type(config) not in known and not getattr(config, "auto_map", None):
            raise TrainingError(
                f"{model} is a model of type {config.model_type}, which takes no images: name an image-text-to-text "
                "model, such as Qwen2.5-VL"
            )
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust_remote_code)
        images = AutoImageProcessor.from_pretrained(model, trust_remote_code=trust_remote_code, **more)
    except (OSError, ValueError, ImportError) as error:
        where = "" if here else "is no folder here; as a model of the Hub it "
        raise TrainingError(
            f"{model} {where}has no tokenizer and image processor that transformers can load: {error}"
        ) from None
    if not tokenizer.chat_template:
        raise TrainingError(f"the tokenizer of {model} has no chat template")
    number = getattr(config, "image_token_id", None)
    if number is None:
        raise TrainingError(f"{model} takes no images in a way that is known here: its config has no image_token_id")
    if hasattr(images, "merge_size") and hasattr(images, "get_number_of_image_patches"):
        return Processor(tokenizer, images, str(tokenizer.convert_ids_to_tokens(number)))
    return StockProcessor(tokenizer, images, _stock(model, trust_remote_code), int(number))


def _stock(model: str, trust_remote_code: bool) -> Any:
    from transformers import AutoProcessor

    try:
        found = AutoProcessor.from_pretrained(model, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(f"the processor of {model} cannot be loaded: {error}") from None
    if not hasattr(found, "image_processor"):
        raise TrainingError(f"{model} has no processor of texts and images")
    return found
