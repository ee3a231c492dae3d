"""One example -> the rows of its shards: validated, normalised, fitted, augmented, and asked in every task.

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

_VARIANT = "-aug"  # between an id and the number of its copy


def shard_rows(row: UsableRow, pipeline: Pipeline, tasks: dict[str, Task]) -> Iterator[ShardRow]:
    """The rows of the shards: each variant of the image in each task."""
    embedded = pipeline.images == "embed"
    for one in variants(row, pipeline):
        for name, task in tasks.items():
            sample = task.sample(one.expression, one.id)
            yield ShardRow(sample, one.name, one.data if embedded else None, one.metadata, one.label, name)


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
    row: Example | Reject, pipeline: Pipeline, screen: RowValidator, refusal: Rejection | None
) -> UsableRow | Reject:
    """The accepted row, or the reason why it is rejected.

    Args:
        row: as read.
        pipeline: determines how images are processed.
        screen: the row validator of the pipeline.
        refusal: rejection by a check over all rows, if any; see `build.refusals`.
    """
    if isinstance(row, Reject):
        return row
    if refusal is not None and refusal.reason == DUPLICATE_ID:
        return _refused(row, refusal)
    if pipeline.augment is not None and _like_a_variant(row.id, pipeline.augment.copies):
        message = f"the id {row.id!r} may be that of a variant of another row: take rows that are none, or fewer copies"
        return Reject(row.id, row.row, "id_taken", message, None, row.label)
    expression = screen.expression(row)
    if isinstance(expression, Reject):
        return expression
    if refusal is not None:
        return _refused(row, refusal)
    data = screen.image(row)
    if isinstance(data, Reject):
        return data
    wanted = pipeline.metadata or pipeline.augment is not None  # boxes may stand in them
    metadata = row.metadata() if wanted and row.metadata is not None else ""
    if pipeline.fit is not None:
        data, boxes = fit(data, pipeline.fit, boxes_in(metadata))
        metadata = metadata if boxes is None else with_boxes(metadata, boxes)
    if pipeline.polarity != "keep":
        data = unify_polarity(data, pipeline.polarity)
    name = row.image.name if pipeline.images == "embed" else row.image.path
    if name is None:
        raise PipelineError("images: path needs images that lie on disk as files, not in an archive: use embed")
    return UsableRow(row.id, expression, data, name, metadata)


def variants(made: UsableRow, pipeline: Pipeline) -> Iterator[UsableRow]:
    """The row itself and, if the pipeline augments, variants of its image."""
    wanted = pipeline.augment
    if wanted is None or wanted.keep_original:
        yield made
    if wanted is None:
        return
    boxes, steps = boxes_in(made.metadata), wanted.step_list()
    for copy in range(1, wanted.copies + 1):
        name = variant_name(made.id, copy)
        data, suffix, there = augment_bytes(made.data, steps, seed=pipeline.seed, id=name, boxes=boxes)
        image = str(PurePath(made.name).with_suffix(""))
        file = f"{variant_name(image, copy)}{suffix}"
        yield UsableRow(name, made.expression, data, file, variant_metadata(made.metadata, there, made.id))


def variant_name(name: str, copy: int) -> str:
    """The id of a variant, or its image's name without suffix; copies are counted from 1."""
    return f"{name}{_VARIANT}{copy}"


def _like_a_variant(name: str, copies: int) -> bool:
    found = re.search(rf"{_VARIANT}([1-9]\d*)$", name)
    return found is not None and int(found[1]) <= copies


def _refused(row: Example, refusal: Rejection) -> Reject:
    return Reject(row.id, row.row, refusal.reason, refusal.message, None, row.label)
