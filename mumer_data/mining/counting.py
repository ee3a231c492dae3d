"""Prediction files -> confusions, row by row, in bounded memory.

Not for samples: see `scan`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mumer_data.alignment.confusions import Confusions
from mumer_data.exceptions import LatexSyntaxError, SourceError
from mumer_data.latex.normalize import Normalizer
from mumer_data.readers.predictions import prediction_files, read_predictions
from mumer_data.records import Reject


def count_confusions(paths: Sequence[Path], normalize: str | None = None) -> Confusions:
    """The confusions of prediction files and of folders of them, read row by row.

    Args:
        paths: see `prediction_files`.
        normalize: preset that is applied to labels and predictions first; a text that it cannot read stays as it is.

    Raises:
        SourceError: a file cannot be read, or none has a row that is a prediction.
    """
    found, normal = Confusions(), normalizer(normalize)
    for path in prediction_files(paths):
        for row in read_predictions(path):
            if not isinstance(row, Reject):
                found.add_prediction(normal(row.label), normal(row.text), row.id, row.dataset)
    if not found.predictions and not found.degenerate:
        raise SourceError(f"no predictions in {', '.join(map(str, paths))}; are these the right files?")
    return found


def normalizer(preset: str | None) -> Callable[[str], str]:
    """A function that normalises a text with a preset, and leaves unreadable texts unchanged."""
    if preset is None:
        return str
    normal = Normalizer(preset)

    def apply(text: str) -> str:
        try:
            return normal(text)
        except LatexSyntaxError:
            return text

    return apply
