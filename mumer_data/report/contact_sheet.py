"""A contact sheet: one line per row of a source, with its images side by side and symbol boxes.

Not for choosing rows nor for making pictures: see `mumer_data.jobs.preview`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mumer_data.io.atomic import atomic_write

WIDTH = 1600
"""Of a sheet, in pixels."""
_TALLEST = 130  # pixels of a picture
_GAP, _LINE = 10, 18
_DESK, _WORDS = (232, 234, 237), (60, 64, 67)
_COLOURS = ((26, 127, 55), (9, 105, 218), (207, 34, 46), (130, 80, 223), (191, 135, 0))

Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture; ``boxes`` (left, top, right, bottom in pixels) are drawn over it."""

    image: Image.Image
    boxes: Sequence[Box] = ()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line of words, and the pictures below it."""

    title: str
    pictures: Sequence[Shown]


def write_sheet(rows: Sequence[SheetRow], columns: Sequence[str], path: Path) -> None:
    """Draw the sheet as a PNG.

    Args:
        rows: from the top.
        columns: names of the pictures of a row.
        path: of the PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    cell = (WIDTH - _GAP) // max(1, len(columns))
    fitted = [[_fitted(shown, cell - _GAP) for shown in row.pictures] for row in rows]
    heights = [_LINE + max([image.height for image in images], default=0) + _GAP for images in fitted]
    sheet = Image.new("RGB", (WIDTH, sum(heights) + _LINE + 2 * _GAP), _DESK)
    draw, words, bold = ImageDraw.Draw(sheet), ImageFont.load_default(12), ImageFont.load_default(14)
    for place, name in enumerate(columns):
        draw.text((_GAP + place * cell, _GAP // 2), name, fill=_WORDS, font=bold)
    top = _LINE + _GAP
    for row, images, height in zip(rows, fitted, heights, strict=True):
        draw.text((_GAP, top), _printable(row.title), fill=_WORDS, font=words)
        for place, image in enumerate(images):
            sheet.paste(image, (_GAP + place * cell, top + _LINE))
        top += height
    with atomic_write(path) as temporary:
        sheet.save(temporary, "PNG", optimize=True)


def _printable(title: str, most: int = 220) -> str:
    """What the built-in font can show."""
    shown = title if len(title) <= most else f"{title[:most]} ..."
    return shown.encode("latin-1", "replace").decode("latin-1")


def _fitted(shown: Shown, width: int) -> Image.Image:
    """A picture that is no wider than its cell, with its boxes."""
    image = shown.image.convert("RGB")
    scale = min(1.0, width / image.width, _TALLEST / image.height)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    for number, (left, top, right, bottom) in enumerate(shown.boxes):
        corners = (
            left * scale,
            top * scale,
            max(left * scale, right * scale - 1),
            max(top * scale, bottom * scale - 1),
        )
        draw.rectangle(corners, outline=_COLOURS[number % len(_COLOURS)])
    return image
