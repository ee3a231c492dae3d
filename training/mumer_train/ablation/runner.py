"""One run of the grid: train from its last checkpoint, keep the averaged weights, predict images with them.

Not for which runs there are: see `config.grid`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data._version import __version__
from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write, write_json
from mumer_data.io.config_file import validated
from mumer_data.recognizers.journal import SCHEMA
from mumer_data.records import Prediction
from mumer_train.ablation.config import AblationSettings, Run, content, digest
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.decoding import read_images
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.processor import load_reader
from mumer_train.from_scratch.run import CHECKPOINT, ReaderRun
from mumer_train.from_scratch.settings import ReaderRunSettings
from mumer_train.from_scratch.stopping import stopped_by_signal
from mumer_train.from_scratch.task_rows import TaskRow, write_rows

TRAINED, FACTS, FINAL = "trained.json", "facts.json", "final"
_BATCH = 16


class StoppedError(TrainingError):
    """SIGTERM came: the checkpoint is written, and the same command continues the run."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run.

    Attributes:
        folder: folder of its files.
        counts: numbers of training ``steps``, ``images`` and ``recognised`` images, and ``rows`` per pass.
    """

    folder: Path
    counts: dict[str, int]


def train_run(
    settings: AblationSettings,
    run: Run,
    images: Sequence[Path],
    rows: Sequence[TaskRow],
    tokens: tuple[str, ...],
    validation: Path | None = None,
) -> Trained:
    """Train one run, or return its result if it has already finished.

    Args:
        settings, run: the ablation and the run.
        images: folders of fitted images, in the order of their numbers in ``rows``.
        rows: training rows.
        tokens: tokens of the vocabulary in addition to the built-in ones.
        validation: images on which ExpRate is measured during training.

    Raises:
        TrainingError: there are no rows, or a setting of the reader is wrong.
        OutputError: the folder contains a run with other settings or data.
        StoppedError: SIGTERM came.
    """
    if not rows:
        raise TrainingError(f"the arm '{run.arm}' has no rows to learn from: increase the share of its data")
    chosen = reader_settings(settings, run, images, tokens, validation)
    check_facts(run.folder, _facts(chosen, rows))
    done = run.folder / TRAINED
    if not done.exists():
        assert chosen.rows is not None
        write_rows(chosen.rows, rows)
        reader = _train(chosen)
        reader.export(run.folder / FINAL)
        progress = reader.progress
        counts = {"steps": progress.step, "images": progress.seen, "recognised": progress.recognised}
        write_json(done, {**counts, "rows": len(rows)})
        (run.folder / CHECKPOINT).unlink(missing_ok=True)  # three times as large as the weights, and no longer needed
    return finished_run(run)


def finished_run(run: Run) -> Trained:
    """A run that has been trained.

    Raises:
        TrainingError: it has not.
    """
    done = run.folder / TRAINED
    if not done.exists():
        raise TrainingError(f"the arm '{run.arm}', seed {run.seed}, is not trained yet: run it first")
    return Trained(run.folder, json.loads(done.read_text(encoding="utf-8")))


def reader_settings(
    settings: AblationSettings, run: Run, images: Sequence[Path], tokens: tuple[str, ...], validation: Path | None
) -> ReaderRunSettings:
    """The settings of a reader's run: the arm's over the ablation's over the defaults, and the budget as a schedule."""
    decay = max(1, round(settings.decay * run.amount))
    schedule = {
        "learning_rate": 2e-3,
        **dict(settings.reader.get("schedule", {})),
        "unit": run.unit,
        "warmup_images": round(settings.warmup * run.amount),
        "decay_images": decay,
        "decay_at": run.amount - decay,
        "max_images": run.amount,
    }
    raw: dict[str, Any] = {
        **settings.reader,
        **(settings.arms[run.arm].reader if run.arm in settings.arms else {}),
        "out": run.folder,
        "synthetic": list(images),
        "rows": run.folder / "rows.jsonl",
        "extra_tokens": tokens,
        "seed": run.seed,
        "validation": {} if validation is None else {"validation": validation},
        "schedule": schedule,
    }
    return validated(ReaderRunSettings, raw, "reader", TrainingError)


def _facts(chosen: ReaderRunSettings, rows: Sequence[TaskRow]) -> dict[str, Any]:
    """Settings and data of a run; settings with default values do not count."""
    free = {"out", "rows", "synthetic", "validation", "initial", "checkpoint_images", "log_images"}
    return {
        "settings": digest(chosen.model_dump(mode="json", exclude=free, exclude_defaults=True)),
        "initial": None if chosen.initial is None else content(chosen.initial),
        "images": digest([path.name for path in chosen.synthetic]),
        "rows": digest([asdict(row) for row in rows]),
    }


def check_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Record what a run is made of; raise ``OutputError`` if its folder contains another run."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {**facts, "mumer_data": __version__}
    path = folder / FACTS
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        if changed := [name for name in facts if before.get(name) != facts[name]]:
            raise OutputError(
                f"{folder} holds a run with other {' and '.join(changed)}: name another 'out', or remove the folder"
            )
        return
    write_json(path, facts)


def _train(chosen: ReaderRunSettings) -> ReaderRun:
    reader = ReaderRun(chosen)
    with stopped_by_signal(reader.stop):
        reader.train()
    if reader.stopping:
        raise StoppedError(
            f"stopped at step {reader.progress.step} of {chosen.out}; the same command continues from there"
        )
    return reader


def read_store(
    trained: Trained, store: ImageStore, dataset: str, chosen: Sequence[int], temperature: float = 0.0, sample: int = 0
) -> list[Prediction]:
    """Predictions of some images of a store, greedy or, with a temperature, sampled."""
    model, processor = load_reader(trained.folder / FINAL)
    pixels = [store[index].pixels for index in chosen]
    read = read_images(model, pixels, batch=_BATCH, temperature=temperature, seed=sample)
    return [
        Prediction(
            store.names[index], store.labels[index], processor.decode(tokens), dataset=dataset, sample=sample, row=row
        )
        for row, (index, (tokens, _)) in enumerate(zip(chosen, read, strict=True))
    ]


def write_predictions(path: Path, rows: Sequence[Prediction]) -> None:
    """Write predictions as `mumer predict` does: `mumer evaluate`, `compare` and `mine` read them."""
    columns: dict[str, list[Any]] = {
        "img_id": [row.id for row in rows],
        "gt": [row.label for row in rows],
        "pred": [row.prediction for row in rows],
        "image_path": [None] * len(rows),
        "dataset": [row.dataset for row in rows],
        "sample": [row.sample for row in rows],
        "answer": [row.prediction for row in rows],
        "logprob": [None] * len(rows),
        "finish_reason": [None] * len(rows),
    }
    with atomic_write(path) as temporary:
        pq.write_table(pa.table(columns, schema=SCHEMA), temporary)
