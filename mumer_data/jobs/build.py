"""Builds the shards of a pipeline: plan, slices (pure functions of pipeline and slice number), closing files.

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
from mumer_data.io.storage import is_remote, place
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
    many = 1 if pipeline.augment is None else pipeline.augment.rows  # rows of a shard that come of one of the source
    slices = reader.plan(max(1, pipeline.shards.max_rows // many), max(1, pipeline.shards.max_bytes // many))
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
    named = [*pipeline.reader().files(), *(file for gate in pipeline.dataset_filters() for file in gate.files())]
    return [{"file": file.name, "size": file.stat().st_size, "sha256": file_sha256(file)} for file in named]


@dataclass(frozen=True, slots=True, repr=False)
class BuildResult:
    """A finished build.

    Attributes:
        out: its folder.
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
        """The rows that were left out: ``id row reason position message label``."""
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
    out = place(str(out)) if isinstance(out, str) else out
    plan = make_plan(pipeline)
    with Run(out, plan, resume=resume) as run:
        run.forget(part.number for part in plan.slices if _changed_since(pipeline, part, run))
        rejected = refusals(pipeline, plan.slices, workers) if run.pending else {}
        jobs = [Job(pipeline, plan, part, out, rejected.get(part.number, {})) for part in run.pending]
        run.do(run_slice, jobs, workers, progress)
        result = BuildResult(out, run.close())
    if "latex_syntax" in result.counts["reasons"]:
        warn_of_raw_labels(result.rejects["message"], pipeline.normalize.preset)
    return result


def _changed_since(pipeline: Pipeline, part: Slice, run: Run) -> bool:
    """Whether an image file of a slice that is done was written after it was done (checked by its times)."""
    if part.number not in run.results or is_remote(run.out):
        return False
    done = run.done_at(part.number)
    for row in pipeline.reader().read(part):
        if not isinstance(row, Example):
            continue
        if row.image.path is None:
            return False  # in an archive or drawn: the hash of the source is in the plan
        with suppress(OSError):
            times = os.stat(row.image.path)
            if max(times.st_mtime_ns, times.st_ctime_ns) > done:
                return True
    return False


def refusals(pipeline: Pipeline, parts: list[Slice], workers: int | None) -> dict[int, dict[int, Rejection]]:
    """Rejections that depend on all rows: slice number -> row -> rejection.

    Ids must be unique; each dataset filter sees, in order, the rows that passed the filters before it.
    """
    gates = pipeline.dataset_filters()
    images = any(gate.images for gate in gates)
    screen = pipeline.screen()
    rows = build_row_index(pipeline.reader(), parts, screen, labels=bool(gates), images=images, workers=workers)
    rejected = dict(repeated_ids(rows))
    for gate in gates:
        rows.features["usable"][list(rejected)] = False
        rejected.update(gate.reject(rows, workers))
    starts = [part.start for part in parts]
    found: dict[int, dict[int, Rejection]] = {}
    for index, refusal in rejected.items():
        row = int(rows.rows[index])
        found.setdefault(parts[bisect_right(starts, row) - 1].number, {})[row] = refusal
    return found


def run_slice(job: Job) -> SliceResult:
    """Build one slice: read its rows, write one shard per config, then mark it as done."""
    tasks, validator = job.pipeline.tasks_by_name(), job.pipeline.screen()
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
