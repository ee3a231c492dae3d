"""The picture of the dataset card: a few samples of a build, image beside label.

Not for typesetting: labels are shown as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

from mumer_data.exceptions import ImageError
from mumer_data.hub.folder import Build, BuiltConfig, label_config
from mumer_data.images.canonicalize import canonical_image
from mumer_data.images.check import check_image
from mumer_data.io.png import encode_png
from mumer_data.shards.schema import CHATS

SAMPLES = 8
_COLUMNS, _CELL, _IMAGE, _MARGIN, _LINE = 2, 560, 150, 20, 18
_LINES = 3  # of a label
_PAPER, _INK, _FRAME = 255, 40, 215


@dataclass(frozen=True, slots=True)
class Shown:
    """One sample: its encoded image and its label."""

    image: bytes
    label: str


def sample_sheet(build: Build, count: int = SAMPLES) -> bytes | None:
    """A PNG of ``count`` samples spread over a build; ``None`` where it has no label or no image to show."""
    config = label_config(build.configs)
    if config is None:
        return None
    cells = [_cell(picture, label) for picture, label in _pictures(build, config, count)]
    if not cells:
        return None
    lines = -(-len(cells) // _COLUMNS)
    width = _COLUMNS * _CELL + (_COLUMNS + 1) * _MARGIN
    sheet = Image.new("L", (width, lines * (cells[0].height + _MARGIN) + _MARGIN), _PAPER)
    for place, cell in enumerate(cells):
        row, column = divmod(place, _COLUMNS)
        sheet.paste(cell, (_MARGIN + column * (_CELL + _MARGIN), _MARGIN + row * (cell.height + _MARGIN)))
    return encode_png(sheet, optimize=True)


def _spread(build: Build, config: BuiltConfig, count: int) -> Iterator[Shown]:
    """Rows at even distances over all shards; one row group in memory at a time."""
    wanted = np.unique(np.linspace(0, config.rows - 1, min(count, config.rows)).astype(int)).tolist()
    start = 0
    for shard in config.shards:
        inside = [row - start for row in wanted if start <= row < start + shard.rows]
        start += shard.rows
        if not inside:
            continue
        with pq.ParquetFile(build.folder / shard.file) as file:
            first = 0
            for number in range(file.num_row_groups):
                rows = file.metadata.row_group(number).num_rows
                here = [row - first for row in inside if first <= row < first + rows]
                first += rows
                if here:
                    table = file.read_row_group(number, columns=["messages", "images"])
                    for row in table.take(here).to_pylist():
                        answer = row["messages"][-1]
                        content = next(answer[chat.content] for chat in CHATS.values() if chat.content in answer)
                        yield Shown(row["images"][0]["bytes"], content.rpartition("\n")[2])


def _pictures(build: Build, config: BuiltConfig, count: int) -> Iterator[tuple[Image.Image, str]]:
    for shown in _spread(build, config, count):
        with suppress(ImageError):
            check_image(shown.image)
            yield canonical_image(shown.image).convert("L"), shown.label


def _cell(picture: Image.Image, label: str) -> Image.Image:
    cell = Image.new("L", (_CELL, _IMAGE + _LINES * _LINE + 12), _PAPER)
    picture.thumbnail((_CELL - 8, _IMAGE - 8), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(cell)
    draw.rectangle((0, 0, _CELL - 1, _IMAGE - 1), outline=_FRAME)
    cell.paste(picture, ((_CELL - picture.width) // 2, (_IMAGE - picture.height) // 2))
    font = ImageFont.load_default(13)
    for number, line in enumerate(_wrapped(label, font)):
        draw.text((0, _IMAGE + 8 + number * _LINE), line, fill=_INK, font=font)
    return cell


def _wrapped(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    lines = [""]
    for token in label.split():
        longer = f"{lines[-1]} {token}".strip()
        if lines[-1] and font.getlength(longer) > _CELL - 16:
            lines.append(token)
        else:
            lines[-1] = longer
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], lines[_LINES - 1] + " ..."]
    return lines
