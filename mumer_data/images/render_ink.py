"""Online ink -> PNG: anti-aliased strokes of one width, aspect kept, black on white by default.

Not for reading ink files (see `readers.inkml`) nor for synthesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mumer_data.exceptions import ImageError
from mumer_data.io.png import encode_png

Stroke = NDArray[np.float64]

# Strokes are drawn this many times larger and averaged down: edges get 10 grey levels.
OVERSAMPLE = 3
# No device has larger coordinates.
MAX_SPAN = 1e7


@dataclass(frozen=True, slots=True)
class InkStyle:
    """How ink is rendered.

    Attributes:
        height: height of the image, padding included, in pixels.
        stroke_width: stroke width in pixels.
        padding: margin on all four sides, in pixels.
        max_width: largest width of the image, in pixels; longer ink is drawn smaller, at the same height. Each stroke
            adds at most two heights to the width.
        ink: grey level of the strokes, 0 to 255.
        paper: grey level of the background.
    """

    height: int = 128
    stroke_width: float = 3.0
    padding: int = 8
    max_width: int = 2048
    ink: int = 0
    paper: int = 255

    def __post_init__(self) -> None:
        if self.stroke_width <= 0 or min(self.height, self.max_width) <= 2 * self.padding + self.stroke_width:
            raise ValueError(f"no room for ink: {self}")


def render_ink(strokes: Sequence[Stroke], style: InkStyle | None = None) -> bytes:
    """Draw strokes and encode them as an 8-bit greyscale PNG; the same ink produces the same bytes.

    Args:
        strokes: arrays of shape (points, 2), x to the right and y downwards, in any unit.
        style: see `InkStyle`.

    Raises:
        ImageError: ``ink_empty`` without a point, ``ink_invalid`` for NaN, infinite or huge coordinates.
    """
    style = style or InkStyle()
    scaled, width = _scale_strokes(strokes, style)
    canvas = Image.new("L", (width * OVERSAMPLE, style.height * OVERSAMPLE), style.paper)
    draw = ImageDraw.Draw(canvas)
    for stroke in scaled:
        _draw_stroke(draw, stroke, style.stroke_width * OVERSAMPLE, style.ink)
    return encode_png(canvas.reduce(OVERSAMPLE))


def draw_ink(strokes: Sequence[Stroke], widths: Sequence[NDArray[np.float64]], size: tuple[int, int]) -> Image.Image:
    """Strokes at fixed positions with varying width, black on white.

    Args:
        strokes: as for `render_ink`, in pixels.
        widths: pen width at each point of each stroke, in pixels.
        size: width and height of the image.
    """
    canvas = Image.new("L", (size[0] * OVERSAMPLE, size[1] * OVERSAMPLE), 255)
    draw = ImageDraw.Draw(canvas)
    for stroke, pen in zip(strokes, widths, strict=True):
        points, width = stroke * OVERSAMPLE, np.maximum(pen * OVERSAMPLE, 1.0)
        flat = points.ravel().tolist()
        begin = 0
        for pen_width, segments in groupby(width[1:].round().astype(int).tolist()):
            end = begin + sum(1 for _ in segments)
            draw.line(flat[2 * begin : 2 * end + 2], fill=0, width=pen_width)
            begin = end
        half = (width / 2)[:, None]
        for corner in np.concatenate((points - half, points + half), axis=1).tolist():
            draw.ellipse(corner, fill=0)
    return canvas.reduce(OVERSAMPLE)


def _scale_strokes(strokes: Sequence[Stroke], style: InkStyle) -> tuple[list[Stroke], int]:
    """The strokes in oversampled pixels, and the width of the image in pixels."""
    filled = [stroke for stroke in strokes if len(stroke)]
    if not filled:
        raise ImageError("ink_empty", "the ink has no points")
    points = np.concatenate(filled)
    if not np.isfinite(points).all():
        raise ImageError("ink_invalid", "the ink has coordinates that are not numbers")
    low, high = points.min(axis=0), points.max(axis=0)
    if np.abs(points).max() > MAX_SPAN:
        raise ImageError(
            "ink_invalid", f"the ink reaches {np.abs(points).max():.3g} units, more than any device writes"
        )
    span = high - low
    pad = style.padding + style.stroke_width / 2
    # Otherwise a single minus, which has no height, would be drawn at the largest width.
    widest = min(style.max_width, 2 * style.height * len(filled))
    room = np.array([widest - 2 * pad, style.height - 2 * pad])
    # Ink of less extent than this is one dot: scaling it up would show the noise of the device.
    real = span > 1e-6 * max(1.0, float(np.abs(points).max()))
    scale = float((room[real] / span[real]).min()) if real.any() else 1.0
    width = min(widest, max(1, round(span[0] * scale + 2 * pad)))
    # Centred, so that a flat stroke (a single minus) is in the middle of its line.
    middle = np.array([width, style.height]) / 2
    return [((stroke - (low + high) / 2) * scale + middle) * OVERSAMPLE for stroke in filled], width


def _draw_stroke(draw: ImageDraw.ImageDraw, stroke: Stroke, pen: float, ink: int) -> None:
    """One stroke with round joins and ends."""
    if len(stroke) > 2:
        # Points closer than half a pen's width change nothing visible.
        steps = np.abs(np.diff(stroke, axis=0)).max(axis=1)
        travelled = np.floor(np.cumsum(steps) / (pen / 2))
        keep = np.concatenate(([True], np.diff(travelled, prepend=-1.0) > 0))
        keep[-1] = True
        stroke = stroke[keep]
    flat = stroke.ravel().tolist()
    if len(flat) > 2:
        draw.line(flat, fill=ink, width=round(pen))
    corners = np.concatenate((stroke - pen / 2, stroke + pen / 2), axis=1)
    for corner in corners.tolist():
        draw.ellipse(corner, fill=ink)
