"""Tokenizer and image processor of a model, called as one; works where torchvision, and so `AutoProcessor`, is missing.

Not for chat: `data` makes the turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_train.needs import TrainingError, require

if TYPE_CHECKING:
    from PIL.Image import Image


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

    def __call__(self, texts: Sequence[str], images: Sequence[Image], *, side: str = "left") -> dict[str, Any]:
        """One image a text: padded token ids, attention mask, ``mm_token_type_ids``, pixels."""
        found = self.pixels(images)
        expanded = [
            self.expand(text, [count]) for text, count in zip(texts, self.vectors(found["image_grid_thw"]), strict=True)
        ]
        tokens = self.tokenizer(
            expanded, padding=True, padding_side=side, add_special_tokens=False, return_tensors="pt"
        )
        kinds = (tokens["input_ids"] == self.image_token_id).long()  # without it, Qwen2.5-VL is silently wrong
        return {**tokens, "mm_token_type_ids": kinds, **found}

    def save(self, folder: Path) -> None:
        """Write the files of both, as `from_pretrained` reads them."""
        self.tokenizer.save_pretrained(folder)
        self.images.save_pretrained(folder)


def load_processor(model: str, *, max_pixels: int | None = None, trust_remote_code: bool = False) -> Processor:
    """The processor of a local folder or a Hub id.

    Args:
        model: where tokenizer and image processor are.
        max_pixels: images are scaled down to at most as many; the model's own limit where it is not given.
        trust_remote_code: run code that comes with the model.

    Raises:
        TrainingError: there is no tokenizer or no image processor, or the tokenizer has no chat template.
    """
    require("torch", "transformers")
    from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer

    more = {} if max_pixels is None else {"max_pixels": max_pixels}
    try:
        config = AutoConfig.from_pretrained(model, trust_remote_code=trust_remote_code)
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust_remote_code)
        images = AutoImageProcessor.from_pretrained(model, trust_remote_code=trust_remote_code, **more)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{model} has no tokenizer and image processor that transformers can load: {error}"
        ) from None
    if not tokenizer.chat_template:
        raise TrainingError(f"the tokenizer of {model} has no chat template")
    number = getattr(config, "image_token_id", None)
    if number is None or not hasattr(images, "merge_size"):
        raise TrainingError(f"{model} takes no images in a way that is known here: it has no image_token_id")
    return Processor(tokenizer, images, str(tokenizer.convert_ids_to_tokens(number)))
