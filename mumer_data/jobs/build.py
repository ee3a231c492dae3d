"""One pipeline file -> one run: the only module that knows readers, tasks and shards together.

Not for how any of them works. A run is a plan, slices (each a pure function of pipeline and slice), and a close.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

import mumer_data
from mumer_data.augment.metadata import boxes_in, moved, with_boxes
from mumer_data.augment.run import augment_bytes
from mumer_data.exceptions import PipelineError
from mumer_data.filters import Rejection
from mumer_data.filters.row_index import DUPLICATE_ID, build_row_index, repeated_ids
from mumer_data.filters.validation import RowValidator
from mumer_data.images.fit import fit
from mumer_data.images.polarity import unify_polarity
from mumer_data.io.atomic import file_sha256
from mumer_data.io.processes import parallel_map
from mumer_data.jobs.config import Pipeline, load_pipeline
from mumer_data.latex.expression import Expression
from mumer_data.latex.grammar import load_grammar
from mumer_data.records import Example, Reject, Slice
from mumer_data.shards.run import Config, Plan, Run, SliceResult, save_result
from mumer_data.shards.schema import Columns, ShardRow
from mumer_data.shards.writer import ShardInfo, ShardWriter

__all__ = ["Job", "Pipeline", "build", "input_facts", "load_pipeline", "make_plan", "refusals", "run_slice", "usable"]

_VARIANT = "-aug"  # between an id and the number of its copy


@dataclass(frozen=True, slots=True)
class Job:
    """One slice to do: all that a worker process needs to know; ``rejected`` are rows that the set gates keep out."""

    pipeline: Pipeline
    plan: Plan
    part: Slice
    out: Path
    rejected: dict[int, Rejection] = field(default_factory=dict)


def make_plan(pipeline: Pipeline) -> Plan:
    """Cut the input into slices and gather what decides the bytes of the run; reads the label files once."""
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
    if pipeline.augment is not None:
        facts["augment"] = pipeline.augment.facts()
    configs = [Config(pipeline.name + task.suffix, name) for name, task in pipeline.tasks_by_name().items()]
    columns = Columns(pipeline.chat, pipeline.images, pipeline.metadata)
    return Plan(facts, configs, slices, pipeline.split, columns)


def versions() -> dict[str, str]:
    """The versions that decide the bytes of a run."""
    return {
        "mumer_data": mumer_data.__version__,
        "pyarrow": pa.__version__,
        "grammar": load_grammar().digest,
    }


def drawing_versions() -> dict[str, str]:
    """The versions that decide the pixels of variants."""
    import numpy as np
    import PIL
    import scipy

    return {"numpy": np.__version__, "pillow": PIL.__version__, "scipy": scipy.__version__}


def input_facts(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Name, size and hash of every file that decides what is read, for the manifest."""
    named = [*pipeline.reader().files(), *(file for gate in pipeline.dataset_filters() for file in gate.files())]
    return [{"file": file.name, "size": file.stat().st_size, "sha256": file_sha256(file)} for file in named]


def build(
    pipeline: Pipeline,
    out: Path,
    *,
    workers: int | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Build all shards of a pipeline into ``out`` and give the manifest.

    Args:
        pipeline: see `load_pipeline`.
        out: a folder that is new, empty, or (with ``resume``) holds a killed run of the same pipeline.
        workers: processes; ``None`` for one a core. The result does not depend on it, to the byte.
        resume: do only what is missing.
        progress: called with (rows done, rows in all) after every slice.

    Raises:
        SourceError, PipelineError, OutputError: the input, the pipeline or the folder cannot be used.
    """
    plan = make_plan(pipeline)
    total = sum(part.rows for part in plan.slices)
    with Run(out, plan, resume=resume) as run:
        rejected = refusals(pipeline, plan.slices, workers) if run.pending else {}
        jobs = [Job(pipeline, plan, part, out, rejected.get(part.number, {})) for part in run.pending]
        done = total - sum(job.part.rows for job in jobs)
        for result in parallel_map(run_slice, jobs, workers):
            run.results[result.number] = result
            done += result.read
            if progress is not None:
                progress(done, total)
        return run.close()


def refusals(pipeline: Pipeline, parts: list[Slice], workers: int | None) -> dict[int, dict[int, Rejection]]:
    """What only a walk over all rows can tell: slice number -> row -> why it stays out.

    Ids must be unique; the gates that compare rows see, in their order, what those before them let through.
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
    for place, refusal in rejected.items():
        row = int(rows.rows[place])
        found.setdefault(parts[bisect_right(starts, row) - 1].number, {})[row] = refusal
    return found


def run_slice(job: Job) -> SliceResult:
    """Do one slice: read its rows, write one shard a config, then mark it as done."""
    tasks, screen = job.pipeline.tasks_by_name(), job.pipeline.screen()
    rejects: list[Reject] = []
    digest, size, read = hashlib.sha256(), 0, 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                ShardWriter(job.out / config.name / job.plan.shard_name(job.part.number), job.plan.columns)
            )
            for config in job.plan.configs
        ]
        for row in job.pipeline.reader().read(job.part):
            read += 1
            refusal = job.rejected.get(row.row)
            made = usable(row, job.pipeline, screen, refusal)
            if isinstance(made, Reject):
                rejects.append(made)
                continue
            digest.update(hashlib.sha256(made.data).digest())
            size += len(made.data)
            for one in variants(made, job.pipeline):
                embedded = one.data if job.plan.columns.images == "embed" else None
                for writer, task in zip(writers, tasks.values(), strict=True):
                    writer.write(ShardRow(task.sample(one.expression, one.id), one.name, embedded, one.metadata))
    shards = [writer.info for writer in writers if isinstance(writer.info, ShardInfo)]
    reasons = dict(sorted(Counter(reject.reason for reject in rejects).items()))
    result = SliceResult(
        job.part.number, read, read - len(rejects), len(rejects), reasons, size, digest.hexdigest(), shards
    )
    if job.pipeline.augment is not None:
        result = replace(result, each=job.pipeline.augment.rows)
    save_result(job.out, result, rejects)
    return result


@dataclass(frozen=True, slots=True)
class UsableRow:
    """One row that may go into the shards; ``name`` is the image's, or its path."""

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
    """One row, checked; or why it cannot be used.

    Args:
        row: as read.
        pipeline: says how images go along.
        screen: that of the pipeline.
        refusal: what a look at all rows has against this one; see `refusals`.
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
    """What goes into the shards for one usable row: itself and, where the pipeline says so, variants of its image."""
    wanted = pipeline.augment
    if wanted is None or wanted.keep_original:
        yield made
    if wanted is None:
        return
    boxes, steps = boxes_in(made.metadata), wanted.made()
    for copy in range(1, wanted.copies + 1):
        name = variant_name(made.id, copy)
        data, suffix, there = augment_bytes(made.data, steps, seed=pipeline.seed, id=name, boxes=boxes)
        image = str(PurePath(made.name).with_suffix(""))
        file = f"{variant_name(image, copy)}{suffix}"
        yield UsableRow(name, made.expression, data, file, moved(made.metadata, there, made.id))


def variant_name(name: str, copy: int) -> str:
    """The id of a variant, or its image's name without suffix; copies are counted from 1."""
    return f"{name}{_VARIANT}{copy}"


def _like_a_variant(name: str, copies: int) -> bool:
    found = re.search(rf"{_VARIANT}([1-9]\d*)$", name)
    return found is not None and int(found[1]) <= copies


def _refused(row: Example, refusal: Rejection) -> Reject:
    return Reject(row.id, row.row, refusal.reason, refusal.message, None, row.label)
