"""A contact sheet of a pipeline: sampled rows, symbol boxes, augmented variants.

Not for building: see `build`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mumer_data.augmentation.metadata import boxes_in
from mumer_data.augmentation.run import augment
from mumer_data.exceptions import SourceError
from mumer_data.jobs.config import Pipeline
from mumer_data.jobs.rows import UsableRow, usable, variant_name
from mumer_data.records import Example, Reject
from mumer_data.report.contact_sheet import Box, SheetRow, Shown, write_sheet
from mumer_data.seeding import rng_for

_ROWS = 50  # of a slice, from which a few rows are taken
_NOTHING = Shown(Image.new("L", (1, 1), 232))
_TRIES = 4  # slices looked at for each that is wanted, where rows are rejected


def preview(
    pipeline: Pipeline, out: Path, *, rows: int = 12, variants: int = 2, boxes: bool = True, seed: int = 0
) -> int:
    """Draw the sheet; returns the number of rows on it.

    Args:
        pipeline: see `load_source`.
        out: the PNG.
        rows: how many rows of the source.
        variants: augmented pictures of each, where the pipeline has ``augment``.
        boxes: draw the box of each symbol, where the source's metadata has them in pixels.
        seed: of the rows; variants are those of a build.

    Raises:
        SourceError: the source cannot be read, or not one row of it can be shown.
        OutputError: the file cannot be written.
    """
    lines = []
    for row in _taken(pipeline.model_copy(update={"metadata": True}), rows, seed):  # boxes may stand in them
        image, known = _opened(row.data), boxes_in(row.metadata)
        symbols: list[Box] = [] if known is None else known.tolist()
        augmented = _variants(pipeline, row.id, image, known, variants)
        overlay = Shown(image, symbols) if boxes and symbols else None
        lines.append((f"{row.id}    {row.label}", Shown(image), overlay, augmented if boxes else _bare(augmented)))
    if not lines:
        raise SourceError("not one row can be shown: `mumer build` says why in rejects.parquet")
    overlaid = any(overlay is not None for _, _, overlay, _ in lines)
    columns = ["original", *(["symbols"] if overlaid else []), *(f"variant {n + 1}" for n in range(len(lines[0][3])))]
    sheet = [
        SheetRow(title, [original, *([overlay or _NOTHING] if overlaid else []), *augmented])
        for title, original, overlay, augmented in lines
    ]
    write_sheet(sheet, columns, out)
    return len(lines)


def _taken(pipeline: Pipeline, rows: int, seed: int) -> Iterator[UsableRow]:
    """Rows from all over the source, as a build would take them."""
    reader, screen, rng = pipeline.reader(), pipeline.screen(), rng_for(seed, pipeline.name, "preview")
    parts = reader.plan(_ROWS, 64 << 20)
    each = -(-rows // len(parts))
    left = rows
    for number in rng.permutation(len(parts))[: _TRIES * rows].tolist():
        held = [row for row in reader.read(parts[number]) if isinstance(row, Example)]
        found = 0
        for place in rng.permutation(len(held)).tolist():
            augmented = usable(held[place], pipeline, screen, None)
            if isinstance(augmented, Reject):
                continue
            yield augmented
            found, left = found + 1, left - 1
            if found == each or not left:
                break
        if not left:
            return


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def _bare(augmented: Sequence[Shown]) -> list[Shown]:
    return [Shown(one.image) for one in augmented]


def _variants(
    pipeline: Pipeline, name: str, image: Image.Image, boxes: NDArray[np.float64] | None, count: int
) -> list[Shown]:
    """What a build makes of an image by augmentation; nothing where the pipeline has none."""
    if pipeline.augment is None:
        return []
    names, steps = [variant_name(name, copy) for copy in range(1, count + 1)], pipeline.augment.step_list()
    augmented = [augment(image, steps, seed=pipeline.seed, id=one, boxes=boxes) for one in names]
    return [Shown(variant.image, variant.boxes.tolist()) for variant in augmented]
