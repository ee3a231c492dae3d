"""Error samples for the arms: mined from predictions of the reader on folds that it was not trained on.

Not for the mining itself: see `mumer_data.jobs.mine`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from mumer_data.jobs.mine import mine
from mumer_data.mining.candidates import MiningOptions
from mumer_data.records import Prediction
from mumer_data.seeding import hash64
from mumer_data.tasks import ERROR_TASKS
from mumer_train.ablation.config import AblationSettings, ErrorSettings, Run, slug
from mumer_train.ablation.data import ErrorRows, Prepared, arm_rows
from mumer_train.ablation.runner import StoppedError, Trained, read_store, train_run, write_predictions
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.task_rows import RECOGNITION, TaskRow, answer_tokens, prompt_tokens


def fold_of(label: str, folds: int) -> int:
    """The fold of a label: all images of one label are in one fold, so no model was trained on the answer."""
    return hash64(f"fold\0{label}") % folds


def error_rows(settings: AblationSettings, prepared: dict[str, Prepared], tokens: tuple[str, ...]) -> ErrorRows:
    """The error samples by image, mined from prediction files or from a cross-fold run.

    Raises:
        StoppedError: SIGTERM came during training; the next call continues.
        SourceError: a prediction file cannot be read.
    """
    errors = settings.errors
    assert errors is not None
    files = errors.predictions or [
        _fold_predictions(settings, errors, prepared, tokens, fold) for fold in range(errors.folds)
    ]
    out = settings.out / "errors" / "mined"
    options = MiningOptions(doubts="keep", normalize="off")  # the reader writes tokens
    mine(files, out, settings.name, options, images=prepared[errors.data].build, workers=1, resume=True)
    rows: ErrorRows = {}
    for name in ERROR_TASKS:
        task = ERROR_TASKS.load(name)
        for file in sorted((out / f"{settings.name}{task.suffix}").glob("*.parquet")):
            for row in pq.read_table(file, columns=["messages", "metadata"]).to_pylist():
                prompt, answer = (turn["value"] for turn in row["messages"])
                image = json.loads(row["metadata"])["id"]
                rows.setdefault(image, []).append((name, prompt_tokens(prompt), answer_tokens(answer)))
    return rows


def _fold_predictions(
    settings: AblationSettings, errors: ErrorSettings, prepared: dict[str, Prepared], tokens: tuple[str, ...], fold: int
) -> Path:
    """Train the first arm without one fold, and predict that fold ``samples`` times."""
    folder = settings.out / "errors" / f"fold-{fold}"
    predictions = folder / "predictions.parquet"
    if predictions.exists():
        return predictions
    arm = next(iter(settings.arms.values()))
    images = [prepared[name].images for name in arm.use]
    rows = [row for row in arm_rows(arm, [ImageStore(path) for path in images], None) if row.task == RECOGNITION]
    kept = _without(rows, images, errors.folds, fold)
    unit, amount = next(iter(settings.budget.items()))
    run = Run(f"errors, fold {fold}", unit, amount, settings.seeds[0], folder)
    trained = train_run(settings, run, images, kept, tokens)
    write_predictions(predictions, list(_read(trained, prepared[errors.data].store(), errors, fold)))
    return predictions


def _without(rows: list[TaskRow], images: list[Path], folds: int, fold: int) -> list[TaskRow]:
    """The rows whose label is in another fold."""
    labels = [ImageStore(path).labels for path in images]
    return [row for row in rows if fold_of(labels[row.store][row.index], folds) != fold]


def _read(trained: Trained, store: ImageStore, errors: ErrorSettings, fold: int) -> list[Prediction]:
    """Predictions of every image of the fold, once per sample."""
    held = [index for index, label in enumerate(store.labels) if fold_of(label, errors.folds) == fold]
    return [
        row
        for sample in range(errors.samples)
        for row in read_store(trained, store, slug(errors.data), held, errors.temperature, sample)
    ]


__all__ = ["StoppedError", "error_rows", "fold_of"]
