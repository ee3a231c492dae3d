"""Finds rows whose label is probably wrong, so that no model learns a correction from them.

Not for the ranking: see `mumer_data.label_audit`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.io.atomic import atomic_write
from mumer_data.label_audit.rank import Finding, rank
from mumer_data.label_audit.rows import Answer, AuditRow
from mumer_data.latex.answers import AnswerNormalizer
from mumer_data.mining.ignore import compared_tokens
from mumer_data.readers.predictions import read_predictions
from mumer_data.records import Prediction

log = logging.getLogger(__name__)
Doubts = Literal["auto", "keep", "apart", "drop"]
DOUBTS: tuple[Doubts, ...] = ("auto", "keep", "apart", "drop")
DOUBTFUL = "label_doubtful"
THRESHOLD = 0.3  # minimum probability of a doubtful label: a wrong correction costs more than a lost one
_MIN_IMAGES, _MAX_IMAGES = 20, 200_000  # outside these limits labels are not ranked
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("dataset", pa.string()),
        ("label", pa.string()),
        ("proposal", pa.string()),
        ("probability", pa.float64()),
        ("agreement", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One image whose label is probably wrong; the fields are the columns of ``doubts.parquet``."""

    id: str
    dataset: str
    label: str
    proposal: str
    probability: float
    agreement: float


def image_name(dataset: str, example_id: str) -> str:
    """The identity of an image."""
    return f"{dataset}\0{example_id}"


def find_doubts(
    files: Sequence[Path],
    doubts: Doubts,
    normalizer: AnswerNormalizer | None = None,
    ignore: Sequence[str] = (),
    threshold: float = THRESHOLD,
) -> list[Doubt]:
    """The doubtful labels in prediction files; each file is one model or fold.

    Args:
        files: prediction files.
        doubts: ``keep`` ranks nothing; ``auto`` ranks only if there are several files or several predictions of one
            image.
        normalizer, ignore: applied to labels and predictions; see `compared_tokens`.
        threshold: minimum probability of a doubtful label.

    Raises:
        SourceError: a file cannot be read.
    """
    if doubts == "keep":
        return []
    answers: dict[str, list[Answer]] = {}
    labels: dict[str, list[str]] = {}
    predictions = 0
    for model, path in enumerate(files):
        for row in read_predictions(path):
            if not isinstance(row, Prediction):
                continue
            predictions += 1
            name = image_name(row.dataset, row.id)
            label, text = compared_tokens(row, normalizer, ignore)
            labels.setdefault(name, label)
            answers.setdefault(name, []).append(Answer(model, tuple(text), row.logprob))
            if len(labels) > _MAX_IMAGES:
                log.warning("more than %s images: doubtful labels are not set apart", f"{_MAX_IMAGES:,}")
                return []
    if len(labels) < _MIN_IMAGES or (doubts == "auto" and len(files) == 1 and predictions == len(labels)):
        return []
    rows = [AuditRow(name, tuple(label), tuple(answers[name])) for name, label in labels.items()]
    return [_doubt(finding) for finding in rank(rows) if finding.probability >= threshold and finding.proposal]


def _doubt(finding: Finding) -> Doubt:
    dataset, _, example_id = finding.id.partition("\0")
    probability, agreement = round(finding.probability, 4), round(finding.evidence["agreement"], 4)
    return Doubt(example_id, dataset, finding.label, finding.proposal, probability, agreement)


def write_doubts(path: Path, doubts: Sequence[Doubt]) -> None:
    """Write ``doubts.parquet``."""
    columns = {name: [getattr(doubt, name) for doubt in doubts] for name in SCHEMA.names}
    with atomic_write(path) as temporary:
        pq.write_table(pa.table(columns, SCHEMA), temporary)


def doubtful_names(path: Path) -> frozenset[str]:
    """The names of the images in a file of `write_doubts`; empty if the file does not exist."""
    if not path.is_file():
        return frozenset()
    table = pq.read_table(path, columns=["dataset", "id"]).to_pydict()
    return frozenset(map(image_name, table["dataset"], table["id"]))
