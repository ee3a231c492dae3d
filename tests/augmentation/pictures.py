"""Handwriting to try augmentation on, and what can be measured of the variants."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mumer_data.augmentation import Step, step_class
from mumer_data.augmentation.ranges import Within
from mumer_data.handwriting.glyphs.centerline import CenterlineGlyphs
from mumer_data.handwriting.glyphs.hershey import Hershey
from mumer_data.handwriting.ink import RenderedInk, draw, write
from mumer_data.handwriting.writer import Writer, writer_style

LABELS = (
    r"\frac { a ^ { 2 } + 1 } { \sqrt { b } } \leq \sum _ { n = 1 } ^ { N } x _ { n }",
    r"e ^ { - i x } - 8 . 5",
    r"\int _ { 0 } ^ { 1 } g ( t ) d t = 6 9",
    r"x _ { 1 } , x _ { 2 } , \ldots",
    "1",
    "-",
    r"a + b + c + d + e + f + g + h + i + j + k + m + n + 2 0 3",
)


@lru_cache(maxsize=64)
def picture(label: int = 0, writer: int = 0, size: float = 32.0) -> RenderedInk:
    """One of the labels by some hand, black on white."""
    hand = Writer([Hershey(), CenterlineGlyphs()], writer_style(f"w{writer}"), np.random.default_rng(writer))
    return draw(write(LABELS[label], hand), size=size)


def step(name: str, **options: Any) -> Step:
    """A step with options as in a pipeline file."""
    return step_class(name).model_validate(options)


def at_its_ends(name: str, end: int) -> Step:
    """A step with every range at the least (0) or the most (1) that it may be."""
    options = {}
    for key, field in step_class(name).model_fields.items():
        for bounds in field.metadata:
            if isinstance(bounds, Within):
                options[key] = (bounds.low, bounds.high)[end]
    return step(name, **options)


def contrasts(image: Image.Image, boxes: NDArray[np.float64], size: float = 32.0) -> NDArray[np.float64]:
    """Of dark ink in each box: how much darker than the paper around it its three darkest pixels are, of 1."""
    grey = np.asarray(image.convert("L"), dtype=np.float64)
    paper = ndimage.gaussian_filter(ndimage.grey_closing(ndimage.gaussian_filter(grey, 0.7), int(size * 1.2)), 1.5)
    darker = (paper - grey) / np.maximum(paper, 1)
    found = []
    for left, top, right, bottom in boxes.tolist():
        inside = darker[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
        found.append(np.sort(inside.ravel())[-min(3, inside.size)])
    return np.array(found)


def inside(image: Image.Image, boxes: NDArray[np.float64], margin: float = 0.0) -> bool:
    """Whether all boxes lie in the image."""
    limits = np.array([image.width, image.height]) - margin
    return bool(
        (boxes[:, :2] >= margin).all() and (boxes[:, 2:] <= limits).all() and (boxes[:, :2] < boxes[:, 2:]).all()
    )
