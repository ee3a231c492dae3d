"""Prediction files -> confusions, row by row, in bounded memory.

Not for samples: see `scan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from mumer_data.alignment.confusions import Confusions
from mumer_data.readers.normalized import answer_normalizer, normalized
from mumer_data.readers.predictions import PredictionFile, prediction_files


def count_confusions(paths: Sequence[Path], normalize: str | None = None) -> Confusions:
    """The confusions of prediction files and of folders of them, read row by row.

    Args:
        paths: see `prediction_files`.
        normalize: preset that is applied to labels and predictions first; see `answer_normalizer`.

    Raises:
        SourceError: a file cannot be read, or has no row that is a prediction.
    """
    files = [PredictionFile(path) for path in prediction_files(paths)]
    normalizer = answer_normalizer(normalize, lambda: chain(*files))
    confusions = Confusions()
    for file in files:
        for row in normalized(file, normalizer):
            confusions.add_prediction(row.label, row.text, row.id, row.dataset)
    return confusions
