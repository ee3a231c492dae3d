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

_ROWS = 50  # per slice, of which a few rows are sampled
_EMPTY = Shown(Image.new("L", (1, 1), 232))
_TRIES = 4  # maximum number of slices read per requested row, because rows may be rejected


def preview(
    pipeline: Pipeline, out: Path, *, rows: int = 12, variants: int = 2, boxes: bool = True, seed: int = 0
) -> int:
    """Draw the sheet; returns the number of rows on it.

    Args:
        pipeline: see `load_source`.
        out: the PNG.
        rows: how many rows of the source.
        variants: augmented images per row, if the pipeline has ``augment``.
        boxes: draw the box of each symbol, if the metadata of the source has them in pixels.
        seed: random seed of the choice of rows; variants are those of a build.

    Raises:
        SourceError: the source cannot be read, or none of its rows is usable.
        OutputError: the file cannot be written.
    """
    lines = []
    for row in _sampled_rows(pipeline.model_copy(update={"metadata": True}), rows, seed):  # metadata may have boxes
        image, row_boxes = _opened(row.data), boxes_in(row.metadata)
        symbols: list[Box] = [] if row_boxes is None else row_boxes.tolist()
        augmented = _variants(pipeline, row.id, image, row_boxes, variants)
        overlay = Shown(image, symbols) if boxes and symbols else None
        lines.append(
            (f"{row.id}    {row.label}", Shown(image), overlay, augmented if boxes else _without_boxes(augmented))
        )
    if not lines:
        raise SourceError("no row can be shown: run `mumer build` and see rejects.parquet for the reasons")
    overlaid = any(overlay is not None for _, _, overlay, _ in lines)
    columns = ["original", *(["symbols"] if overlaid else []), *(f"variant {n + 1}" for n in range(len(lines[0][3])))]
    sheet = [
        SheetRow(title, [original, *([overlay or _EMPTY] if overlaid else []), *augmented])
        for title, original, overlay, augmented in lines
    ]
    write_sheet(sheet, columns, out)
    return len(lines)


def _sampled_rows(pipeline: Pipeline, rows: int, seed: int) -> Iterator[UsableRow]:
    """Usable rows of random slices of the source, processed as in a build."""
    reader, validator, rng = pipeline.reader(), pipeline.row_validator(), rng_for(seed, pipeline.name, "preview")
    parts = reader.plan(_ROWS, 64 << 20)
    per_slice = -(-rows // len(parts))
    left = rows
    for number in rng.permutation(len(parts))[: _TRIES * rows].tolist():
        examples = [row for row in reader.read(parts[number]) if isinstance(row, Example)]
        count = 0
        for index in rng.permutation(len(examples)).tolist():
            accepted = usable(examples[index], pipeline, validator, None)
            if isinstance(accepted, Reject):
                continue
            yield accepted
            count, left = count + 1, left - 1
            if count == per_slice or not left:
                break
        if not left:
            return


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def _without_boxes(augmented: Sequence[Shown]) -> list[Shown]:
    return [Shown(variant.image) for variant in augmented]


def _variants(
    pipeline: Pipeline, name: str, image: Image.Image, boxes: NDArray[np.float64] | None, count: int
) -> list[Shown]:
    """The augmented variants of an image, as in a build; empty if the pipeline does not augment."""
    if pipeline.augment is None:
        return []
    names, steps = [variant_name(name, copy) for copy in range(1, count + 1)], pipeline.augment.step_list()
    augmented = [augment(image, steps, seed=pipeline.seed, id=one, boxes=boxes) for one in names]
    return [Shown(variant.image, variant.boxes.tolist()) for variant in augmented]
