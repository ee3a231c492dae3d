"""Applies the transforms, and composites ink, paper and light to an image with a minimum contrast.

Not for random choices: see the steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.transforms import Frame, bounds, frame_around, outline, sample_ink, transform_boxes

LEAST_CONTRAST = 0.5
"""Minimum contrast: ink is darker than the darkest paper by at least this fraction of the paper's level."""
LEAST_PAPER = 0.5
"""Minimum reflectance of the paper; in a photograph, the reflectance of its darkest region if that is less."""
LEAST_LIGHT = 0.4
"""Minimum illumination."""
WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def apply_geometry(layers: Layers) -> Layers:
    """The layers after all transforms; all ink is inside the frame, boxes are transformed too."""
    if not layers.transforms and layers.margins is None:
        return layers
    frame, (left, top) = frame_around(layers.ink, layers.transforms, layers.margins or margins_of(layers))
    boxes = transform_boxes(layers.boxes, layers.ink, layers.transforms) if len(layers.boxes) else layers.boxes
    rows, columns = frame.shape
    boxes = np.clip(boxes - (left, top, left, top), 0.0, (columns, rows, columns, rows))
    return replace(
        layers,
        ink=sample_ink(layers.ink, frame),
        paper=_moved_paper(layers.paper, frame),
        boxes=boxes,
        frame=frame,
        transforms=(),
        margins=None,
    )


def margins_of(layers: Layers) -> tuple[float, float, float, float]:
    """Distance from the ink to the edge of the image, in pixels: left, top, right, bottom."""
    mask = layers.ink > 0.1
    if not mask.any():
        return (0.0, 0.0, 0.0, 0.0)
    left, top, right, bottom = bounds(outline(mask), 0.5)
    return left, top, layers.shape[1] - right, layers.shape[0] - bottom


def _moved_paper(paper: Plane, frame: Frame) -> Plane:
    """Transformed paper texture; mirrored beyond its edges."""
    if paper.shape[1:] == (1, 1):
        return paper
    x, y = frame.sources()
    coordinates = y - np.float32(0.5), x - np.float32(0.5)
    bands = [ndimage.map_coordinates(band, coordinates, order=1, mode="reflect") for band in paper]
    return np.stack(bands)


def composite(layers: Layers) -> Layers:
    """The layers with their composited picture."""
    paper = _at_least(layers.paper, min(LEAST_PAPER, layers.darkest))
    light = _at_least(layers.light, LEAST_LIGHT)
    colour = _dark_enough(layers.colour, paper).reshape(-1, 1, 1)
    picture = layers.ink * (colour - paper)
    picture += paper
    picture = picture * light
    picture *= np.float32(255)
    if layers.reverse:
        picture = 255 - picture
    return replace(layers, picture=picture)


def _at_least(field: Plane, least: float) -> Plane:
    return field if float(field.min()) >= least else np.maximum(field, np.float32(least))


def _dark_enough(colour: Plane, paper: Plane) -> Plane:
    """The ink colour, darkened to the minimum contrast against the darkest paper."""
    darkest = float(paper[len(paper) // 2].min())  # the green channel approximates luminance
    level = float(colour.mean() if len(colour) == 1 else colour @ WEIGHTS)
    upper_limit = darkest * (1 - LEAST_CONTRAST)
    return colour * np.float32(min(1.0, upper_limit / level)) if level > 0 else colour
