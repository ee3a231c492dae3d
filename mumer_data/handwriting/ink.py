"""A label and a writer -> online ink (strokes with their symbols), and its rendering as an image.

Not for files (see `export`) nor for choosing writers (see `synthesizer`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.handwriting.glyph_warp import between, path_length
from mumer_data.handwriting.glyphs.glyph import Stroke
from mumer_data.handwriting.layout.atoms import PenBuilder
from mumer_data.handwriting.layout.boxes import Inked
from mumer_data.handwriting.layout.placement import LayoutEngine
from mumer_data.handwriting.writer import Writer, WriterStyle
from mumer_data.images.render_ink import draw_ink
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse
from mumer_data.latex.tree import SymbolTree
from mumer_data.typeset.elements import Style as MathStyle
from mumer_data.typeset.errors import TypesetError

MAX_SIDE = 2000
"""Largest width and height of an image, in pixels; larger ink is scaled down."""

STRUCK = -1
"""Mark of ink that is crossed out or overwritten."""

_TOKEN = re.compile(r"\\.+|'+|\{[a-zA-Z]+\*?\}")  # tokens of a canonical label that are longer than one character
_DELIMITER_SIZE = re.compile(r"\\(?:left|right|middle|[bB]igg?[lrm]?)(?![a-zA-Z])")


@dataclass(frozen=True, slots=True)
class OnlineInk:
    """An expression as online ink.

    Attributes:
        label: the LaTeX label.
        strokes: arrays of shape (points, 2), in heights of a capital letter; the ink begins at x = 0 and y = 0.
        marks: index of the symbol of each stroke; `STRUCK` for ink of a correction, which belongs to no symbol.
        names: token of each symbol.
        style: the writer's style.
    """

    label: str
    strokes: list[Stroke]
    marks: list[int]
    names: list[str]
    style: WriterStyle


@dataclass(frozen=True, slots=True)
class RenderedInk:
    """Rendered ink; image, strokes and boxes share one coordinate frame.

    Attributes:
        writing: the ink that was rendered.
        image: 8-bit greyscale, black on white.
        strokes: arrays of shape (points, 2), in pixels.
        boxes: bounding box of each symbol, shape (symbols, 4): left, top, right, bottom in whole pixels.
    """

    writing: OnlineInk
    image: Image.Image
    strokes: list[Stroke]
    boxes: NDArray[np.int64]

    @property
    def names(self) -> list[str]:
        """The token of each symbol."""
        return self.writing.names


def write(label: str, writer: Writer) -> OnlineInk:
    """The online ink of a label by one writer.

    Raises:
        LatexSyntaxError: the label does not parse.
        ImageError: ``glyph_missing`` where no alphabet has a symbol, ``layout_failed`` where a construct has no layout
            rule, ``ink_empty`` where the label leaves no ink.
    """
    builder = PenBuilder()
    try:
        element = builder.row(_tree(label).symbols, MathStyle())
        box = LayoutEngine(writer, builder.marks).box(element)
    except TypesetError as error:
        raise ImageError("layout_failed", str(error)) from None
    except RecursionError:
        raise ImageError("layout_failed", "the label is nested too deeply to be laid out") from None
    ink = sorted(box.flat(), key=lambda inked: inked.mark)
    if not ink:
        raise ImageError("ink_empty", "the label leaves no ink")
    strokes, marks = _join_strokes(ink, writer)
    points = _distorted(np.concatenate(strokes), writer)
    points -= points.min(axis=0)
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    numbers = {mark: number for number, mark in enumerate(dict.fromkeys(mark for mark in marks if mark != STRUCK))}
    names = [_DELIMITER_SIZE.sub("", builder.marks[mark]) or builder.marks[mark] for mark in numbers]
    return OnlineInk(label, np.split(points, ends), [numbers.get(mark, STRUCK) for mark in marks], names, writer.style)


def _tree(label: str) -> SymbolTree:
    """The tree of a label; a label that is LaTeX but not canonical (`x^2`) is normalised first."""
    canonical = all(len(token) < 2 or _TOKEN.fullmatch(token) for token in label.split())
    try:
        return parse(label if canonical else normalize(label))
    except LatexSyntaxError as error:
        try:
            return parse(normalize(label))
        except LatexSyntaxError:
            raise error from None


def _resampled(inked: Inked, writer: Writer) -> Stroke:
    """A stroke resampled at equal distances, with rounded corners and tremor; real ink is only resampled."""
    stroke, style = inked.stroke, writer.style
    if len(stroke) < 2:
        return stroke
    along = path_length(stroke)
    if along[-1] < style.fineness:
        return stroke
    count = max(3, int(along[-1] / style.fineness) + 1)
    fine = between(np.arange(count) * (along[-1] / (count - 1)), along, stroke)
    if inked.real:
        return fine
    inner, weight = fine[1:-1], 0.25 * style.roundness
    for _ in range(2 if style.roundness < 0.6 else 3):
        inner += weight * (fine[:-2] - 2 * inner + fine[2:])
    return fine + writer.rng.normal(size=fine.shape) * style.tremor


def _join_strokes(ink: Sequence[Inked], writer: Writer) -> tuple[list[Stroke], list[int]]:
    """Strokes and marks after joining strokes of one symbol that the writer draws without lifting the pen."""
    strokes = [_resampled(inked, writer) for inked in ink]
    marks = [STRUCK if inked.struck else inked.mark for inked in ink]
    joined, owners = [strokes[0]], marks[:1]
    for inked, mark, stroke in zip(ink[1:], marks[1:], strokes[1:], strict=True):
        near = mark == owners[-1] and not inked.lifted and float(np.hypot(*(stroke[0] - joined[-1][-1]))) < 0.3
        if near and writer.rng.random() < writer.style.joins and not (_is_dot(stroke) or _is_dot(joined[-1])):
            joined[-1] = np.concatenate((joined[-1], stroke))
        else:
            joined.append(stroke)
            owners.append(mark)
    return joined, owners


def _is_dot(stroke: Stroke) -> bool:
    """Whether a stroke is a dot, such as that of an i: dots are never joined to other strokes."""
    return len(stroke) < 3 or float(np.ptp(stroke, axis=0).max()) < 0.2


def _distorted(points: NDArray[np.float64], writer: Writer) -> NDArray[np.float64]:
    """All points with the writer's slant, slope and drift and a small random deformation; shape (points, 2)."""
    style, rng = writer.style, writer.rng
    x, y = points[:, 0], points[:, 1]
    phases, waves = rng.uniform(0, 2 * np.pi, 4), rng.uniform(0.25, 1.0, 4)
    amount = 0.02 + 0.05 * style.looseness
    drift = style.drift * np.sin(0.35 * waves[0] * x + phases[0])
    bend_x = amount * (np.sin(1.6 * waves[1] * y + phases[1]) + 0.5 * np.sin(1.1 * waves[2] * x + phases[2]))
    bend_y = amount * np.sin(1.8 * waves[3] * x + phases[3])
    return np.stack((x + bend_x - style.slant * y, y + bend_y + drift - style.slope * x), axis=1)


