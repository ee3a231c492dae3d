"""Synthetic errors: labels and images of any source -> corrections of predictions sampled from an error model.

Not for the model: see `error_model.channel`. The output has the layout of a mining run; rows have
``origin: synthetic``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mumer_data.alignment.corrections import correction
from mumer_data.error_model.channel import Channel
from mumer_data.exceptions import CorrectionError, PipelineError, SourceError
from mumer_data.filters import Rejection
from mumer_data.io.atomic import write_json
from mumer_data.jobs.build import dataset_rejections, input_facts, versions
from mumer_data.jobs.config import Pipeline
from mumer_data.jobs.rows import UsableRow, usable
from mumer_data.readers.normalized import normalized_files
from mumer_data.readers.predictions import prediction_files
from mumer_data.records import Correction, Reject, Slice
from mumer_data.seeding import rng_for
from mumer_data.shards.plan import Config, Plan, SliceResult
from mumer_data.shards.run import Run
from mumer_data.shards.schema import Columns, ShardRow
from mumer_data.shards.slice_writer import SliceWriter
from mumer_data.tasks import error_tasks

CHANNEL = "channel.json"
_TRIES = 5  # attempts to sample a prediction that differs from those of earlier passes


def fit_channel(paths: Sequence[Path], normalize: str | None = None) -> Channel:
    """Fit an error model to prediction files; correct predictions count too.

    Raises:
        SourceError: a file cannot be read, or no prediction is wrong.
    """
    channel = Channel()
    for _, rows in normalized_files(prediction_files(paths), normalize):
        for row in rows:
            channel.add(row.label, row.prediction)
    if not channel.wrong:
        raise SourceError(f"no prediction in {', '.join(map(str, paths))} is wrong: there are no errors to learn from")
    return channel


def load_channel(path: Path) -> Channel:
    """Load an error model saved as ``channel.json``; raises ``SourceError``."""
    try:
        return Channel.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror or error})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path} is not an error model saved by this version ({error!r})") from None


@dataclass(frozen=True, slots=True)
class CorruptJob:
    """One slice of one pass: ``part`` is numbered by the run, ``source`` by the reader; ``sample`` is the pass."""

    pipeline: Pipeline
    plan: Plan
    part: Slice
    source: Slice
    sample: int
    out: Path
    digest: str
    rejected: dict[int, Rejection]


def corrupt(
    pipeline: Pipeline,
    channel: Channel,
    out: Path,
    name: str,
    *,
    samples: int = 1,
    seed: int = 0,
    workers: int | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write ``error_find`` and ``error_fix`` shards of sampled predictions; returns the manifest.

    Args:
        pipeline: source of labels and images; its tasks are not used.
        channel: the error model.
        out: a folder that is new, empty, or (with ``resume``) holds a killed run of the same.
        name: name of the dataset.
        samples: number of different predictions per label.
        seed, workers, resume: as in `build`.
        progress: called with (rows done, rows in total).

    Raises:
        SourceError, PipelineError, OutputError: the input, the pipeline or the folder cannot be used.
    """
    if pipeline.augment is not None:
        raise PipelineError("corrupt does not augment images: remove augment (--set augment=null)")
    parts = pipeline.reader().plan(pipeline.shards.max_rows, pipeline.shards.max_bytes)
    slices = [
        Slice(sample * len(parts) + part.number, part.start, part.rows, part.offset, part.size)
        for sample in range(samples)
        for part in parts
    ]
    state = channel.to_json()
    digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
    facts = {
        "name": name,
        "versions": versions(),
        "seed": seed,
        "pipeline": pipeline.model_dump(mode="json"),
        "channel": {"sha256": digest, "wrong": channel.wrong},
        "samples": samples,
        "inputs": {"files": input_facts(pipeline)},
    }
    configs = [Config(name + task.suffix, task_name) for task_name, task in error_tasks().items()]
    plan = Plan(facts, configs, slices, pipeline.split, Columns(pipeline.chat, pipeline.images, metadata=True))
    with Run(out, plan, resume=resume) as run:
        if not run.finished:
            write_json(out / CHANNEL, state)
        rejected = dataset_rejections(pipeline, parts, workers) if run.pending else {}
        jobs = [_job(pipeline, plan, part, parts, out, digest, rejected) for part in run.pending]
        run.do(corrupt_slice, jobs, workers, progress)
        return run.close()


def _job(
    pipeline: Pipeline,
    plan: Plan,
    part: Slice,
    parts: list[Slice],
    out: Path,
    digest: str,
    rejected: dict[int, dict[int, Rejection]],
) -> CorruptJob:
    sample, number = divmod(part.number, len(parts))
    return CorruptJob(pipeline, plan, part, parts[number], sample, out, digest, rejected.get(number, {}))


@lru_cache(maxsize=2)
def _channel(path: Path, digest: str) -> Channel:
    """The channel of a run; ``digest`` distinguishes channels that were saved at the same path."""
    return load_channel(path)


def corrupt_slice(job: CorruptJob) -> SliceResult:
    """Write one shard per task for one slice, then mark it as done."""
    channel, validator, tasks = _channel(job.out / CHANNEL, job.digest), job.pipeline.row_validator(), error_tasks()
    read = 0
    with SliceWriter(job.out, job.plan, job.part.number) as writer:
        for row in job.pipeline.reader().read(job.source):
            read += 1
            checked = usable(row, job.pipeline, validator, job.rejected.get(row.row))
            corrupted = checked if isinstance(checked, Reject) else _corrupted(checked, row.row, job, channel)
            if isinstance(checked, Reject) or isinstance(corrupted, Reject):
                assert isinstance(corrupted, Reject)
                writer.rejects.append(corrupted)
                continue
            writer.count_image(checked.data)
            embedded = checked.data if job.plan.columns.images == "embed" else None
            name = f"{checked.id}#{job.sample + 1}" if job.sample else checked.id
            metadata = _metadata(checked, job.sample)
            for task_name, task in tasks.items():
                sample = task.sample(corrupted, name)
                writer.write(ShardRow(sample, checked.name, embedded, metadata, checked.label, task_name))
    return writer.finish(read)


def _metadata(row: UsableRow, sample: int) -> str:
    return json.dumps({"id": row.id, "origin": "synthetic", "sample": sample}, ensure_ascii=False)


def _corrupted(usable_row: UsableRow, row: int, job: CorruptJob, channel: Channel) -> Correction | Reject:
    """A sampled prediction of one label, different from those of earlier passes."""
    text, earlier = None, set[str | None]()
    for sample in range(job.sample + 1):
        for attempt in range(_TRIES):
            stage = f"corrupt {sample} {attempt}"
            text = channel.corrupt(usable_row.label, rng_for(job.plan.facts["seed"], usable_row.id, stage))
            if text not in earlier:
                break
        else:
            text = None
        earlier.add(text)
    if text is None:
        return Reject(
            usable_row.id,
            row,
            "not_corrupted",
            "the channel has no (other) error for this label",
            None,
            usable_row.label,
        )
    try:
        return correction(usable_row.label, text)
    except CorrectionError as error:
        return Reject(usable_row.id, row, error.reason, error.message, None, usable_row.label)
