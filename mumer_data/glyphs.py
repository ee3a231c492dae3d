"""Sources of ink -> glyphs: every row of a reader, its symbols cut out in whatever way its ink allows.

Not for files of glyphs: see `strokes.bank`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mumer_data.data import Reject, Slice
from mumer_data.images.polarity import polarity
from mumer_data.images.skeleton import Mask
from mumer_data.images.strokes.cut import cut
from mumer_data.images.strokes.glyph import Glyph
from mumer_data.latex.parser import parse
from mumer_data.parallel import in_processes

if TYPE_CHECKING:
    from mumer_data.recipe import Pipeline

_HIGH = 96  # pixels of a row of ink below which thinning loses detail: such images are enlarged


@dataclass(slots=True)
class Harvest:
    """What came of a source.

    Attributes:
        glyphs: (token, glyph, id of the image).
        read, used: rows in all, and those of which at least one symbol could be cut.
    """

    glyphs: list[tuple[str, Glyph, str]]
    read: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    pipeline: Pipeline
    part: Slice

    def harvest(self) -> Harvest:
        found, screen = Harvest([]), self.pipeline.screen()
        for row in self.pipeline.reader().read(self.part):
            found.read += 1
            if isinstance(row, Reject):
                continue
            label, data = screen.label(row), screen.image(row)
            if isinstance(label, Reject) or isinstance(data, Reject):
                continue
            before = len(found.glyphs)
            found.glyphs += [(one.token, one.glyph, row.id) for one in cut(ink_of(data), parse(label))]
            found.used += len(found.glyphs) > before
        return found


def ink_of(data: bytes) -> Mask:
    """Where an encoded image has ink, shape (height, width)."""
    with Image.open(io.BytesIO(data)) as opened:
        grey = opened.convert("L")
    dark = polarity(grey) == "dark_on_light"
    if grey.height < _HIGH:
        grey = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC)
    levels = np.asarray(grey)
    return levels < 128 if dark else levels > 127


def harvest(pipeline: Pipeline, workers: int | None = None) -> Iterator[Harvest]:
    """The glyphs of a source, slice by slice, in order."""
    parts = [_Part(pipeline, part) for part in pipeline.reader().plan(500, 64 << 20)]
    yield from in_processes(_Part.harvest, parts, workers, ordered=True)
