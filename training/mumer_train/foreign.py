"""External trainers and recognizers in a cross-fold run: their command lines, and checks of the files that they write.

Not for running them: see `crossfold`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_train.dependencies import TrainingError

_COLUMNS = ("img_id", "gt", "pred")


def check_commands(config: Path | None, train_command: str, predict_command: str, frozen: bool) -> None:
    """Check that the options say how to train and predict.

    Raises:
        TrainingError: options are missing or conflicting; a command line lacks a placeholder or cannot be split.
    """
    if frozen and (config or train_command):
        raise TrainingError("--frozen: nothing is trained: remove --train and --train-command")
    if frozen and not predict_command:
        raise TrainingError("--frozen needs --predict-command '... {data} {out}'")
    if not frozen and not (config or train_command):
        raise TrainingError("set --train CONFIG or --train-command; for a recognizer that is not trained, set --frozen")
    if config and train_command:
        raise TrainingError("--train and --train-command are both set: choose one")
    if train_command and not predict_command:
        raise TrainingError("--train-command needs --predict-command '... {model} {data} {out}'")
    if train_command:
        _check_placeholders("--train-command", train_command, ("data", "out"), ("fold",))
    if predict_command:
        needed = ("data", "out") if frozen else ("model", "data", "out")
        _check_placeholders("--predict-command", predict_command, needed, () if frozen else ("fold",))


def _check_placeholders(option: str, command: str, needed: tuple[str, ...], others: tuple[str, ...]) -> None:
    names = set(re.findall(r"\{(\w+)\}", command))
    if missing := [name for name in needed if name not in names]:
        raise TrainingError(f"{option} {command!r} lacks {{{missing[0]}}}")
    if unknown := sorted(names - {*needed, *others}):
        known = ", ".join(f"{{{name}}}" for name in (*needed, *others))
        raise TrainingError(f"{option} {command!r} has the unknown placeholder {{{unknown[0]}}}: known are {known}")
    try:
        shlex.split(command)
    except ValueError as error:
        raise TrainingError(f"{option} {command!r} cannot be split: {error}") from None


def filled(command: str, values: Mapping[str, object]) -> list[str]:
    """The words of a command line with its placeholders replaced; no shell reads them.

    A word in quotes may itself be a command line: a path in it is quoted if necessary.
    """
    return [_filled_word(word, values) for word in shlex.split(command)]


def _filled_word(word: str, values: Mapping[str, object]) -> str:
    nested = " " in word
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", shlex.quote(str(value)) if nested else str(value))
    return word


def record_trained(marker: Path, data: Path) -> None:
    """Record that another trainer has finished, and on which build it was trained."""
    marker.write_text(_fingerprint(data) + "\n", encoding="utf-8")


def check_trained(marker: Path, data: Path, fold: int) -> None:
    """Check that the build has not changed since the training; an empty marker (``touch``) is not checked.

    Raises:
        TrainingError: it has changed.
    """
    recorded = marker.read_text(encoding="utf-8").strip()
    if recorded and recorded != _fingerprint(data):
        raise TrainingError(f"fold {fold}: the model was trained on another build than {data}: remove {marker}")


def _fingerprint(data: Path) -> str:
    return str(json.loads((data / "manifest.json").read_text(encoding="utf-8"))["fingerprint"])


def check_predictions(path: Path, ids: Set[str]) -> None:
    """Check that a file has a prediction for each id.

    Raises:
        TrainingError: it is not Parquet, lacks a column, or lacks an image.
    """
    try:
        names = pq.read_schema(path).names
    except (OSError, pa.ArrowInvalid):
        raise TrainingError(f"{path} is not a Parquet file: --predict-command has to write one") from None
    if missing := [name for name in _COLUMNS if name not in names]:
        raise TrainingError(f"{path} has no column {missing[0]!r}: predictions have {', '.join(_COLUMNS)}")
    read = set(pq.read_table(path, columns=["img_id"])["img_id"].to_pylist())
    if unread := sorted(ids - read):
        raise TrainingError(
            f"{path} has no prediction for {len(unread):,} of {len(ids):,} images, e.g. {unread[0]!r}; "
            "remove it and run again"
        )
