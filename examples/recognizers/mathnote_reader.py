"""The package mathnote-ocr, which reads strokes, as a callable for `mumer predict --recognizer python`.

    mumer predict --recognizer python --model mathnote_reader:read --data SOURCE --out predictions.parquet

Run it in the folder of this file. Needs: pip install mathnote-ocr
mathnote-ocr uses three classes of torchvision; they are defined here, for versions of torch without a
matching torchvision.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch

from mumer_data.images.strokes import image_strokes

if TYPE_CHECKING:
    from mathnote_ocr import MathOCR


class Compose:
    """Steps one after the other."""

    def __init__(self, steps: list[Callable]) -> None:
        self.steps = steps

    def __call__(self, value: object) -> object:
        """The value after all steps."""
        for step in self.steps:
            value = step(value)
        return value


class ToTensor:
    """A grey image as a tensor of shape (1, height, width), from 0 to 1."""

    def __call__(self, image: object) -> torch.Tensor:
        """The tensor of an image."""
        return torch.from_numpy(np.asarray(image, dtype=np.float32)[None] / 255.0)


class Normalize:
    """Subtract a mean and divide by a deviation."""

    def __init__(self, mean: tuple[float], deviation: tuple[float]) -> None:
        self.mean, self.deviation = mean[0], deviation[0]

    def __call__(self, value: torch.Tensor) -> torch.Tensor:
        """The normalised tensor."""
        return (value - self.mean) / self.deviation


@lru_cache(maxsize=1)
def _model() -> MathOCR:
    try:
        import torchvision.transforms  # noqa: F401
    except (ImportError, RuntimeError):  # absent, or built for another torch
        package, transforms = ModuleType("torchvision"), ModuleType("torchvision.transforms")
        transforms.Compose, transforms.ToTensor, transforms.Normalize = Compose, ToTensor, Normalize
        package.transforms = transforms
        sys.modules |= {"torchvision": package, "torchvision.transforms": transforms}
    from mathnote_ocr import MathOCR

    return MathOCR()


def read(images: list[bytes]) -> list[tuple[str, float | None]]:
    """LaTeX of each image, with the logarithm of the confidence of the whole expression."""
    return [_read(image) for image in images]


def _read(image: bytes) -> tuple[str, float | None]:
    strokes = [[(float(x), float(y)) for x, y in stroke] for stroke in image_strokes(image)]
    if not strokes:
        return "", None
    expression = _model().detect(strokes)
    return expression.latex, math.log(expression.confidence) if expression.confidence > 0 else None
