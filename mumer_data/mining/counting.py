"""Prediction files -> confusions, row by row, in bounded memory.

Not for samples: see `candidates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mumer_data.alignment.confusions import Confusions
from mumer_data.mining.ignore import compared_tokens
from mumer_data.readers.normalized import normalized_files
from mumer_data.readers.predictions import prediction_files


def count_confusions(paths: Sequence[Path], normalize: str | None = None, ignore: Sequence[str] = ()) -> Confusions:
    """The confusions of prediction files and of folders of them, read row by row.

    Args:
        paths: see `prediction_files`.
        normalize: preset that is applied to labels and predictions first; see `normalized_files`.
        ignore: marks that an image cannot show, removed from both sides; see `ignore.IGNORABLE`.

    Raises:
        SourceError: a file cannot be read, or has no valid prediction.
    """
    confusions = Confusions()
    for _, rows in normalized_files(prediction_files(paths), normalize):
        for row in rows:
            label, text = compared_tokens(row, None, ignore) if ignore else (row.label.split(), row.prediction.split())
            confusions.add_prediction(" ".join(label), " ".join(text), row.id, row.dataset)
    return confusions
