"""Prediction files -> metrics: each file is read row by row, and normalised if its predictions are raw LaTeX.

Not for lists: see `mumer_data.api`. Not for printing: see `mumer_data.report.scores`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mumer_data.metrics import DEFAULT
from mumer_data.metrics.compare import Comparison, compare
from mumer_data.metrics.evaluate import Evaluation, evaluate, evaluate_pairs
from mumer_data.metrics.label_graph import write_label_graphs
from mumer_data.metrics.pairs import pair_up
from mumer_data.readers.corrections import LabelCorrection, correct_predictions
from mumer_data.readers.labels import with_labels
from mumer_data.readers.normalized import AUTO, UNCHANGED, NotTokenisedError, normalized_sources, tokenised_only
from mumer_data.readers.predictions import PredictionFile
from mumer_data.records import Prediction


class LabelledFile:
    """A prediction file with optional replacement labels; every iteration reads it again.

    Args:
        path: the file.
        labels: id -> label; ``None`` for the labels in the file. Ids that do not match the file raise ``SourceError``.
        corrections: id -> decision about the label; dropped rows are skipped.

    Attributes:
        corrected: number of rows that the last iteration ``changed`` and ``dropped``.
    """

    def __init__(
        self,
        path: Path,
        labels: dict[str, str] | None = None,
        corrections: Mapping[str, LabelCorrection] | None = None,
    ) -> None:
        self._file = PredictionFile(path, labelled=labels is None)
        self._labels = labels
        self._corrections = corrections
        self.corrected: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Prediction]:
        rows: Iterable[Prediction] = self._file
        if self._labels is not None:
            rows = with_labels(list(self._file), self._labels, self._file.path)
        if self._corrections is not None:
            self.corrected.clear()
            rows = correct_predictions(rows, self._corrections, self.corrected)
        return iter(rows)

    @property
    def malformed(self) -> int:
        """Rows skipped in the last iteration."""
        return self._file.malformed


def normalized_file(file: LabelledFile, preset: str | None) -> tuple[list[Prediction], str]:
    """The predictions of a file, normalised (see `normalized_sources`), with fonts; and the name of the preset."""
    (rows,), name = normalized_sources([file], preset, as_seen=True)
    return list(rows), name


def compare_files(one: Path, two: Path, *, preset: str | None = None, seed: int = 0) -> Comparison:
    """Compare two prediction files; if one of them is raw LaTeX, both are normalised with one preset.

    Raises:
        SourceError: a file cannot be read, or they are not predictions of the same images.
    """
    (first, second), name = normalized_sources([LabelledFile(one), LabelledFile(two)], preset)
    return compare(list(first), list(second), normalizer=name, seed=seed)


def evaluate_file(
    file: LabelledFile,
    *,
    preset: str | None = None,
    metrics: Iterable[str] = DEFAULT,
    by: Sequence[str] = (),
    seed: int = 0,
    graphs: Path | None = None,
) -> Evaluation:
    """Evaluate the predictions of one file; ``counts`` includes malformed rows, and corrected labels.

    Args:
        file: the predictions.
        preset: preset that normalises both sides first; see `mumer_data.readers.normalized.normalized_sources`.
        metrics, by, seed: see `mumer_data.metrics.evaluate.evaluate`.
        graphs: folder for the label graphs of both sides.

    Raises:
        SourceError: the file cannot be read.
        OutputError: the label graphs cannot be written.
    """
    names = list(metrics)

    def score(rows: Iterable[Prediction], normalizer: str) -> Evaluation:
        if graphs is None:
            return evaluate(rows, metrics=names, normalizer=normalizer, by=by, seed=seed)
        pairs = pair_up(list(rows))
        write_label_graphs(pairs, graphs)
        return evaluate_pairs([pairs], metrics=names, normalizer=normalizer, by=by, seed=seed)

    evaluation = _scored(file, preset, score, as_seen="rating" in names)
    malformed = {"malformed": file.malformed} if file.malformed else {}
    corrected = {f"labels_{name}": count for name, count in sorted(file.corrected.items())}
    return replace(evaluation, counts={**evaluation.counts, **malformed, **corrected})


def _scored(
    file: LabelledFile,
    preset: str | None,
    score: Callable[[Iterable[Prediction], str], Evaluation],
    *,
    as_seen: bool,
) -> Evaluation:
    if preset in (None, AUTO):
        try:
            return score(tokenised_only(file), UNCHANGED)
        except NotTokenisedError:  # read the file again; a tokenised file is read only once
            pass
    (rows,), name = normalized_sources([file], preset, as_seen=as_seen)
    return score(rows, name)
