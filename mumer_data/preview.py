"""A pipeline -> a contact sheet: some of its rows as they are, with symbol boxes, and as augmentation changes them.

Not for building anything: see `pipeline`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mumer_data.data import Example, Reject
from mumer_data.exceptions import SourceError
from mumer_data.gates.screen import Screen
from mumer_data.images.polarity import unify_polarity
from mumer_data.randomness import generator_of
from mumer_data.recipe import Pipeline
from mumer_data.report.contact_sheet import Box, SheetRow, Shown, write_sheet

_ROWS = 50  # of a slice, from which a few rows are taken
_TRIES = 4  # slices looked at for each that is wanted, where rows are rejected


def preview(
    pipeline: Pipeline, out: Path, *, rows: int = 12, variants: int = 2, boxes: bool = True, seed: int = 0
) -> int:
    """Draw the sheet; gives how many rows are on it. Which rows depends on the seed alone.

    Args:
        pipeline: see `load_source`.
        out: the PNG.
        rows: how many rows of the source.
        variants: augmented pictures of each, where the pipeline has ``augment``.
        boxes: draw the box of each symbol, where the source's metadata has them in pixels.
        seed: of rows and variants.

    Raises:
        SourceError: the source cannot be read, or not one row of it can be shown.
        OutputError: the file cannot be written.
    """
    screen, taken, shown = pipeline.screen(), [], [False, 0]
    for row, label, data in _taken(pipeline, screen, rows, seed):
        image = _opened(data if pipeline.polarity == "keep" else unify_polarity(data, pipeline.polarity))
        symbols = _symbol_boxes(row, image) if boxes else []
        pictures = [Shown(image)]
        if symbols:
            pictures.append(Shown(image, symbols))
        made = _variants(pipeline, row.id, image, symbols, variants, seed)
        shown = [shown[0] or bool(symbols), max(shown[1], len(made))]
        taken.append((SheetRow(f"{row.id}    {label}", pictures), made))
    if not taken:
        raise SourceError("not one row can be shown: `mumer build` says why in rejects.parquet")
    columns = ["original", *(["symbols"] if shown[0] else []), *(f"variant {n + 1}" for n in range(shown[1]))]
    lines = []
    for line, made in taken:
        originals = [*line.pictures, *([Shown(_nothing())] if shown[0] and len(line.pictures) < 2 else [])]
        lines.append(SheetRow(line.title, [*originals, *made]))
    write_sheet(lines, columns, out)
    return len(lines)


def _taken(pipeline: Pipeline, screen: Screen, rows: int, seed: int) -> Iterator[tuple[Example, str, bytes]]:
    """Rows from all over the source that can be used, with label and image."""
    reader, rng = pipeline.reader(), generator_of(seed, pipeline.name, "preview")
    parts = reader.plan(_ROWS, 64 << 20)
    each = -(-rows // len(parts))
    left = rows
    for number in rng.permutation(len(parts))[: _TRIES * rows].tolist():
        held = [row for row in reader.read(parts[number]) if isinstance(row, Example)]
        found = 0
        for place in rng.permutation(len(held)).tolist():
            label = screen.label(held[place])
            data = label if isinstance(label, Reject) else screen.image(held[place])
            if isinstance(label, Reject) or isinstance(data, Reject):
                continue
            yield held[place], label, data
            found, left = found + 1, left - 1
            if found == each or not left:
                break
        if not left:
            return


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def _nothing() -> Image.Image:
    return Image.new("L", (1, 1), 232)


def _symbol_boxes(row: Example, image: Image.Image) -> list[Box]:
    """Boxes in pixels of this very image; none where the source gives none, or others."""
    said: dict[str, Any] = json.loads(row.metadata() if row.metadata else "{}")
    if said.get("size") != list(image.size):
        return []
    return [symbol["box"] for symbol in said.get("symbols", []) if symbol.get("box")]


def _variants(
    pipeline: Pipeline, name: str, image: Image.Image, boxes: Sequence[Box], count: int, seed: int
) -> list[Shown]:
    """What the pipeline's augmentation makes of an image; nothing where it has none."""
    augmentation = getattr(pipeline, "augment", None)
    if augmentation is None:
        return []
    augment = import_module("mumer_data.images.augment.run").augment
    known = np.array(boxes, dtype=np.float64) if boxes else None
    made = [
        augment(image, augmentation.made(), seed=seed, id=f"{name}-{number}", boxes=known) for number in range(count)
    ]
    return [Shown(variant.image, variant.boxes.tolist()) for variant in made]
