"""Glyph banks: extracts the symbols of every row of a source, and the glyphs of fonts.

Not for the file format: see `handwriting.glyphs.bank`.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mumer_data.handwriting.glyphs.bank import write_bank
from mumer_data.handwriting.glyphs.fonts import font_files, glyphs_of_font, open_font
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.handwriting.glyphs.outliers import drop_outliers
from mumer_data.handwriting.glyphs.segment_image import SegmentedSymbol, segment_symbols
from mumer_data.handwriting.glyphs.segment_ink import segment_ink
from mumer_data.images.polarity import polarity
from mumer_data.images.skeleton import Mask
from mumer_data.io.atomic import atomic_write
from mumer_data.io.processes import parallel_map
from mumer_data.latex.tree import SymbolTree
from mumer_data.readers.ink_files import InkFilesReader
from mumer_data.readers.inkml import InkDocument
from mumer_data.records import Example, Reject, Slice

if TYPE_CHECKING:
    from mumer_data.jobs.config import Pipeline

_MIN_HEIGHT = 96  # pixels; lower images are enlarged, because thinning loses detail


@dataclass(slots=True)
class Harvest:
    """The glyphs of a source.

    Attributes:
        glyphs: (token, glyph, writer or image id).
        read, used: number of rows, and of rows with at least one segmented symbol.
    """

    glyphs: list[tuple[str, Glyph, str]]
    read: int = 0
    used: int = 0

    def add(self, row: Example, symbols: Iterable[SegmentedSymbol]) -> None:
        """Add the symbols of one row; the source of a glyph is its writer, or else the row."""
        count = len(self.glyphs)
        self.glyphs += [(symbol.token, symbol.glyph, row.writer or row.id) for symbol in symbols]
        self.used += len(self.glyphs) > count


@dataclass(frozen=True, slots=True)
class _Part:
    pipeline: Pipeline
    part: Slice

    def harvest(self) -> Harvest:
        result, validator, reader = Harvest([]), self.pipeline.row_validator(), self.pipeline.reader()
        if isinstance(reader, InkFilesReader):
            for row, document in reader.documents(self.part):
                expression = validator.expression(row)
                result.add(row, [] if isinstance(expression, Reject) else _from_ink(document, row, expression.tree))
            result.read = self.part.rows
            return result
        for row in reader.read(self.part):
            result.read += 1
            expression = row if isinstance(row, Reject) else validator.expression(row)
            if isinstance(row, Reject) or isinstance(expression, Reject):
                continue
            data = validator.image(row)
            if not isinstance(data, Reject):
                result.add(row, segment_symbols(ink_of(data), expression.tree))
        return result


def _from_ink(document: InkDocument, row: Example, tree: SymbolTree) -> Iterable[SegmentedSymbol]:
    """By the segmentation of the ink; without one, by segmenting its image."""
    if not document.symbols:
        return segment_symbols(ink_of(row.image.read()), tree) if document.strokes else ()
    segments = [
        (symbol.label, [document.strokes[trace] for trace in symbol.traces if trace in document.strokes])
        for symbol in document.symbols
    ]
    return segment_ink(segments, tree)


def ink_of(data: bytes) -> Mask:
    """Ink mask of an encoded image, shape (height, width); low images are enlarged twice."""
    with Image.open(io.BytesIO(data)) as opened:
        grey = opened.convert("L")
    dark = polarity(grey) == "dark_on_light"
    if grey.height < _MIN_HEIGHT:
        grey = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC)
    levels = np.asarray(grey)
    return levels < 128 if dark else levels > 127


def harvest(pipeline: Pipeline, workers: int | None = None) -> Iterator[Harvest]:
    """The glyphs of a source, slice by slice, in order."""
    parts = [_Part(pipeline, part) for part in pipeline.reader().plan(500, 64 << 20)]
    yield from parallel_map(_Part.harvest, parts, workers, ordered=True)


def build_bank(pipeline: Pipeline, out: Path, workers: int | None = None) -> dict[str, int]:
    """Write the bank of a source; returns the numbers of ``glyphs``, ``tokens``, rows ``read`` and rows ``used``.

    Raises:
        SourceError: the source cannot be read, or no symbol could be segmented.
        OutputError: the file cannot be written.
    """
    total = Harvest([])
    for part in harvest(pipeline, workers):
        total.glyphs += part.glyphs
        total.read += part.read
        total.used += part.used
    kept = drop_outliers(total.glyphs)
    write_bank(out, kept)
    tokens = Counter(token for token, _, _ in kept)
    return {"glyphs": len(kept), "tokens": len(tokens), "read": total.read, "used": total.used}


def build_font_bank(paths: Sequence[Path], out: Path) -> dict[str, int]:
    """Write the bank of handwriting fonts, and ``OUT.licences.json`` with the licence notes of each font.

    Fonts with the same family name, such as the parts of one font by alphabet, count as one writer.

    Returns:
        The numbers of ``glyphs``, of different ``tokens`` and of ``fonts``.

    Raises:
        SourceError: there is no font, one cannot be read, or none has a usable glyph.
        OutputError: a file cannot be written.
    """
    rows: list[tuple[str, Glyph, str]] = []
    licences: dict[str, dict[str, str]] = {}
    for path in font_files(paths):
        font = open_font(path)
        rows += glyphs_of_font(font)
        licences.setdefault(font.name, {"font": font.name, "file": path.name, **font.notes})
    write_bank(out, rows)
    with atomic_write(out.with_name(f"{out.name}.licences.json")) as file:
        file.write_text(json.dumps(list(licences.values()), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"glyphs": len(rows), "tokens": len({token for token, _, _ in rows}), "fonts": len(licences)}
