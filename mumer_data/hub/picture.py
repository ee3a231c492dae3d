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
_COLUMNS, _CELL, _IMAGE, _MARGIN, _LINE_HEIGHT = 2, 560, 150, 20, 18
_MAX_LINES = 3  # lines of a label
_PAPER_GREY, _INK_GREY, _FRAME_GREY = 255, 40, 215


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: its encoded image and its label."""

    image: bytes
    label: str


def sample_sheet(build: Build, count: int = SAMPLES) -> bytes | None:
    """A PNG of ``count`` samples spread over a build; ``None`` if it has no labels or no usable images."""
    config = label_config(build.configs)
    if config is None:
        return None
    cells = [_cell(picture, label) for picture, label in _pictures(build, config, count)]
    if not cells:
        return None
    lines = -(-len(cells) // _COLUMNS)
    width = _COLUMNS * _CELL + (_COLUMNS + 1) * _MARGIN
    sheet = Image.new("L", (width, lines * (cells[0].height + _MARGIN) + _MARGIN), _PAPER_GREY)
    for index, cell in enumerate(cells):
        row, column = divmod(index, _COLUMNS)
        sheet.paste(cell, (_MARGIN + column * (_CELL + _MARGIN), _MARGIN + row * (cell.height + _MARGIN)))
    return encode_png(sheet, optimize=True)


def _samples(build: Build, config: BuiltConfig, count: int) -> Iterator[Sample]:
    """Rows at even distances over all shards; one row group in memory at a time."""
    indices = np.unique(np.linspace(0, config.rows - 1, min(count, config.rows)).astype(int)).tolist()
    start = 0
    for shard in config.shards:
        rows_of_shard = [row - start for row in indices if start <= row < start + shard.rows]
        start += shard.rows
        if not rows_of_shard:
            continue
        with pq.ParquetFile(build.folder / shard.file) as file:
            first = 0
            for number in range(file.num_row_groups):
                rows = file.metadata.row_group(number).num_rows
                rows_of_group = [row - first for row in rows_of_shard if first <= row < first + rows]
                first += rows
                if rows_of_group:
                    table = file.read_row_group(number, columns=["messages", "images"])
                    for row in table.take(rows_of_group).to_pylist():
                        answer = row["messages"][-1]
                        content = next(answer[chat.content] for chat in CHATS.values() if chat.content in answer)
                        yield Sample(row["images"][0]["bytes"], content.rpartition("\n")[2])


def _pictures(build: Build, config: BuiltConfig, count: int) -> Iterator[tuple[Image.Image, str]]:
    for sample in _samples(build, config, count):
        with suppress(ImageError):
            check_image(sample.image)
            yield canonical_image(sample.image).convert("L"), sample.label


def _cell(picture: Image.Image, label: str) -> Image.Image:
    cell = Image.new("L", (_CELL, _IMAGE + _MAX_LINES * _LINE_HEIGHT + 12), _PAPER_GREY)
    picture.thumbnail((_CELL - 8, _IMAGE - 8), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(cell)
    draw.rectangle((0, 0, _CELL - 1, _IMAGE - 1), outline=_FRAME_GREY)
    cell.paste(picture, ((_CELL - picture.width) // 2, (_IMAGE - picture.height) // 2))
    font = ImageFont.load_default(13)
    for number, line in enumerate(_wrapped(label, font)):
        draw.text((0, _IMAGE + 8 + number * _LINE_HEIGHT), line, fill=_INK_GREY, font=font)
    return cell


def _wrapped(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    lines = [""]
    for token in label.split():
        longer = f"{lines[-1]} {token}".strip()
        if lines[-1] and font.getlength(longer) > _CELL - 16:
            lines.append(token)
        else:
            lines[-1] = longer
    if len(lines) > _MAX_LINES:
        lines = [*lines[: _MAX_LINES - 1], lines[_MAX_LINES - 1] + " ..."]
    return lines
