"""One prediction run: a source's examples become jobs, a backend answers them, a journal keeps every answer.

Started again after a kill, it asks only for what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from mumer_data.data import Example, Prediction, Reject
from mumer_data.recipe import Pipeline, load_source
from mumer_data.tasks import TASKS, task_class
from mumer_train.needs import TrainingError
from mumer_train.predict import Backend, Job, Key, Sampling
from mumer_train.predict.journal import Journal, final_line, finish, open_journal

_SLICE_ROWS, _SLICE_BYTES = 512, 64 << 20  # examples held at a time


def predict(
    make_backend: Callable[[], Backend],
    model: str,
    data: str,
    out: Path,
    *,
    task: str = "recognition",
    samples: int = 1,
    sampling: Sampling | None = None,
    keep: Callable[[Example], bool] | None = None,
    selection: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Read every image of a source ``samples`` times.

    Args:
        make_backend: called once there is something to ask.
        model: its name, for the record.
        data: a build's folder, a pipeline file or the name of a ready one.
        out: the Parquet file; its journal lies beside it while the run lasts.
        task: whose prompt is asked; the last line of an answer is the prediction.
        samples: passes over every image.
        sampling: how answers are drawn.
        keep: which examples are read; all if left out.
        selection: what ``keep`` does, for the record.
        progress: called with answers so far and in all.

    Raises:
        TrainingError: the source has no usable example, or gives an id twice.
        OutputError: ``out`` is in use, belongs to another run, or cannot be written.
    """
    sampling = sampling or Sampling()
    if task not in TASKS:
        raise TrainingError(f"'{task}' is no task: choose from {', '.join(TASKS)}")
    pipeline = load_source(data)
    facts = {"model": model, "data": str(data), "task": task, "samples": samples, "selection": selection}
    if out.exists():
        raise TrainingError(f"{out} exists: this run is done; remove the file or name another")
    with open_journal(out, facts | asdict(sampling)) as journal:
        order = _ask(pipeline, data, task, samples, sampling, make_backend, journal, keep, progress)
        if not order:
            raise TrainingError(f"{data} has no example to read")
        finish(out, (journal.done[key] for key in order))
    return out


def read_all(
    backend: Backend, data: str, *, task: str = "recognition", sampling: Sampling | None = None, most: int | None = None
) -> list[Prediction]:
    """Read the first ``most`` images of a source once, without a journal: for a look during training.

    Raises:
        TrainingError: the source has no usable example.
    """
    pipeline = load_source(data)
    reader = pipeline.reader()
    jobs: list[Job] = []
    for part in reader.plan(_SLICE_ROWS, _SLICE_BYTES):
        jobs += _jobs(pipeline, reader.read(part), data, task, 1, None)
        if most is not None and len(jobs) >= most:
            break
    jobs = jobs[:most]
    if not jobs:
        raise TrainingError(f"{data} has no example to read")
    answered = chain.from_iterable(backend.answers(jobs, sampling or Sampling()))
    found = {job.id: answer for job, answer in answered}
    return [Prediction(job.id, job.label, final_line(found[job.id].text), dataset=job.dataset) for job in jobs]


def _ask(
    pipeline: Pipeline,
    data: str,
    task: str,
    samples: int,
    sampling: Sampling,
    make_backend: Callable[[], Backend],
    journal: Journal,
    keep: Callable[[Example], bool] | None,
    progress: Callable[[int, int], None] | None,
) -> list[Key]:
    """Ask for all that is missing; gives the keys of all rows in order."""
    reader = pipeline.reader()
    parts = reader.plan(_SLICE_ROWS, _SLICE_BYTES)
    total = sum(part.rows for part in parts) * samples
    order: dict[Key, None] = {}
    backend: Backend | None = None
    for part in parts:
        jobs = list(_jobs(pipeline, reader.read(part), data, task, samples, keep))
        for job in jobs:
            if job.key in order:
                raise TrainingError(f"{data} has the id {job.id!r} twice: give every image its own")
            order[job.key] = None
        if progress:
            progress(len(journal.done), total)
        if any(job.key not in journal.done for job in jobs):
            backend = backend or make_backend()
            for answered in backend.answers(jobs, sampling, frozenset(journal.done)):
                journal.add(answered)
                if progress:
                    progress(len(journal.done), total)
    return list(order)


def _jobs(
    pipeline: Pipeline,
    rows: Iterator[Example | Reject],
    data: str,
    task: str,
    samples: int,
    keep: Callable[[Example], bool] | None,
) -> Iterator[Job]:
    screen, prompt = pipeline.screen(), task_class(task).prompt
    folder = str(Path(data).resolve()) if Path(data).is_dir() else ""
    for row in rows:
        if isinstance(row, Reject) or (keep is not None and not keep(row)):
            continue
        label = screen.label(row)
        if isinstance(label, Reject):
            continue
        for sample in range(samples):
            yield Job(
                row.id, pipeline.name, label, sample, prompt, folder or row.image.path or row.image.name, row.image.read
            )
