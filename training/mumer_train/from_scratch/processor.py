"""Image processor and tokenizer of a formula reader as one processor, and their registration with transformers.

Not for chat models: see `mumer_train.processor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)
from transformers.feature_extraction_utils import BatchFeature
from transformers.processing_utils import ProcessorMixin

from mumer_data.exceptions import SourceError
from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.decoding import greedy
from mumer_train.from_scratch.image_processor import FormulaImageProcessor
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.tokenizer import formula_tokenizer

IGNORED = -100


class FormulaReaderProcessor(ProcessorMixin):
    """Images and texts -> the inputs of `FormulaReader`; token numbers -> texts."""

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, **kwargs: Any) -> None:
        self.image_processor = image_processor or FormulaImageProcessor()
        self.tokenizer = tokenizer or formula_tokenizer()
        self.chat_template = kwargs.get("chat_template")

    @classmethod
    def get_attributes(cls) -> list[str]:
        """Names of the parts."""
        return ["image_processor", "tokenizer"]

    @classmethod
    def from_pretrained(cls, folder: Any, **kwargs: Any) -> FormulaReaderProcessor:
        """Load both parts from a folder."""
        images = FormulaImageProcessor.from_pretrained(folder)
        return cls(images, PreTrainedTokenizerFast.from_pretrained(folder))

    def save_pretrained(self, folder: Any, **kwargs: Any) -> Any:
        """Write both parts to a folder."""
        self.image_processor.save_pretrained(folder)
        return self.tokenizer.save_pretrained(folder)

    def __call__(
        self,
        images: Image.Image | bytes | Sequence[Image.Image | bytes],
        text: Sequence[str] | None = None,
        return_tensors: str | None = "pt",
        **_: Any,
    ) -> BatchFeature:
        """Fitted images, and ``labels`` of the texts with an end token, -100 after it."""
        inputs = self.image_processor(images, return_tensors=return_tensors)
        if text is not None:
            rows = [self.answer_tokens(one) for one in text]
            length = max(map(len, rows))
            padded = [row + [IGNORED] * (length - len(row)) for row in rows]
            inputs["labels"] = torch.tensor(padded) if return_tensors == "pt" else padded
        return inputs

    def decode(self, tokens: Any, **kwargs: Any) -> str:
        """The text of token numbers, without special tokens."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True, **kwargs))

    def answer_tokens(self, text: str) -> list[int]:
        """The token numbers of an answer, the end token last."""
        return [*self.tokenizer(text)["input_ids"], int(self.tokenizer.eos_token_id)]

    def knows(self, text: str) -> bool:
        """Whether every token of a text is in the vocabulary."""
        return self.tokenizer.unk_token_id not in self.tokenizer(text)["input_ids"]

    def read(
        self, model: FormulaReader, images: Sequence[Image.Image | bytes], longest: int = 200
    ) -> list[tuple[str, float]]:
        """Greedy reading of a batch: (label, log probability) of each image."""
        inputs = self(images)
        results = greedy(model.eval(), inputs["pixel_values"], inputs["cell_mask"], longest)
        return [(self.decode(tokens), score) for tokens, score in results]


def register() -> None:
    """Register formula readers with `AutoConfig`, `AutoModelForImageTextToText`, `AutoProcessor` and so on."""
    kind = FormulaReaderConfig.model_type
    AutoConfig.register(kind, FormulaReaderConfig, exist_ok=True)
    AutoModelForImageTextToText.register(FormulaReaderConfig, FormulaReader, exist_ok=True)
    AutoTokenizer.register(FormulaReaderConfig, fast_tokenizer_class=PreTrainedTokenizerFast, exist_ok=True)
    AutoProcessor.register(FormulaReaderConfig, FormulaReaderProcessor, exist_ok=True)


def save_reader(model: FormulaReader, processor: FormulaReaderProcessor, folder: Path) -> None:
    """Write model and processor to one folder."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def load_reader(folder: Path) -> tuple[FormulaReader, FormulaReaderProcessor]:
    """Model, in eval mode, and processor of a folder.

    Raises:
        SourceError: the folder does not hold a formula reader, or weights are missing.
    """
    if not (folder / "config.json").is_file():  # transformers would take the path for a name on the Hub
        raise SourceError(f"{folder} does not hold a formula reader: it has no config.json; name the folder OUT/best")
    try:
        model, information = FormulaReader.from_pretrained(folder, output_loading_info=True)
        processor = FormulaReaderProcessor.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder} does not hold a formula reader: {error}") from None
    lost = [key for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in information[kind]]
    if lost:
        raise SourceError(f"the weights in {folder} do not fit: {', '.join(map(str, lost[:5]))}")
    return model.eval(), processor
