"""Prediction files -> figures: each file is read row by row, and normalised where its predictions are raw LaTeX.

Not for lists: see `mumer_data.api`. Not for printing: see `mumer_data.report.scores`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from mumer_data.metrics import DEFAULT
from mumer_data.metrics.compare import Comparison, compare
from mumer_data.metrics.evaluate import Evaluation, evaluate, evaluate_pairs
from mumer_data.metrics.label_graph import write_label_graphs
from mumer_data.metrics.pairs import pair_up
from mumer_data.readers.corrections import LabelCorrection, correct_predictions
from mumer_data.readers.labels import with_labels
from mumer_data.readers.normalized import (
    AUTO,
    NotTokenisedError,
    answer_normalizer,
    name_of,
    normalized,
    tokenised_only,
)
from mumer_data.readers.predictions import PredictionFile
from mumer_data.records import Prediction


class LabelledFile:
    """A prediction file whose labels other files may replace; read anew by each pass.

    Args:
        path: the file.
        labels: id -> label; ``None`` for the labels in the file. They have the ids of the file, else ``SourceError``.
        corrections: id -> decision about the label; rows that it drops are left out.

    Attributes:
        corrected: rows that the last pass ``changed`` and ``dropped``.
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
        """Rows left out in the last pass."""
        return self._file.malformed


def normalized_file(file: LabelledFile, preset: str | None) -> tuple[list[Prediction], str]:
    """The predictions of a file, normalised as `answer_normalizer` says, with fonts; and the name of the preset."""
    normalizer = answer_normalizer(preset, file.__iter__)
    return list(normalized(file, normalizer, as_seen=True)), name_of(normalizer)


def compare_files(one: Path, two: Path, *, preset: str | None = None, seed: int = 0) -> Comparison:
    """Compare two prediction files; where one of them is raw LaTeX, both are normalised with one preset.

    Raises:
        SourceError: a file cannot be read, or they are not predictions of the same images.
    """
    files = LabelledFile(one), LabelledFile(two)
    normalizer = answer_normalizer(preset, lambda: chain(*files))
    rows = [list(normalized(file, normalizer)) for file in files]
    return compare(*rows, normalizer=name_of(normalizer), seed=seed)


def evaluate_file(
    file: LabelledFile,
    *,
    preset: str | None = None,
    metrics: Iterable[str] = DEFAULT,
    by: Sequence[str] = (),
    seed: int = 0,
    graphs: Path | None = None,
) -> Evaluation:
    """Judge the predictions of one file; rows that are malformed, and labels that corrections
    change or drop, are counted in ``counts``.

    Args:
        file: the predictions.
        preset: normalises both sides first; see `mumer_data.readers.normalized.answer_normalizer`.
        metrics, by, seed: see `mumer_data.metrics.evaluate.evaluate`.
        graphs: folder for the label graphs of both sides.

    Raises:
        SourceError: the file cannot be read.
        OutputError: the label graphs cannot be written.
    """
    names = list(metrics)

    def judge(rows: Iterable[Prediction], normalizer: str) -> Evaluation:
        if graphs is None:
            return evaluate(rows, metrics=names, normalizer=normalizer, by=by, seed=seed)
        pairs = pair_up(list(rows))
        write_label_graphs(pairs, graphs)
        return evaluate_pairs([pairs], metrics=names, normalizer=normalizer, by=by, seed=seed)

    evaluation = _judged(file, preset, judge, as_seen="rating" in names)
    malformed = {"malformed": file.malformed} if file.malformed else {}
    corrected = {f"labels_{name}": count for name, count in sorted(file.corrected.items())}
    return replace(evaluation, counts={**evaluation.counts, **malformed, **corrected})


def _judged(
    file: LabelledFile,
    preset: str | None,
    judge: Callable[[Iterable[Prediction], str], Evaluation],
    *,
    as_seen: bool,
) -> Evaluation:
    if preset in (None, AUTO):
        try:
            return judge(tokenised_only(file), "none")
        except NotTokenisedError:  # the file is read again, so that a tokenised one is read once only
            pass
    normalizer = answer_normalizer(preset, file.__iter__)
    return judge(normalized(file, normalizer, as_seen=as_seen), name_of(normalizer))
