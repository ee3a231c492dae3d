"""One pipeline file -> one run: the only module that knows readers, tasks and shards together.

Not for how any of them works. A run is a plan, slices (each a pure function of pipeline and slice), and a close.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

import mumer_data
from mumer_data.data import Example, Reject, Slice
from mumer_data.exceptions import ImageError, LatexSyntaxError, OutputError, PipelineError
from mumer_data.images.check import check_image
from mumer_data.images.polarity import unify_polarity
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.parser import parse
from mumer_data.recipe import Pipeline, load_pipeline
from mumer_data.shards.run import Config, Plan, Run, SliceResult, save_result
from mumer_data.shards.schema import ShardRow
from mumer_data.shards.writer import ShardInfo, ShardWriter, file_sha256

__all__ = ["Job", "Pipeline", "build", "load_pipeline", "make_plan", "run_slice"]


@dataclass(frozen=True, slots=True)
class Job:
    """One slice to do: all that a worker process needs to know."""

    pipeline: Pipeline
    plan: Plan
    part: Slice
    out: Path


def make_plan(pipeline: Pipeline) -> Plan:
    """Cut the input into slices and gather what decides the bytes of the run; reads the label files once."""
    reader = pipeline.reader()
    slices = reader.plan(pipeline.shards.max_rows, pipeline.shards.max_bytes)
    files = [{"file": file.name, "size": file.stat().st_size, "sha256": file_sha256(file)} for file in reader.files()]
    facts = {
        "name": pipeline.name,
        "versions": {
            "mumer_data": mumer_data.__version__,
            "pyarrow": pa.__version__,
            "grammar": load_grammar().digest,
        },
        "seed": pipeline.seed,
        "pipeline": pipeline.model_dump(mode="json"),
        "inputs": {"files": files},
    }
    configs = [Config(pipeline.name + task.suffix, name) for name, task in pipeline.tasks_by_name().items()]
    return Plan(facts, configs, slices, pipeline.split, pipeline.chat, pipeline.images)


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
        jobs = [Job(pipeline, plan, part, out) for part in run.pending]
        done = total - sum(job.part.rows for job in jobs)
        for result in _results(jobs, workers or os.cpu_count() or 1):
            run.results[result.number] = result
            done += result.read
            if progress is not None:
                progress(done, total)
        return run.close()


def _results(jobs: list[Job], workers: int) -> Any:
    """The results as they come, from this process or from workers."""
    if min(workers, len(jobs)) <= 1:
        yield from map(run_slice, jobs)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        parallel = Parallel(n_jobs=min(workers, len(jobs)), return_as="generator_unordered")
        yield from parallel(delayed(run_slice)(job) for job in jobs)
    except TerminatedWorkerError as error:
        raise OutputError("a worker process was killed, perhaps for want of memory: go on with --resume") from error


def run_slice(job: Job) -> SliceResult:
    """Do one slice: read its rows, write one shard a config, then mark it as done."""
    tasks, normalizer = job.pipeline.tasks_by_name(), job.pipeline.normalizer()
    rejects: list[Reject] = []
    digest, size, read = hashlib.sha256(), 0, 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                ShardWriter(
                    job.out / config.name / job.plan.shard_name(job.part.number),
                    job.plan.chat,
                    job.plan.images,
                )
            )
            for config in job.plan.configs
        ]
        for row in job.pipeline.reader().read(job.part):
            read += 1
            made = row if isinstance(row, Reject) else _make(row, job.pipeline, normalizer)
            if isinstance(made, Reject):
                rejects.append(made)
                continue
            label, data, name = made
            digest.update(hashlib.sha256(data).digest())
            size += len(data)
            embedded = data if job.plan.images == "embed" else None
            for writer, task in zip(writers, tasks.values(), strict=True):
                writer.write(ShardRow(task.sample(row.id, label), name, embedded))
    shards = [writer.info for writer in writers if isinstance(writer.info, ShardInfo)]
    reasons = dict(sorted(Counter(reject.reason for reject in rejects).items()))
    result = SliceResult(
        job.part.number, read, read - len(rejects), len(rejects), reasons, size, digest.hexdigest(), shards
    )
    save_result(job.out, result, rejects)
    return result


def _make(example: Example, pipeline: Pipeline, normalizer: Normalizer) -> tuple[str, bytes, str] | Reject:
    """The label, image and image name of one example, checked; or why it cannot be used."""
    try:
        label = " ".join(normalizer(example.label).split())
        parse(label, strict=pipeline.unknown_commands == "reject")
        data = example.image.read()
        limits = pipeline.limits
        check_image(data, max_pixels=limits.max_pixels, max_bytes=limits.max_image_bytes)
    except LatexSyntaxError as error:
        return Reject(example.id, example.row, "latex_syntax", error.reason, error.position, example.label)
    except ImageError as error:
        return Reject(example.id, example.row, error.reason, error.message, None, example.label)
    if pipeline.polarity != "keep":
        data = unify_polarity(data, pipeline.polarity)
    if pipeline.images == "embed":
        return label, data, example.image.name
    if example.image.path is None:
        raise PipelineError("images: path needs images that lie on disk as files, not in an archive: use embed")
    return label, data, example.image.path
