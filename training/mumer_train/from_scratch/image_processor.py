"""Images of any size and polarity -> input of a formula reader: fitted to one symbol size and pen, padded to a batch.

Not for training images: `prepare` fits them once.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from transformers.feature_extraction_utils import BatchFeature
from transformers.image_processing_base import ImageProcessingMixin  # the processor without torchvision

from mumer_data.images.fit import Fit, fit_image

STRIDE = 8


class FormulaImageProcessor(ImageProcessingMixin):
    """Fits images (see `mumer_data.images.fit`) and pads them to one size.

    Args:
        symbol, pen, padding, multiple, max_pixels: see `Fit`.
        stride: pixels of a cell of the encoder.
    """

    model_input_names = ("pixel_values", "cell_mask")

    def __init__(
        self,
        symbol: float = 16.0,
        pen: float = 1.6,
        padding: int = 4,
        multiple: int = 8,
        max_pixels: int = 40_000,
        stride: int = STRIDE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.symbol, self.pen, self.padding = symbol, pen, padding
        self.multiple, self.max_pixels, self.stride = multiple, max_pixels, stride

    def fit(self, image: Image.Image) -> NDArray[np.uint8]:
        """Ink of one fitted image, 0 to 255, shape (height, width); one blank cell where there is no ink."""
        options = Fit(
            symbol=self.symbol,
            pen=self.pen,
            padding=self.padding,
            multiple=self.multiple,
            max_pixels=self.max_pixels,
        )
        fitted = fit_image(image, options)
        if fitted is None:
            return np.zeros((self.stride, self.stride), dtype=np.uint8)
        return np.uint8(255) - np.asarray(fitted.image, dtype=np.uint8)

    def __call__(
        self, images: Image.Image | bytes | Sequence[Image.Image | bytes], return_tensors: str | None = "pt", **_: Any
    ) -> BatchFeature:
        """``pixel_values``, (batch, 1, height, width), ink 0 to 1, and ``cell_mask``, (batch, rows, columns)."""
        several = [images] if isinstance(images, Image.Image | bytes) else list(images)
        inks = [self.fit(_opened(image)) for image in several]
        height, width = max(ink.shape[0] for ink in inks), max(ink.shape[1] for ink in inks)
        pixels = np.zeros((len(inks), 1, height, width), dtype=np.float32)
        mask = np.zeros((len(inks), height // self.stride, width // self.stride), dtype=bool)
        for index, ink in enumerate(inks):
            rows, columns = ink.shape
            pixels[index, 0, :rows, :columns] = ink / np.float32(255)
            mask[index, : rows // self.stride, : columns // self.stride] = True
        return BatchFeature({"pixel_values": pixels, "cell_mask": mask}, tensor_type=return_tensors)


def _opened(image: Image.Image | bytes) -> Image.Image:
    return Image.open(io.BytesIO(image)) if isinstance(image, bytes) else image
