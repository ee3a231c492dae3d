"""An image -> layers of ink and paper; for drawings of either polarity and photographs of paper.

Not for symbol recognition: symbol boxes are an input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.images.polarity import polarity

MAX_SIDE = 2048
"""Maximum width and height, in pixels; larger images are downscaled first."""

_BLOCK = 16  # number of blocks per side in which the paper level is estimated
_PLAIN = 6.0  # largest difference between blocks for which the paper counts as uniform, in levels of 255
_SMALL = 0.35  # components smaller than this fraction of the median are dots, and ignored for the symbol height
_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def separate_layers(image: Image.Image, boxes: NDArray[np.float64] | NDArray[np.int64] | None = None) -> Layers:
    """Separate an image into ink and paper, and measure stroke width and symbol height.

    Args:
        image: an image of any mode; transparency is composited on white.
        boxes: symbol boxes, see `Layers`.
    """
    image, scale = _opaque(image)
    scaled_boxes = np.empty((0, 4)) if boxes is None else np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * scale
    reverse = polarity(image) == "light_on_dark"
    coloured = image.mode == "RGB"
    levels = np.asarray(image, dtype=np.float32)
    if reverse:
        levels = 255 - levels
    grey = levels[..., 0] * _GREY[0] + levels[..., 1] * _GREY[1] + levels[..., 2] * _GREY[2] if coloured else levels
    paper = _paper(grey)
    ink, depth = _ink(grey, paper)
    if paper.size > 1:
        paper, ink, depth = _separate_photograph(grey, ink)
    level = max(float(np.percentile(paper, 95)), 1.0)
    tint = _tint(levels, ink, coloured)
    reflected = paper[None] / np.float32(level)
    return Layers(
        ink=ink,
        colour=_colour(levels, ink, paper, depth, coloured) / (tint * np.float32(level / 255)),
        paper=reflected,
        light=(tint * np.float32(level / 255)).reshape(-1, 1, 1),
        boxes=scaled_boxes,
        pen=pen_of(ink),
        height=_height(ink, scaled_boxes),
        darkest=min(1.0, 0.9 * float(np.percentile(reflected, 1))),
        reverse=reverse,
    )


def pen_of(ink: Plane) -> float:
    """The stroke width, in pixels: a line of width w and length l has area w l and perimeter 2 l."""
    across, down = np.abs(np.diff(ink, axis=1)).sum(), np.abs(np.diff(ink, axis=0)).sum()
    # Averaged over all angles, an edge is 4 / pi times as long in steps along the axes.
    edges = float(across + down) * np.pi / 4
    return float(np.clip(2 * float(ink.sum()) / edges, 1.0, 64.0)) if edges > 0 else 2.0


def _opaque(image: Image.Image) -> tuple[Image.Image, float]:
    """The image as 8-bit greyscale, or RGB if it has colour, downscaled to `MAX_SIDE`; and the scale factor."""
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    if image.mode.startswith("I"):  # 16 bits per pixel, which Pillow would clip
        levels = np.asarray(image, dtype=np.float64)
        top = 65535.0 if levels.max() > 255 else 255.0
        image = Image.fromarray((levels * (255 / top)).clip(0, 255).astype(np.uint8))
    if image.mode not in ("L", "1", "F", "LA"):
        image = image.convert("RGB")
        red, green, blue = (np.asarray(band, dtype=np.int16) for band in image.split())
        if max(np.abs(red - green).max(), np.abs(green - blue).max()) <= 2:
            image = image.convert("L")
    else:
        image = image.convert("L")
    scale = min(1.0, MAX_SIDE / max(image.size))
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX)
    return image, scale


def _paper(grey: Plane) -> Plane:
    """The paper level, shape (1, 1) if uniform, else that of the image; a high percentile of each block."""
    rows, columns = grey.shape
    block_rows, block_columns = max(1, rows // _BLOCK), max(1, columns // _BLOCK)
    # Whole blocks only; the remainder at two edges is extrapolated.
    part = grey[: rows // block_rows * block_rows, : columns // block_columns * block_columns]
    part = part.reshape(block_rows, rows // block_rows, block_columns, columns // block_columns)[
        :, ::3, :, ::3
    ].swapaxes(1, 2)
    part = part.reshape(block_rows, block_columns, -1)
    blocks = np.percentile(part, 80, axis=2).astype(np.float32)
    if np.percentile(blocks, 90) - np.percentile(blocks, 10) <= _PLAIN:
        return np.full((1, 1), np.median(blocks), dtype=np.float32)
    # The level of a block full of ink is taken from its neighbours.
    blocks = ndimage.gaussian_filter(ndimage.median_filter(np.maximum(blocks, ndimage.grey_closing(blocks, 3)), 3), 1)
    return np.asarray(Image.fromarray(blocks).resize((columns, rows), Image.Resampling.BILINEAR))


def _ink(grey: Plane, paper: Plane) -> tuple[Plane, float]:
    """The ink coverage of each pixel, and the difference between paper and full ink, in levels of 255."""
    # Relative to the illumination, so that ink in a shadow counts fully.
    below = paper - grey
    if paper.size > 1:
        below *= paper.mean() / np.maximum(paper, 16)
    deepest = float(below.max())
    if deepest < 8:  # no visible ink
        return np.zeros_like(grey), 255.0
    depth = float(np.median(below[below > 0.5 * deepest]))
    # Deviations that the paper texture has in both directions are not ink.
    above = below[below < 0]
    grain = 0.0 if paper.size == 1 or not above.size else min(-3.0 * float(above.mean()), 0.3 * depth)
    return np.clip((below - grain) / np.float32(depth - grain), 0, 1), depth


def _separate_photograph(grey: Plane, rough: Plane) -> tuple[Plane, Plane, float]:
    """Paper, ink and depth of a photograph, given a rough estimate of its ink.

    Morphological closing removes thin dark strokes and keeps the edges of shadows and objects. Components without a
    core as dark as ink (printed lines, stains) count as paper.
    """
    calm = ndimage.gaussian_filter(grey, 0.7)
    side = 2 * int(np.ceil(min(pen_of(np.where(rough > 0.3, rough, 0)), 12.0))) + 5
    filled = ndimage.gaussian_filter(ndimage.grey_closing(calm, (side, side)), 1.0)
    filled -= np.median(filled - calm)
    ink, depth = _ink(grey, filled)
    labels, count = ndimage.label(ink > 0.15, structure=np.ones((3, 3)))
    cores = np.zeros(count + 1, dtype=bool)
    cores[np.unique(labels[ink > 0.6])] = True
    cores[0] = False
    ink = np.where(cores[labels], ink, 0)
    return np.where(ndimage.binary_dilation(ink > 0, iterations=2), filled, calm), ink, depth


def _colour(levels: Plane, ink: Plane, paper: Plane, depth: float, coloured: bool) -> Plane:
    """The visible ink colour: the mean over pixels of full ink."""
    if coloured and (ink > 0.7).any():
        return np.asarray(levels[ink > 0.7].mean(axis=0) / 255, dtype=np.float32)
    return np.array([max(0.0, float(paper.mean()) - depth) / 255], dtype=np.float32)


def _tint(levels: Plane, ink: Plane, coloured: bool) -> Plane:
    """The paper colour, normalised to a grey level of 1."""
    if not coloured:
        return np.ones(1, dtype=np.float32)
    paper_colour = levels[ink < 0.05].mean(axis=0) if (ink < 0.05).any() else levels.reshape(-1, 3).mean(axis=0)
    return np.asarray(np.maximum(paper_colour / max(float(paper_colour @ _GREY), 1.0), 0.05), dtype=np.float32)


def _height(ink: Plane, boxes: NDArray[np.float64]) -> float:
    """The median symbol height, in pixels; from connected components without boxes. Flat symbols count by width."""
    if len(boxes):
        widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    else:
        # Every second pixel is accurate enough, in a quarter of the time.
        labels, count = ndimage.label(ink[::2, ::2] > 0.4, structure=np.ones((3, 3)))
        if not count:
            return float(np.clip(min(ink.shape), 6.0, 32.0))
        objects = ndimage.find_objects(labels)
        widths, heights = (2.0 * np.array([box[axis].stop - box[axis].start for box in objects]) for axis in (1, 0))
    sizes = np.maximum(heights, 0.6 * widths)
    return float(max(6.0, np.median(sizes[sizes >= _SMALL * np.median(sizes)])))