def draw(writing: OnlineInk, *, size: float = 32.0, padding: int = 8) -> RenderedInk:
    """Render online ink.

    Args:
        writing: see `write`.
        size: height of a capital letter, in pixels; less where the image would be larger than ``MAX_SIDE``.
        padding: margin on all sides, in pixels.

    Raises:
        ValueError: ``size`` or ``padding`` leave no room for ink.
    """
    if size < 4 or not 0 <= padding < MAX_SIDE / 4:
        raise ValueError(f"no room for ink: size {size}, padding {padding}")
    pen = max(1.0, writing.style.pen * size)
    extent = np.concatenate(writing.strokes).max(axis=0)
    max_extent = MAX_SIDE - 2 * (padding + pen)
    scale = float(min(size, max_extent / max(extent.max(), 1e-6)))
    pen = max(1.0, writing.style.pen * scale)
    edge = padding + pen / 2
    strokes = [stroke * scale + edge for stroke in writing.strokes]
    widths = [_widths(stroke, pen, writing.style) for stroke in strokes]
    width, height = np.ceil(extent * scale + 2 * edge).astype(int).tolist()
    image = draw_ink(strokes, widths, (width, height))
    return RenderedInk(writing, image, strokes, _boxes(writing, strokes, widths, (width, height)))


def _widths(stroke: Stroke, pen: float, style: WriterStyle) -> NDArray[np.float64]:
    """The pen's width at each point, in pixels: less at the ends and on upward strokes, more for a dot."""
    count = len(stroke)
    if count < 3 or not style.pressure:
        return np.full(count, pen * (1.0 if count > 1 else 1.25))
    steps = np.empty_like(stroke)
    steps[1:-1] = stroke[2:] - stroke[:-2]
    steps[[0, -1]] = stroke[[1, -1]] - stroke[[0, -2]]
    down = steps[:, 1] / (np.hypot(steps[:, 0], steps[:, 1]) + 1e-6)
    pressed = 1 + style.pressure * (0.5 * down - 0.25)
    taper = 1 - style.pressure * 0.5 * (np.arange(count) * (2 / (count - 1)) - 1) ** 8
    return np.asarray(np.maximum(pen * pressed * taper, 0.6))


def _boxes(
    writing: OnlineInk, strokes: Sequence[Stroke], widths: Sequence[NDArray[np.float64]], size: tuple[int, int]
) -> NDArray[np.int64]:
    """The bounding box of each symbol, pen width included; shape (symbols, 4)."""
    starts = np.cumsum([0, *(len(stroke) for stroke in strokes[:-1])])
    points, marks = np.concatenate(strokes), np.array(writing.marks)
    half = np.maximum.reduceat(np.concatenate(widths), starts)[:, None] / 2
    low, high = np.minimum.reduceat(points, starts) - half, np.maximum.reduceat(points, starts) + half
    boxes = np.full((len(writing.names), 4), np.inf) * (1, 1, -1, -1)
    counted = marks != STRUCK
    np.minimum.at(boxes[:, :2], marks[counted], low[counted])
    np.maximum.at(boxes[:, 2:], marks[counted], high[counted])
    outward = np.concatenate((np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])), axis=1)
    return np.asarray(np.clip(outward, 0, (*size, *size)).astype(np.int64))
