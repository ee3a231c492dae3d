"""A contact sheet: one line per row of a source, with its images side by side and symbol boxes.

Not for selecting rows or producing pictures: see `mumer_data.jobs.preview`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mumer_data.io.atomic import atomic_write

WIDTH = 1600
"""Width of a sheet in pixels."""
_MAX_IMAGE_HEIGHT = 130  # pixels of a picture
_GAP, _LINE_HEIGHT = 10, 18
_BACKGROUND, _TEXT = (232, 234, 237), (60, 64, 67)
_COLOURS = ((26, 127, 55), (9, 105, 218), (207, 34, 46), (130, 80, 223), (191, 135, 0))

Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture; ``boxes`` (left, top, right, bottom in pixels) are drawn over it."""

    image: Image.Image
    boxes: Sequence[Box] = ()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A title, and the pictures below it."""

    title: str
    pictures: Sequence[Shown]


def write_sheet(rows: Sequence[SheetRow], columns: Sequence[str], path: Path) -> None:
    """Draw the sheet as a PNG.

    Args:
        rows: rows from top to bottom.
        columns: names of the pictures of a row.
        path: path of the PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    cell = (WIDTH - _GAP) // max(1, len(columns))
    fitted = [[_fit(shown, cell - _GAP) for shown in row.pictures] for row in rows]
    heights = [_LINE_HEIGHT + max([image.height for image in images], default=0) + _GAP for images in fitted]
    sheet = Image.new("RGB", (WIDTH, sum(heights) + _LINE_HEIGHT + 2 * _GAP), _BACKGROUND)
    draw, regular, bold = ImageDraw.Draw(sheet), ImageFont.load_default(12), ImageFont.load_default(14)
    for column, name in enumerate(columns):
        draw.text((_GAP + column * cell, _GAP // 2), name, fill=_TEXT, font=bold)
    top = _LINE_HEIGHT + _GAP
    for row, images, height in zip(rows, fitted, heights, strict=True):
        draw.text((_GAP, top), _printable(row.title), fill=_TEXT, font=regular)
        for column, image in enumerate(images):
            sheet.paste(image, (_GAP + column * cell, top + _LINE_HEIGHT))
        top += height
    with atomic_write(path) as temporary:
        sheet.save(temporary, "PNG", optimize=True)


def _printable(title: str, limit: int = 220) -> str:
    """The title with what the built-in font cannot draw replaced, and shortened to ``limit`` characters."""
    shown = title if len(title) <= limit else f"{title[:limit]} ..."
    return shown.encode("latin-1", "replace").decode("latin-1")


def _fit(shown: Shown, width: int) -> Image.Image:
    """The picture scaled down to the width of its cell and the largest height, with its boxes."""
    image = shown.image.convert("RGB")
    scale = min(1.0, width / image.width, _MAX_IMAGE_HEIGHT / image.height)
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
