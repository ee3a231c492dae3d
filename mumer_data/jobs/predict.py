"""Prediction run: the examples of a source become requests, a recognizer answers, a journal stores each answer.

A restarted run requests only missing answers. Not for any particular recognizer.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from mumer_data.jobs.build import dataset_rejections
from mumer_data.jobs.config import Pipeline, load_source
from mumer_data.jobs.rows import usable
from mumer_data.readers.normalized import AUTO, UNCHANGED, normalized_sources
from mumer_data.recognizers import Key, Recognizer, RecognizerError, Request, Sampling
from mumer_data.recognizers.journal import Journal, final_line, finish, is_done, open_journal
from mumer_data.records import Example, Prediction, Reject, Slice
from mumer_data.shards.manifest import MANIFEST
from mumer_data.tasks import TASKS, task_class

log = logging.getLogger(__name__)
_SLICE_ROWS, _SLICE_BYTES = 512, 64 << 20  # maximum size of a slice, which is held in memory


def predict(
    make_recognizer: Callable[[], Recognizer],
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
    """Predict every image of a source ``samples`` times.

    Args:
        make_recognizer: creates the recognizer; called only if an answer is missing.
        model: name of the model, for the record.
        data: folder of a build, a pipeline file or the name of a ready one.
        out: the Parquet file; its journal is in the same folder while the run lasts.
        task: task whose prompt is sent; the last line of an answer is the prediction.
        samples: number of predictions per image.
        sampling: sampling parameters.
        keep: predicate of the examples to predict; ``None`` for all.
        selection: description of ``keep``, for the record.
        progress: called with (answers so far, answers in total).

    Raises:
        RecognizerError: the source has no usable example, or an id occurs twice.
        OutputError: ``out`` is in use, belongs to another run, or cannot be written.
    """
    sampling = sampling or Sampling()
    if task not in TASKS:
        raise RecognizerError(f"'{task}' is not a task: choose from {', '.join(TASKS)}")
    pipeline = load_source(data)
    facts = {"model": model, "data": str(data), "task": task, "samples": samples, "selection": selection}
    facts |= asdict(sampling) | {"source": _version_of(pipeline, Path(data))}
    if is_done(out, facts):
        log.warning("%s already exists and belongs to this run: nothing to do", out)
        return out
    with open_journal(out, facts) as journal:
        order = _ask(pipeline, data, task, samples, sampling, make_recognizer, journal, keep, progress)
        if not order:
            raise RecognizerError(f"{data} has no example to read")
        finish(out, _normalized(journal, order, task), facts)
    return out


def _normalized(journal: Journal, order: list[Key], task: str) -> Iterator[dict[str, Any]]:
    """The rows of all answers; raw LaTeX in ``pred`` is normalised, ``answer`` keeps the original text."""
    (predictions,), preset = normalized_sources([_Answers(journal, order, task)], AUTO)
    if preset == UNCHANGED:
        yield from journal.rows(order)
        return
    for row, prediction in zip(journal.rows(order), predictions, strict=True):
        yield row | {"pred": prediction.prediction}


class _Answers:
    """The answers of a journal as predictions, read anew by each pass."""

    def __init__(self, journal: Journal, order: list[Key], task: str) -> None:
        self._journal, self._order = journal, order
        self._column = "answer" if task == "recognition" else "pred"  # for other tasks, the last line is the formula

    def __iter__(self) -> Iterator[Prediction]:
        for row in self._journal.rows(self._order):
            yield Prediction(row["img_id"], row["gt"], row[self._column] or "")


def _version_of(pipeline: Pipeline, data: Path) -> str:
    """A version of the data: the fingerprint of a build, else a hash of names and sizes of the source files."""
    for manifest in (data / MANIFEST, data.parent / MANIFEST):
        if data.is_dir() and manifest.is_file():
            return str(json.loads(manifest.read_text(encoding="utf-8")).get("fingerprint", ""))
    files = [[file.name, file.stat().st_size] for file in pipeline.reader().files()]
    return hashlib.sha256(json.dumps([pipeline.model_dump(mode="json"), files]).encode()).hexdigest()


def read_all(
    recognizer: Recognizer,
    data: str,
    *,
    task: str = "recognition",
    sampling: Sampling | None = None,
    most: int | None = None,
) -> list[Prediction]:
    """Predict the first ``most`` images of a source once, without a journal: for validation during training.

    Raises:
        RecognizerError: the source has no usable example.
    """
    source = _Requests(load_source(data), data, task, None)
    requests: list[Request] = []
    for part in source.parts:
        requests += source.of(part, 1)
        if most is not None and len(requests) >= most:
            break
    requests = requests[:most]
    if not requests:
        raise RecognizerError(f"{data} has no example to read")
    answered = chain.from_iterable(recognizer.answers(requests, sampling or Sampling()))
    answers = {request.id: answer for request, answer in answered}
    return [
        Prediction(request.id, request.label, final_line(answers[request.id].text), dataset=request.dataset)
        for request in requests
    ]


def _ask(
    pipeline: Pipeline,
    data: str,
    task: str,
    samples: int,
    sampling: Sampling,
    make_recognizer: Callable[[], Recognizer],
    journal: Journal,
    keep: Callable[[Example], bool] | None,
    progress: Callable[[int, int], None] | None,
) -> list[Key]:
    """Request all missing answers; returns the keys of all rows in order."""
    source = _Requests(pipeline, data, task, keep)
    total = sum(part.rows for part in source.parts) * samples
    order: dict[Key, None] = {}
    recognizer: Recognizer | None = None
    for part in source.parts:
        requests = list(source.of(part, samples))
        for request in requests:
            if request.key in order:
                raise RecognizerError(f"the id {request.id!r} occurs twice in {data}: use unique ids")
            order[request.key] = None
        if progress:
            progress(len(journal.done), total)
        if any(request.key not in journal.done for request in requests):
            recognizer = recognizer or make_recognizer()
            done = frozenset(request.key for request in requests if request.key in journal.done)
            for answered in recognizer.answers(requests, sampling, done):
                journal.add(answered)
                if progress:
                    progress(len(journal.done), total)
    source.report()
    return list(order)


class _Requests:
    """The examples of a source that a build would accept, as requests; counts the others by reason."""

    def __init__(self, pipeline: Pipeline, data: str, task: str, keep: Callable[[Example], bool] | None) -> None:
        self._pipeline, self._keep, self._name = pipeline, keep, pipeline.name
        self._validator, self._prompt = pipeline.row_validator(), task_class(task).prompt
        shards = pipeline.source.get("format") == "shards" and Path(data).is_dir()
        self._folder = str(Path(data).resolve()) if shards else ""  # images in shards have no path
        self._reader = pipeline.reader()
        self.parts = self._reader.plan(_SLICE_ROWS, _SLICE_BYTES)
        self._rejected = dataset_rejections(pipeline, self.parts, 1) if pipeline.dataset_filters() else {}
        self.left_out: Counter[str] = Counter()

    def of(self, part: Slice, samples: int) -> Iterator[Request]:
        """The requests of one slice; all samples of an image are consecutive."""
        rejected = self._rejected.get(part.number, {})
        for row in self._reader.read(part):
            if isinstance(row, Example) and self._keep is not None and not self._keep(row):
                continue
            accepted = usable(row, self._pipeline, self._validator, rejected.get(row.row))
            if isinstance(row, Reject) or isinstance(accepted, Reject):
                self.left_out[accepted.reason if isinstance(accepted, Reject) else ""] += 1
                continue
            path = self._folder or row.image.path or row.image.name
            for sample in range(samples):
                read = partial(bytes, accepted.data)
                yield Request(accepted.id, self._name, accepted.label, sample, self._prompt, path, read)

    def report(self) -> None:
        """Warn about examples that were left out."""
        if self.left_out:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.left_out.most_common())
            log.warning("%s examples are left out, as in a build: %s", f"{self.left_out.total():,}", reasons)
