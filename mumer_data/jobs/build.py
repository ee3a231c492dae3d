"""Builds the shards of a pipeline: plan, slices (pure functions of pipeline and slice number), final files.

Not for single rows: see `rows`.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mumer_data._version import __version__
from mumer_data.filters import Rejection
from mumer_data.filters.row_index import build_row_index, repeated_ids
from mumer_data.filters.validation import warn_of_raw_labels
from mumer_data.io import html
from mumer_data.io.atomic import file_sha256
from mumer_data.io.storage import is_remote, storage_path
from mumer_data.jobs.config import Pipeline
from mumer_data.jobs.rows import shard_rows, usable
from mumer_data.latex.grammar import load_grammar
from mumer_data.readers.corrections import CorrectedReader
from mumer_data.records import Example, Reject, Slice
from mumer_data.shards.plan import Config, Plan, SliceResult
from mumer_data.shards.run import Run
from mumer_data.shards.schema import Columns
from mumer_data.shards.slice_writer import SliceWriter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Job:
    """One slice to build: everything a worker process needs; ``rejected`` has the rows excluded by dataset filters."""

    pipeline: Pipeline
    plan: Plan
    part: Slice
    out: Path
    rejected: dict[int, Rejection] = field(default_factory=dict)


def make_plan(pipeline: Pipeline) -> Plan:
    """Cut the input into slices and collect everything that determines the output bytes; reads the label files once."""
    reader = pipeline.reader()
    variants = 1 if pipeline.augment is None else pipeline.augment.rows  # shard rows per source row
    slices = reader.plan(max(1, pipeline.shards.max_rows // variants), max(1, pipeline.shards.max_bytes // variants))
    facts: dict[str, Any] = {
        "name": pipeline.name,
        "versions": versions() | (drawing_versions() if pipeline.augment else {}),
        "seed": pipeline.seed,
        "pipeline": pipeline.model_dump(mode="json"),
        "inputs": {"files": input_facts(pipeline)},
    }
    if isinstance(reader, CorrectedReader):
        facts["corrections"] = reader.facts(slices)
    if pipeline.augment is not None:
        facts["augment"] = pipeline.augment.to_manifest()
    configs = [Config(pipeline.name + task.suffix, name) for name, task in pipeline.tasks_by_name().items()]
    columns = Columns(pipeline.chat, pipeline.images, pipeline.metadata, tuple(pipeline.columns))
    return Plan(facts, configs, slices, pipeline.split, columns)


def versions() -> dict[str, str]:
    """The versions that determine the output bytes."""
    return {
        "mumer_data": __version__,
        "pyarrow": pa.__version__,
        "grammar": load_grammar().digest,
    }


def drawing_versions() -> dict[str, str]:
    """The versions that determine the pixels of augmented images."""
    import numpy as np
    import PIL
    import scipy

    return {"numpy": np.__version__, "pillow": PIL.__version__, "scipy": scipy.__version__}


def input_facts(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Name, size and sha256 of every input file, for the manifest."""
    filters = pipeline.dataset_filters()
    files = [*pipeline.reader().files(), *(file for one in filters for file in one.files())]
    return [{"file": file.name, "size": file.stat().st_size, "sha256": file_sha256(file)} for file in files]


