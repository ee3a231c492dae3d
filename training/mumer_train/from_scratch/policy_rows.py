"""Fitted images with the texts for rewards or preferences.

Not for chat models: see `mumer_train.policy.chat`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from mumer_data.rewards.completion import completion_text
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.image_store import ImageStore, Pixels
from mumer_train.from_scratch.processor import FormulaReaderProcessor
from mumer_train.policy.config import Method
from mumer_train.policy.data import image_bytes, load_rows


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """An image, (height, width) of ink 0 to 255, with its label, or with a chosen and a rejected answer."""

    pixels: Pixels
    texts: tuple[str, ...]


class PolicyRows:
    """Rows whose images are fitted on access.

    Attributes:
        left_out: number of unused rows, because an answer has tokens that are not in the vocabulary.
    """

    def __init__(self, count: int, read: Callable[[int], PolicyRow], left_out: int = 0) -> None:
        self._count, self._read, self.left_out = count, lru_cache(maxsize=1 << 14)(read), left_out

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> PolicyRow:
        return self._read(index)


def policy_rows(folder: Path, method: Method, processor: FormulaReaderProcessor) -> PolicyRows:
    """The rows of a folder of fitted images (GRPO), of `mumer prompts` (GRPO) or of `mumer pairs` (DPO).

    Raises:
        TrainingError: the folder cannot be read, belongs to another task, or no row can be used.
        SourceError: a folder of fitted images is damaged.
    """
    if method == "grpo" and (folder / "shapes.npy").is_file():
        store = ImageStore(folder)
        if not len(store):
            raise TrainingError(f"data: {folder} has no image")
        return PolicyRows(len(store), lambda index: PolicyRow(store[index].pixels, (store[index].label,)))
    everything = load_rows(folder, method)
    texts = [_texts(row, method, folder) for row in everything]
    known = [number for number, pair in enumerate(texts) if method == "grpo" or all(map(processor.knows, pair))]
    if not known:
        raise TrainingError(f"data: every answer in {folder} has a token that is not in the reader's vocabulary")

    def read(index: int) -> PolicyRow:
        number = known[index]
        with Image.open(io.BytesIO(image_bytes(everything[number]))) as image:
            return PolicyRow(processor.image_processor.fit(image), texts[number])

    return PolicyRows(len(known), read, len(everything) - len(known))


def _texts(row: dict[str, Any], method: Method, folder: Path) -> tuple[str, ...]:
    """The label, or the chosen and the rejected answer."""
    if method == "grpo":
        if row.get("task", "recognition") != "recognition":
            raise TrainingError(
                f"data: {folder} has prompts of the task {row['task']}, but a formula reader only writes labels: "
                "write the folder with --task recognition"
            )
        return (str(row["label"]),)
    return completion_text(row["chosen"]), completion_text(row["rejected"])
