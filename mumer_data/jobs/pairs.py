"""Preferences for DPO: chosen = the label, rejected = a real wrong prediction, those that look most like it first.

Not for made-up mistakes: see `corrupt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from mumer_data.io.atomic import write_json
from mumer_data.jobs.policy_data import (
    FILE,
    IMAGE,
    MESSAGES,
    Counts,
    Group,
    answer_of,
    chat,
    check_format,
    groups_of,
    task_of,
    with_images,
    write_record,
    write_rows,
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
    """How preferences are made.

    Attributes:
        task: whose prompt is asked, and whose form both answers have.
        format: ``trl``, or ``llamafactory`` (with a ``dataset_info.json``).
        per_image: wrong predictions of one image, at most.
        max_pairs: pairs in total, at most, the hardest; ``None`` for all.
        normalize: preset for labels and predictions; see `groups_of`.
    """

    task: str = "recognition"
    format: PairFormat = "trl"
    per_image: int = 1
    max_pairs: int | None = None
    normalize: str | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong prediction; ``likeness`` is CDM's F1 (0-1), ``similarity`` that of the tokens (0-1)."""

    text: str
    likeness: float
    similarity: float

    @property
    def hardness(self) -> tuple[float, float]:
        """What pairs are sorted by."""
        return self.likeness, self.similarity


def write_pairs(
    paths: Sequence[Path], out: Path, images: Path | None = None, options: PairOptions | None = None
) -> dict[str, Any]:
    """Write preferences from labelled predictions, the hardest first.

    A prediction that is the label after normalisation, or looks the same (VisEq), is not wrong and never rejected.

    Args:
        paths: prediction files; several samples per image, or several models, are welcome.
        out: a new folder for ``train.parquet``, ``record.json`` and, for LLaMA-Factory, ``dataset_info.json``.
        images: folder or build with the images; ``None`` where the predictions say where they are.
        options: see `PairOptions`.

    Returns:
        The record: ``options``, ``counts`` and ``mean_likeness`` (of the pairs selected).

    Raises:
        SourceError, OutputError: the input or the folder cannot be used.
        PolicyDataError: an option is wrong, or no row is left.
    """
    chosen = options or PairOptions()
    check_format(chosen.format, PairFormat)
    task, counts = task_of(chosen.task), Counts()
    found: list[tuple[Group, Wrong]] = []
    for group in groups_of(paths, chosen.normalize):
        counts.images += 1
        wrong = _wrong(group, task)
        if isinstance(wrong, str):
            counts.reasons[wrong] += 1
        else:
            found += [(group, one) for one in wrong[: chosen.per_image]]
    found.sort(key=lambda pair: (-pair[1].likeness, -pair[1].similarity, pair[0].id, pair[1].text))
    if chosen.max_pairs is not None and len(found) > chosen.max_pairs:
        counts.reasons["beyond_max_pairs"] = len(found) - chosen.max_pairs
        found = found[: chosen.max_pairs]
    rows = [(group, _row(group, wrong, task, chosen.format)) for group, wrong in found]
    write_rows(out, _SCHEMAS[chosen.format], with_images(rows, images, counts), counts)
    if chosen.format == "llamafactory":
        write_json(out / "dataset_info.json", {"mumer_pairs": _LLAMA_FACTORY})
    mean = sum(wrong.likeness for _, wrong in found) / len(found)
    return write_record(out, asdict(chosen), counts, {"mean_likeness": mean})


_LLAMA_FACTORY = {
    "file_name": FILE,
    "formatting": "sharegpt",
    "ranking": True,
    "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected", "images": "images"},
}


def _wrong(group: Group, task: Task) -> list[Wrong] | str:
    """The different wrong predictions of one image, the hardest first, or the reason why there is none."""
    label = group.label
    if reference_of(label) is None or answer_of(task, label) is None:
        return "label_unreadable"
    texts = list(dict.fromkeys(" ".join(row.text.split()) for row in group.rows if row.text.strip()))
    if not texts:
        return "prediction_empty"
    right, same = exact(texts, label), visual(texts, label)
    wrong = [text for text, one, two in zip(texts, right, same, strict=True) if one != 1.0 and two != 1.0]
    if not wrong:
        return "all_right"
    usable = [text for text in wrong if answer_of(task, text) is not None]
    if not usable:
        return "prediction_unparsable"
    likeness, similarity = cdm(usable, label), edit_similarity(usable, label)
    pairs = zip(usable, likeness, similarity, strict=True)
    return sorted((Wrong(text, one or 0.0, two or 0.0) for text, one, two in pairs), key=lambda w: w.hardness)[::-1]


def _row(group: Group, wrong: Wrong, task: Task, form: PairFormat) -> dict[str, Any]:
    good, bad = answer_of(task, group.label) or "", answer_of(task, wrong.text) or ""
    facts: dict[str, Any] = {"id": group.id, "label": group.label, "wrong": wrong.text}
    facts |= {"likeness": wrong.likeness, "similarity": wrong.similarity}
    if form == "trl":
        turns: dict[str, Any] = {"prompt": chat("user", task.prompt, image=True)}
        return facts | turns | {"chosen": chat("assistant", good), "rejected": chat("assistant", bad)}
    conversation = [{"from": "human", "value": PLACEHOLDER + task.prompt}]
    answers = {name: {"from": "gpt", "value": text} for name, text in (("chosen", good), ("rejected", bad))}
    return facts | {"conversations": conversation} | answers
