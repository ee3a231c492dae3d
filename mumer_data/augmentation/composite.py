"""Carries out the moves, and makes ink, paper and light one picture in which ink can be told from paper.

Not for choosing anything: the steps do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mumer_data.augmentation.layers import Layers, Plane
from mumer_data.augmentation.transforms import Frame, bounds, framed, moved_boxes, outline, sampled

LEAST_CONTRAST = 0.5
"""Full ink is darker than the paper around it by this share of the paper's level, at least."""
LEAST_PAPER = 0.5
"""Paper throws back this much, at least, whatever steps do to it; in a photograph as little as its darkest place."""
LEAST_LIGHT = 0.4
"""Illumination never falls below this."""
WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def apply_geometry(sheet: Layers) -> Layers:
    """The sheet after its moves: nothing of the ink beyond the edge, boxes moved along."""
    if not sheet.warps and sheet.margins is None:
        return sheet
    frame, (left, top) = framed(sheet.ink, sheet.warps, sheet.margins or margins_of(sheet))
    boxes = moved_boxes(sheet.boxes, sheet.ink, sheet.warps) if len(sheet.boxes) else sheet.boxes
    rows, columns = frame.shape
    boxes = np.clip(boxes - (left, top, left, top), 0.0, (columns, rows, columns, rows))
    return replace(
        sheet,
        ink=sampled(sheet.ink, frame),
        paper=_moved_paper(sheet.paper, frame),
        boxes=boxes,
        frame=frame,
        warps=(),
        margins=None,
    )


def margins_of(sheet: Layers) -> tuple[float, float, float, float]:
    """From the ink to the edge of the original, in pixels: left, top, right, bottom."""
    mask = sheet.ink > 0.1
    if not mask.any():
        return (0.0, 0.0, 0.0, 0.0)
    left, top, right, bottom = bounds(outline(mask), 0.5)
    return left, top, sheet.shape[1] - right, sheet.shape[0] - bottom


def _moved_paper(paper: Plane, frame: Frame) -> Plane:
    """Paper of many levels, moved along; beyond its edges it is mirrored."""
    if paper.shape[1:] == (1, 1):
        return paper
    x, y = frame.sources()
    places = y - np.float32(0.5), x - np.float32(0.5)
    bands = [ndimage.map_coordinates(band, places, order=1, mode="reflect") for band in paper]
    return np.stack(bands)


def composite(sheet: Layers) -> Layers:
    """The sheet with its picture."""
    paper = _at_least(sheet.paper, min(LEAST_PAPER, sheet.darkest))
    light = _at_least(sheet.light, LEAST_LIGHT)
    colour = _dark_enough(sheet.colour, paper).reshape(-1, 1, 1)
    picture = sheet.ink * (colour - paper)
    picture += paper
    picture = picture * light
    picture *= np.float32(255)
    if sheet.reverse:
        picture = 255 - picture
    return replace(sheet, picture=picture)


def _at_least(field: Plane, least: float) -> Plane:
    return field if float(field.min()) >= least else np.maximum(field, np.float32(least))


def _dark_enough(colour: Plane, paper: Plane) -> Plane:
    """The colour, dark enough to be read on the darkest place of the paper."""
    darkest = float(paper[len(paper) // 2].min())  # of green, which is about what the eye sees
    level = float(colour.mean() if len(colour) == 1 else colour @ WEIGHTS)
    most = darkest * (1 - LEAST_CONTRAST)
    return colour * np.float32(min(1.0, most / level)) if level > 0 else colour
