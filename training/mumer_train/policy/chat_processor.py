"""The processor of a chat model for TRL; it does not need torchvision for the Qwen-VL family.

Not for supervised training: see `mumer_train.processor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers.feature_extraction_utils import BatchFeature
from transformers.processing_utils import ProcessorMixin

from mumer_train.dependencies import TrainingError
from mumer_train.processor import ModelProcessor, Processor, StockProcessor


class ChatProcessor(ProcessorMixin):
    """Texts and images -> the inputs of a model of the Qwen-VL family.

    Args:
        processor: processor with tokenizer, image processor and image token.
    """

    def __init__(self, processor: Processor) -> None:
        self.image_processor, self.tokenizer = processor.images, processor.tokenizer
        self.chat_template = processor.tokenizer.chat_template
        self._processor = processor

    @classmethod
    def get_attributes(cls) -> list[str]:
        """Names of the parts."""
        return ["image_processor", "tokenizer"]

    def save_pretrained(self, folder: Any, **_: Any) -> Any:
        """Write both parts to a folder."""
        self.image_processor.save_pretrained(folder)
        return self.tokenizer.save_pretrained(folder)

    def __call__(
        self,
        images: Any = None,
        text: str | Sequence[str] | None = None,
        padding: bool | str = False,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        **_: Any,
    ) -> BatchFeature:
        """Token ids, attention mask and ``mm_token_type_ids`` of each text, and the pixels of all images.

        Args:
            images: one list of images per text, or one list of all images, in the order of their placeholders.
            text: rendered by the chat template.
            padding, padding_side, return_tensors: as in transformers.
        """
        texts = [text] if isinstance(text, str) else list(text or ())
        pixels: dict[str, Any] = {}
        if images is not None:
            pixels = self._processor.pixels([image.convert("RGB") for image in _flat(images)])
            texts = self._expanded(texts, self._processor.image_tokens(pixels["image_grid_thw"]))
        side = {} if padding_side is None else {"padding_side": padding_side}
        tokens = self.tokenizer(texts, padding=padding, add_special_tokens=False, **side)
        ids, image = tokens["input_ids"], self._processor.image_token_id
        types = [[int(token == image) for token in row] for row in ids]
        rows = {"input_ids": ids, "attention_mask": tokens["attention_mask"], "mm_token_type_ids": types}
        return BatchFeature({**BatchFeature(rows, tensor_type=return_tensors), **pixels})

    def _expanded(self, texts: Sequence[str], counts: Sequence[int]) -> list[str]:
        """Each placeholder repeated, once per image token of its image."""
        expanded, begin = [], 0
        for text in texts:
            end = begin + text.count(self._processor.image_token)
            expanded.append(self._processor.expand(text, counts[begin:end]))
            begin = end
        return expanded


def _flat(images: Any) -> list[Any]:
    return [one for part in images for one in _flat(part)] if isinstance(images, list | tuple) else [images]


def chat_processor(processor: ModelProcessor, model: str) -> Any:
    """The processor of a model, for TRL.

    Raises:
        TrainingError: the model is an encoder-decoder; ``model`` names it in the message.
    """
    if isinstance(processor, Processor):
        return ChatProcessor(processor)
    if isinstance(processor, StockProcessor):
        return processor.processor
    raise TrainingError(
        f"{model} is an encoder-decoder, which TRL cannot train: use a chat model or a formula reader, or --method sft"
    )
