"""Instruction data from rows in memory, and builds of pipelines: `build_dataset`, `build`.

Rows take the same path as in a build: validation, filters, tasks, columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_data.filters.validation import warn_of_raw_labels
from mumer_data.io import html
from mumer_data.jobs import build as build_job
from mumer_data.jobs.build import BuildResult
from mumer_data.jobs.config import Pipeline, load_pipeline, pipeline_of
from mumer_data.jobs.rows import shard_rows
from mumer_data.jobs.rows import usable as usable_row
from mumer_data.readers.memory import rows_of
from mumer_data.records import Reject
from mumer_data.shards.schema import REJECTS, Columns, ShardRow, to_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import datasets
    import pandas as pd

TASKS = ("recognition", "tree_cot", "symbol_count")
_ROWS = 2_000  # rows of an Arrow batch


@dataclass(frozen=True, slots=True, repr=False)
class DatasetBuild:
    """Instruction data in memory; ``dataset, rejects = build_dataset(...)`` works too.

    Attributes:
        dataset: `datasets.DatasetDict`, one `Dataset` per task, in the columns of a shard.
        rejects: one row per input row that was left out: ``id row reason position message label``.
        read, accepted: number of input rows, and of those that became samples.
    """

    dataset: datasets.DatasetDict
    rejects: pd.DataFrame
    read: int
    accepted: int

    def __getitem__(self, task: str) -> datasets.Dataset:
        return self.dataset[task]

    def __iter__(self) -> Iterator[Any]:
        return iter((self.dataset, self.rejects))

    def to_dict(self) -> dict[str, Any]:
        """The counts: ``read``, ``accepted``, ``rejected``, ``reasons``, ``tasks``."""
        reasons = {str(name): int(count) for name, count in self.rejects["reason"].value_counts().items()}
        tasks = {name: len(rows) for name, rows in self.dataset.items()}
        rejected = len(self.rejects)
        return {
            "read": self.read,
            "accepted": self.accepted,
            "rejected": rejected,
            "reasons": reasons,
            "tasks": tasks,
        }

    def __repr__(self) -> str:
        tasks = ", ".join(f"{name}: {len(rows)}" for name, rows in self.dataset.items())
        return f"DatasetBuild(read={self.read}, accepted={self.accepted}, rejected={len(self.rejects)}, {tasks})"

    def _repr_html_(self) -> str:
        counts = self.to_dict()
        return html.fields(counts | {"reasons": counts["reasons"] or "-"})


def build_dataset(
    rows: Any,
    tasks: Sequence[str | Mapping[str, Mapping[str, Any]]] = TASKS,
    *,
    preset: str = "none",
    filters: Sequence[str | Mapping[str, Mapping[str, Any]]] = (),
    image: str = "image",
    label: str = "label",
    id: str = "id",
    chat: str = "sharegpt",
    **options: Any,
) -> DatasetBuild:
    """Turn rows in memory into instruction data.

    Args:
        rows: a pandas or polars DataFrame, a `datasets.Dataset`, or an iterable of ``{image, label, id?}``; an image is
            a path, encoded bytes or a PIL image.
        tasks: names, or ``{name: {option: value}}``.
        preset: of the normaliser; ``none`` takes labels as they are, ``crohme`` reads raw LaTeX.
        filters: names, or ``{name: {option: value}}``, as in a pipeline.
        image, label, id: names of the columns; without an id, the row number is the id.
        chat: names in the messages, ``sharegpt`` or ``openai``.
        options: any other key of a pipeline, e.g. ``augment="camera"``, ``polarity="dark_on_light"``, ``seed=1``.

    Raises:
        PipelineError: a task, filter, preset or option does not exist.
        SourceError: ``rows`` is of another kind, or empty.
    """
    import datasets
    import pandas as pd

    listed = rows_of(rows, image)
    source = {"format": "memory", "rows": listed, "image": image, "label": label, "id": id}
    normalize = options.pop("normalize", {"preset": preset})
    pipeline = pipeline_of(
        {
            "name": "memory",
            "source": source,
            "tasks": list(tasks),
            "filters": list(filters),
            "chat": chat,
            "normalize": normalize,
            **options,
        }
    )
    samples, rejects, accepted = _samples(pipeline)
    columns = Columns(pipeline.chat, pipeline.images, pipeline.metadata, tuple(pipeline.columns))
    tables = {name: datasets.Dataset(_arrow(rows, columns)) for name, rows in samples.items()}
    warn_of_raw_labels((reject.message for reject in rejects), pipeline.normalize.preset)
    frame = pd.DataFrame([asdict(reject) for reject in rejects], columns=REJECTS.names)
    return DatasetBuild(datasets.DatasetDict(tables), frame, len(listed), accepted)


def _samples(pipeline: Pipeline) -> tuple[dict[str, list[ShardRow]], list[Reject], int]:
    """The shard rows of every task, the rejects, and the number of accepted input rows."""
    tasks, validator, reader = pipeline.tasks_by_name(), pipeline.row_validator(), pipeline.reader()
    parts = reader.plan(_ROWS, 1 << 40)
    rejected = build_job.dataset_rejections(pipeline, parts, 1)
    samples: dict[str, list[ShardRow]] = {name: [] for name in tasks}
    rejects: list[Reject] = []
    accepted = 0
    for part in parts:
        for row in reader.read(part):
            usable = usable_row(row, pipeline, validator, rejected.get(part.number, {}).get(row.row))
            if isinstance(usable, Reject):
                rejects.append(usable)
                continue
            accepted += 1
            for shard_row in shard_rows(usable, pipeline, tasks):
                samples[shard_row.task].append(shard_row)
    return samples, rejects, accepted


def _arrow(rows: list[ShardRow], columns: Columns) -> Any:
    from datasets.table import InMemoryTable

    return InMemoryTable(to_table(rows, columns))


def build(
    pipeline: str | Path | Pipeline,
    out: str | Path,
    *,
    settings: Iterable[str] = (),
    workers: int | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BuildResult:
    """Build the shards of a pipeline; what `mumer build` does.

    Args:
        pipeline: a pipeline file, the name of a ready one, or a `Pipeline`.
        out: folder or URL: new, empty, or (with ``resume``) that of a killed run.
        settings: ``key=value`` over the file.
        workers: processes; ``None`` for one per core. The bytes do not depend on it.
        resume: do only what is missing.
        progress: called with (rows done, rows in total).

    Raises:
        PipelineError, SourceError, OutputError: the pipeline, the input or the folder cannot be used.
    """
    loaded = pipeline if isinstance(pipeline, Pipeline) else load_pipeline(pipeline, settings)
    return build_job.build(loaded, out, workers=workers, resume=resume, progress=progress)
