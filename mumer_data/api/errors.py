"""Errors of a model, from predictions in lists: `align`, `correction`, `mine_errors`.

Not for prediction files: see `mumer_data.jobs.mine`, which takes the same path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mumer_data.alignment.align import EditScript
from mumer_data.alignment.align import align as align_texts
from mumer_data.alignment.confusions import Confusions
from mumer_data.alignment.corrections import correction as correction_of_texts
from mumer_data.api.evaluation import predictions_of
from mumer_data.api.labels import ChatSample, task
from mumer_data.exceptions import ImageError, SourceError
from mumer_data.images.check import check_image
from mumer_data.io import html
from mumer_data.mining.candidates import CANDIDATES, CandidateScan, MiningOptions
from mumer_data.mining.select import REASONS, TAKEN, Candidates, choose
from mumer_data.readers.memory import ImageLike, image_bytes
from mumer_data.readers.normalized import chosen_preset
from mumer_data.records import Correction, Reject
from mumer_data.shards.schema import REJECTS
from mumer_data.tasks import ERROR_TASKS

if TYPE_CHECKING:
    import datasets
    import pandas as pd

_COLUMNS = ("id", "label", "prediction", "marked", "log", "distance")


def align(prediction: str, reference: str) -> EditScript:
    """The minimal edit script that turns a prediction into its reference, token by token."""
    return align_texts(reference, prediction)


def correction(prediction: str, reference: str) -> Correction:
    """The marked formula and the correction log of one prediction; the log applied to the marks gives the reference.

    Raises:
        CorrectionError: a token looks like a mark, or one of the texts is empty.
    """
    return correction_of_texts(reference, prediction)


@dataclass(frozen=True, slots=True, repr=False)
class MinedErrors:
    """Corrections and confusions of a set of predictions.

    Attributes:
        corrections: `datasets.Dataset`, one row per sample: ``id label prediction marked log distance`` and, with
            images, ``image``.
        confusions: one row per confusion, most frequent first: ``label prediction kind count rate``.
        rejects: predictions that cannot become samples, with their reasons.
        counts: ``read``, ``correct``, ``wrong``, ``malformed``.
    """

    corrections: datasets.Dataset
    confusions: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, int]

    def samples(self, name: str) -> list[ChatSample]:
        """The chat samples of one task, ``error_find`` or ``error_fix``."""
        if name not in ERROR_TASKS:
            raise SourceError(f"'{name}' is not an error task: choose from {', '.join(ERROR_TASKS)}")
        bound = task(name)
        rows = self.corrections.with_format(None)
        if "image" in rows.column_names:
            from datasets import Image

            rows = rows.cast_column("image", Image(decode=False))
        return [bound.sample(row["label"], row["id"], row.get("image"), prediction=row["prediction"]) for row in rows]

    def to_dict(self) -> dict[str, Any]:
        """The counts."""
        return {**self.counts, "samples": len(self.corrections), "rejected": len(self.rejects)}

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={count}" for name, count in self.to_dict().items())
        return f"MinedErrors({counts}, confusions={len(self.confusions)})"

    def _repr_html_(self) -> str:
        top = self.confusions.head(10)
        return html.fields(self.to_dict()) + html.table(top.itertuples(index=False), list(top.columns))


def mine_errors(
    predictions: Iterable[str],
    references: Iterable[str],
    images: Iterable[ImageLike] | None = None,
    ids: Iterable[object] | None = None,
    *,
    normalize: str | None = None,
    keep_correct: float = 0.0,
    max_per_image: int | None = None,
    max_per_confusion: int | None = None,
    seed: int = 0,
) -> MinedErrors:
    """Align predictions with references; wrong ones become corrections, all of them count for the confusions.

    Args:
        predictions, references: labels, row by row; the same id may come several times (samples of a model).
        images: one per row: path, bytes or PIL image; kept beside the corrections.
        ids: of the images; the row number if left out.
        normalize: as in `evaluate`.
        keep_correct: share of the right predictions that become samples with nothing to fix.
        max_per_image, max_per_confusion: samples per image, and per confusion, at most.
        seed: decides which are kept where there is a limit.

    Raises:
        SourceError: the lists do not match.
    """
    rows = predictions_of(predictions, references, ids)
    pictures = None if images is None else list(images)
    if pictures is not None and len(pictures) != len(rows):
        raise SourceError(f"the lists differ in length: {len(rows)} predictions, {len(pictures)} images")
    scan = CandidateScan(
        MiningOptions(
            normalize=chosen_preset(normalize, lambda: rows),
            keep_correct=keep_correct,
            max_per_image=max_per_image,
            max_per_confusion=max_per_confusion,
            seed=seed,
        )
    )
    candidates = list(scan.candidates(rows))
    decisions = choose(
        Candidates.of_table(pa.Table.from_pylist(candidates, CANDIDATES)), max_per_image, max_per_confusion
    )
    rejects = list(scan.rejects)
    taken = []
    for row, decision in zip(candidates, decisions.tolist(), strict=True):
        if decision == TAKEN:
            taken.append(row)
        else:
            rejects.append(Reject(row["id"], row["row"], *REASONS[decision], None, row["label"]))
    dataset = _dataset(taken, pictures, rejects)
    return MinedErrors(dataset, confusions_frame(scan.confusions), _frame(rejects), asdict(scan.counts))


def confusions_frame(confusions: Confusions) -> pd.DataFrame:
    """Confusions as a table, most frequent first; empty ``label`` or ``prediction`` for added and missing symbols."""
    import pandas as pd

    rows = [
        (row.confusion.label, row.confusion.prediction, row.confusion.kind, row.count, row.rate)
        for row in confusions.rows()
    ]
    return pd.DataFrame(rows, columns=["label", "prediction", "kind", "count", "rate"])


def _dataset(rows: list[dict[str, Any]], images: list[ImageLike] | None, rejects: list[Reject]) -> datasets.Dataset:
    import datasets

    columns: dict[str, list[Any]] = {name: [] for name in (*_COLUMNS, *(["image"] if images is not None else []))}
    for row in rows:
        if images is not None:
            try:
                data = image_bytes(images[row["row"]])
                check_image(data)
            except ImageError as error:
                rejects.append(Reject(row["id"], row["row"], error.reason, error.message, None, row["label"]))
                continue
            columns["image"].append({"bytes": data, "path": None})
        for name in _COLUMNS:
            columns[name].append(row["text" if name == "prediction" else name])
    features = {name: datasets.Value("int64" if name == "distance" else "string") for name in _COLUMNS}
    if images is not None:
        features["image"] = datasets.Image()
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def _frame(rejects: list[Reject]) -> pd.DataFrame:
    import pandas as pd

    ordered = sorted(rejects, key=lambda reject: reject.row)
    return pd.DataFrame([asdict(reject) for reject in ordered], columns=REJECTS.names).astype({"row": np.int64})
