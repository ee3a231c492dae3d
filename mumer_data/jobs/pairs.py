"""Preferences for DPO: chosen = the label, rejected = a wrong prediction of a model, the most similar first.

Not for synthetic errors: see `corrupt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from mumer_data.io.atomic import write_json
from mumer_data.jobs.policy_data import (
    FILE,
    IMAGE,
    MESSAGES,
    Group,
    RowFormat,
    answer_of,
    chat,
    check_format,
    write_policy_data,
)
from mumer_data.rewards.compared import reference_of
from mumer_data.rewards.pictures import cdm, visual
from mumer_data.rewards.textual import edit_similarity, exact
from mumer_data.shards.schema import PLACEHOLDER
from mumer_data.tasks import Task

PairFormat = Literal["trl", "llamafactory"]
_TURN = pa.struct([("from", pa.string()), ("value", pa.string())])
_FACTS = [("label", pa.string()), ("wrong", pa.string()), ("likeness", pa.float64()), ("similarity", pa.float64())]
_COMMON = [("id", pa.string()), ("images", pa.list_(IMAGE)), *_FACTS]
_SCHEMAS: dict[PairFormat, pa.Schema] = {
    "trl": pa.schema([("prompt", MESSAGES), ("chosen", MESSAGES), ("rejected", MESSAGES), *_COMMON]),
    "llamafactory": pa.schema([("conversations", pa.list_(_TURN)), ("chosen", _TURN), ("rejected", _TURN), *_COMMON]),
}


@dataclass(frozen=True, slots=True)
class PairOptions:
    """Options of `write_pairs`.

    Attributes:
        task: name of the task that determines the prompt and the form of both answers.
        format: ``trl``, or ``llamafactory`` (with a ``dataset_info.json``).
        per_image: maximum number of wrong predictions per image.
        max_pairs: maximum number of pairs in total, the hardest first; ``None`` for all.
        normalize: preset for labels and predictions; see `groups_of`.
    """

    task: str = "recognition"
    format: PairFormat = "trl"
    per_image: int = 1
    max_pairs: int | None = None
    normalize: str | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong prediction; ``likeness`` is the F1 of CDM (0-1), ``similarity`` the token similarity (0-1)."""

    prediction: str
    likeness: float
    similarity: float

    @property
    def hardness(self) -> tuple[float, float]:
        """Sort key of the pairs."""
        return self.likeness, self.similarity


def write_pairs(
    paths: Sequence[Path], out: Path, images: Path | None = None, options: PairOptions | None = None
) -> dict[str, Any]:
    """Write preferences from labelled predictions, the hardest first.

    A prediction that equals the label after normalisation, or renders equally (VisEq), is correct and never rejected.

    Args:
        paths: prediction files; several samples per image, or several models, give more pairs.
        out: a new folder for ``train.parquet``, ``record.json`` and, for LLaMA-Factory, ``dataset_info.json``.
        images: folder or build with the images; ``None`` if the predictions name them.
        options: see `PairOptions`.

    Returns:
        The record: ``options``, ``counts`` and ``mean_likeness`` (mean over the selected pairs).

    Raises:
        SourceError, OutputError: the input or the folder cannot be used.
        PolicyDataError: an option is wrong, or no row is left.
    """
    chosen = options or PairOptions()
    check_format(chosen.format, PairFormat)
    row_format = RowFormat(
        schema=_SCHEMAS[chosen.format],
        rows_of=partial(_rows, options=chosen),
        sort_key=lambda row: (-row["likeness"], -row["similarity"], row["id"], row["wrong"]),
        mean_of="likeness",
        max_rows=chosen.max_pairs,
    )
    record = write_policy_data(paths, out, images, chosen, row_format)
    if chosen.format == "llamafactory":
        write_json(out / "dataset_info.json", {"mumer_pairs": _LLAMA_FACTORY})
    return record


_LLAMA_FACTORY = {
    "file_name": FILE,
    "formatting": "sharegpt",
    "ranking": True,
    "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected", "images": "images"},
}


def _rows(group: Group, task: Task, options: PairOptions) -> list[dict[str, Any]] | str:
    """The rows of one image, the hardest first, or the reason why it has none."""
    wrong = _wrong(group, task)
    if isinstance(wrong, str):
        return wrong
    return [_row(group, prediction, task, options.format) for prediction in wrong[: options.per_image]]


def _wrong(group: Group, task: Task) -> list[Wrong] | str:
    """The different wrong predictions of one image, the hardest first, or the reason why there is none."""
    label = group.label
    if reference_of(label) is None or answer_of(task, label) is None:
        return "label_unreadable"
    texts = list(dict.fromkeys(" ".join(row.prediction.split()) for row in group.rows if row.prediction.strip()))
    if not texts:
        return "prediction_empty"
    scores = zip(texts, exact(texts, label), visual(texts, label), strict=True)
    wrong = [text for text, equal, looks_equal in scores if equal != 1.0 and looks_equal != 1.0]
    if not wrong:
        return "all_right"
    usable = [text for text in wrong if answer_of(task, text) is not None]
    if not usable:
        return "prediction_unparsable"
    scored = zip(usable, cdm(usable, label), edit_similarity(usable, label), strict=True)
    predictions = [Wrong(text, likeness or 0.0, similarity or 0.0) for text, likeness, similarity in scored]
    return sorted(predictions, key=lambda prediction: prediction.hardness)[::-1]


def _row(group: Group, wrong: Wrong, task: Task, row_format: PairFormat) -> dict[str, Any]:
    chosen, rejected = answer_of(task, group.label) or "", answer_of(task, wrong.prediction) or ""
    facts: dict[str, Any] = {"id": group.id, "label": group.label, "wrong": wrong.prediction}
    facts |= {"likeness": wrong.likeness, "similarity": wrong.similarity}
    if row_format == "trl":
        turns: dict[str, Any] = {"prompt": chat("user", task.prompt, image=True)}
        return facts | turns | {"chosen": chat("assistant", chosen), "rejected": chat("assistant", rejected)}
    conversation = [{"from": "human", "value": PLACEHOLDER + task.prompt}]
    answers = {name: {"from": "gpt", "value": text} for name, text in (("chosen", chosen), ("rejected", rejected))}
    return facts | {"conversations": conversation} | answers
