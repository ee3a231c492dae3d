"""Prompts for GRPO and similar methods: prompt, image, label and pass rate per image, from samples of a policy.

Not for rewards: see `mumer_data.rewards`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from mumer_data.jobs.policy_data import (
    IMAGE,
    MESSAGES,
    TEXT_MESSAGES,
    Group,
    RowFormat,
    chat,
    check_format,
    plain_chat,
    write_policy_data,
)
from mumer_data.rewards.compared import reference_of
from mumer_data.rewards.textual import edit_similarity, exact
from mumer_data.tasks import Task

PromptFormat = Literal["trl", "verl"]
_COMMON = [
    ("id", pa.string()),
    ("images", pa.list_(IMAGE)),
    ("label", pa.string()),
    ("task", pa.string()),
    ("pass_rate", pa.float64()),
    ("similarity", pa.float64()),
    ("samples", pa.int64()),
]
_VERL = [
    ("data_source", pa.string()),
    ("ability", pa.string()),
    ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
    ("extra_info", pa.struct([("prompt", pa.string()), ("task", pa.string()), ("pass_rate", pa.float64())])),
]


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """Options of `write_prompts`.

    Attributes:
        task: name of the task whose prompt is used.
        format: ``trl`` or ``verl``.
        min_pass_rate, max_pass_rate: images whose share of correct samples is outside are left out: images that are
            always or never solved give no advantage to learn from.
        normalize: preset for labels and predictions; see `groups_of`.
    """

    task: str = "recognition"
    format: PromptFormat = "trl"
    min_pass_rate: float = 0.0
    max_pass_rate: float = 1.0
    normalize: str | None = None


def write_prompts(
    paths: Sequence[Path], out: Path, images: Path | None = None, options: PromptOptions | None = None
) -> dict[str, Any]:
    """Write one row per image of labelled predictions, the hardest first.

    Args:
        paths: prediction files with K samples per image, or K files.
        out: a new folder for ``train.parquet`` and ``record.json``.
        images: folder or build with the images; ``None`` if the predictions name them.
        options: see `PromptOptions`.

    Returns:
        The record: ``options``, ``counts`` and ``mean_pass_rate`` (of the rows written).

    Raises:
        SourceError, OutputError: the input or the folder cannot be used.
        PolicyDataError: an option is wrong, or no row is left.
    """
    chosen = options or PromptOptions()
    check_format(chosen.format, PromptFormat)
    prompt = ("prompt", MESSAGES if chosen.format == "trl" else TEXT_MESSAGES)
    row_format = RowFormat(
        schema=pa.schema([prompt, *_COMMON, *(_VERL if chosen.format == "verl" else [])]),
        rows_of=partial(_rows, options=chosen),
        sort_key=lambda row: (row["pass_rate"], row["similarity"], row["id"]),
        mean_of="pass_rate",
    )
    return write_policy_data(paths, out, images, chosen, row_format)


def _rows(group: Group, task: Task, options: PromptOptions) -> list[dict[str, Any]] | str:
    """The row of one image, or the reason why it has none."""
    if reference_of(group.label) is None:
        return "label_unreadable"
    texts = [row.prediction for row in group.rows]
    correct = [value or 0.0 for value in exact(texts, group.label)]
    similar = [value or 0.0 for value in edit_similarity(texts, group.label)]
    rate = sum(correct) / len(correct)
    if rate < options.min_pass_rate:
        return "too_hard"
    if rate > options.max_pass_rate:
        return "too_easy"
    row: dict[str, Any] = {"id": group.id, "label": group.label, "task": options.task, "pass_rate": rate}
    row |= {"similarity": sum(similar) / len(similar), "samples": len(texts)}
    if options.format == "trl":
        return [row | {"prompt": chat("user", task.prompt, image=True)}]
    extra = {"prompt": task.prompt, "task": options.task, "pass_rate": rate}
    reference = {"style": "rule", "ground_truth": group.label}
    verl = {"data_source": group.rows[0].dataset or "mumer", "ability": "formula", "reward_model": reference}
    return [row | verl | {"prompt": plain_chat("user", task.prompt), "extra_info": extra}]
