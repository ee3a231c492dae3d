"""One example -> the rows of its shards: validated, normalised, fitted, augmented, then one sample per task.

Not for the run over all examples: see `build`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from mumer_data.augmentation.metadata import boxes_in, variant_metadata, with_boxes
from mumer_data.augmentation.run import augment_bytes
from mumer_data.exceptions import PipelineError
from mumer_data.filters import Rejection
from mumer_data.filters.row_index import DUPLICATE_ID
from mumer_data.filters.validation import RowValidator
from mumer_data.images.fit import fit
from mumer_data.images.polarity import unify_polarity
from mumer_data.jobs.config import Pipeline
from mumer_data.latex.expression import Expression
from mumer_data.records import Example, Reject
from mumer_data.shards.schema import ShardRow
from mumer_data.tasks import Task

_VARIANT = "-aug"  # between an id and the number of the copy


def shard_rows(row: UsableRow, pipeline: Pipeline, tasks: dict[str, Task]) -> Iterator[ShardRow]:
    """The rows of the shards: each variant of the image in each task."""
    embedded = pipeline.images == "embed"
    for variant in variants(row, pipeline):
        data = variant.data if embedded else None
        for name, task in tasks.items():
            sample = task.sample(variant.expression, variant.id)
            yield ShardRow(sample, variant.name, data, variant.metadata, variant.label, name)


@dataclass(frozen=True, slots=True)
class UsableRow:
    """An accepted row; ``name`` is the name of the image, or its path."""

    id: str
    expression: Expression
    data: bytes
    name: str
    metadata: str

    @property
    def label(self) -> str:
        """The canonical label."""
        return self.expression.label


def usable(
    row: Example | Reject, pipeline: Pipeline, validator: RowValidator, rejection: Rejection | None
) -> UsableRow | Reject:
    """The accepted row, or the reason why it is rejected.

    Args:
        row: the row as read.
        pipeline: determines how images are processed.
        validator: the row validator of the pipeline.
        rejection: rejection by a check over all rows, if any; see `build.dataset_rejections`.
    """
    if isinstance(row, Reject):
        return row
    if rejection is not None and rejection.reason == DUPLICATE_ID:
        return _rejected(row, rejection)
    if pipeline.augment is not None and _like_a_variant(row.id, pipeline.augment.copies):
        message = f"the id {row.id!r} may be that of a variant of another row: take rows that are none, or fewer copies"
        return Reject(row.id, row.row, "id_taken", message, None, row.label)
    expression = validator.expression(row)
    if isinstance(expression, Reject):
        return expression
    if rejection is not None:
        return _rejected(row, rejection)
    data = validator.image(row)
    if isinstance(data, Reject):
        return data
    needs_metadata = pipeline.metadata or pipeline.augment is not None  # metadata may contain boxes
    metadata = row.metadata() if needs_metadata and row.metadata is not None else ""
    if pipeline.fit is not None:
        data, boxes = fit(data, pipeline.fit, boxes_in(metadata))
        metadata = metadata if boxes is None else with_boxes(metadata, boxes)
    if pipeline.polarity != "keep":
        data = unify_polarity(data, pipeline.polarity)
    name = row.image.name if pipeline.images == "embed" else row.image.path
    if name is None:
        raise PipelineError("images: path needs images that are files on disk, not in an archive: use embed")
    return UsableRow(row.id, expression, data, name, metadata)


def variants(row: UsableRow, pipeline: Pipeline) -> Iterator[UsableRow]:
    """The row itself and, if the pipeline augments, variants of its image."""
    augmentation = pipeline.augment
    if augmentation is None or augmentation.keep_original:
        yield row
    if augmentation is None:
        return
    boxes, steps = boxes_in(row.metadata), augmentation.step_list()
    for copy in range(1, augmentation.copies + 1):
        name = variant_name(row.id, copy)
        data, suffix, moved_boxes = augment_bytes(row.data, steps, seed=pipeline.seed, id=name, boxes=boxes)
        image = str(PurePath(row.name).with_suffix(""))
        file = f"{variant_name(image, copy)}{suffix}"
        yield UsableRow(name, row.expression, data, file, variant_metadata(row.metadata, moved_boxes, row.id))


def variant_name(name: str, copy: int) -> str:
    """The id of a variant, or the name of its image without suffix; copies are counted from 1."""
    return f"{name}{_VARIANT}{copy}"


def _like_a_variant(name: str, copies: int) -> bool:
    match = re.search(rf"{_VARIANT}([1-9]\d*)$", name)
    return match is not None and int(match[1]) <= copies


def _rejected(row: Example, rejection: Rejection) -> Reject:
    return Reject(row.id, row.row, rejection.reason, rejection.message, None, row.label)