@dataclass(frozen=True, slots=True, repr=False)
class BuildResult:
    """A finished build.

    Attributes:
        out: the folder of the build.
        manifest: the content of ``manifest.json``.
    """

    out: Path
    manifest: dict[str, Any]

    @property
    def counts(self) -> dict[str, Any]:
        """``read``, ``accepted``, ``rejected``, and ``reasons`` by name."""
        counts: dict[str, Any] = self.manifest["counts"]
        return counts

    @property
    def configs(self) -> dict[str, int]:
        """Config -> number of rows."""
        return {name: config["rows"] for name, config in self.manifest["configs"].items()}

    @property
    def rejects(self) -> pd.DataFrame:
        """The rejected rows: ``id row reason position message label``."""
        import pandas as pd

        with (self.out / "rejects.parquet").open("rb") as file:
            return pd.read_parquet(file)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: ``out``, the counts, the configs with their rows."""
        return {"out": str(self.out), **self.counts, "configs": self.configs}

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={self.counts[name]}" for name in ("read", "accepted", "rejected"))
        return f"BuildResult({str(self.out)!r}, {counts}, configs={self.configs})"

    def _repr_html_(self) -> str:
        return html.fields(self.to_dict())


def build(
    pipeline: Pipeline,
    out: str | Path,
    *,
    workers: int | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BuildResult:
    """Build all shards of a pipeline into ``out``.

    Args:
        pipeline: see `load_pipeline`.
        out: a folder that is new, empty, or (with ``resume``) holds a killed run of the same pipeline.
        workers: processes; ``None`` for one per core. The output bytes do not depend on it.
        resume: do only what is missing.
        progress: called with (rows done, rows in total) after every slice.

    Raises:
        SourceError, PipelineError, OutputError: the input, the pipeline or the folder cannot be used.
    """
    out = storage_path(str(out)) if isinstance(out, str) else out
    plan = make_plan(pipeline)
    with Run(out, plan, resume=resume) as run:
        run.forget(part.number for part in plan.slices if _changed_since(pipeline, part, run))
        rejected = dataset_rejections(pipeline, plan.slices, workers) if run.pending else {}
        jobs = [Job(pipeline, plan, part, out, rejected.get(part.number, {})) for part in run.pending]
        run.do(run_slice, jobs, workers, progress)
        result = BuildResult(out, run.close())
    if "latex_syntax" in result.counts["reasons"]:
        warn_of_raw_labels(result.rejects["message"], pipeline.normalize.preset)
    return result


def _changed_since(pipeline: Pipeline, part: Slice, run: Run) -> bool:
    """Whether an image file of a finished slice changed after the slice was finished, by its modification times."""
    if part.number not in run.results or is_remote(run.out):
        return False
    finished_at = run.done_at(part.number)
    for row in pipeline.reader().read(part):
        if not isinstance(row, Example):
            continue
        if row.image.path is None:
            return False  # in an archive or drawn: the hash of the source is in the plan
        with suppress(OSError):
            times = os.stat(row.image.path)
            if max(times.st_mtime_ns, times.st_ctime_ns) > finished_at:
                return True
    return False


def dataset_rejections(pipeline: Pipeline, parts: list[Slice], workers: int | None) -> dict[int, dict[int, Rejection]]:
    """Rejections that depend on all rows: slice number -> row -> rejection.

    Ids must be unique; each dataset filter sees, in order, the rows that passed the filters before it.
    """
    filters = pipeline.dataset_filters()
    images = any(one.images for one in filters)
    validator = pipeline.row_validator()
    rows = build_row_index(pipeline.reader(), parts, validator, labels=bool(filters), images=images, workers=workers)
    rejected = dict(repeated_ids(rows))
    for dataset_filter in filters:
        rows.features["usable"][list(rejected)] = False
        rejected.update(dataset_filter.reject(rows, workers))
    starts = [part.start for part in parts]
    by_slice: dict[int, dict[int, Rejection]] = {}
    for index, rejection in rejected.items():
        row = int(rows.rows[index])
        by_slice.setdefault(parts[bisect_right(starts, row) - 1].number, {})[row] = rejection
    return by_slice


def run_slice(job: Job) -> SliceResult:
    """Build one slice: read its rows, write one shard per config, then mark it as done."""
    tasks, validator = job.pipeline.tasks_by_name(), job.pipeline.row_validator()
    read = 0
    with SliceWriter(job.out, job.plan, job.part.number) as writer:
        for row in job.pipeline.reader().read(job.part):
            read += 1
            checked = usable(row, job.pipeline, validator, job.rejected.get(row.row))
            if isinstance(checked, Reject):
                writer.rejects.append(checked)
                continue
            writer.count_image(checked.data)
            for shard_row in shard_rows(checked, job.pipeline, tasks):
                writer.write(shard_row)
    return writer.finish(read, each=1 if job.pipeline.augment is None else job.pipeline.augment.rows)
