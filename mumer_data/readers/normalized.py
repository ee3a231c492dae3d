"""Predictions that may be raw LaTeX: detect them, choose a preset, normalise them with their labels.

Not for single texts: see `mumer_data.latex.answers`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.answers import AnswerNormalizer, is_tokenised
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.rules import chosen_rules, rule_table
from mumer_data.readers.predictions import PredictionFile
from mumer_data.records import Prediction

AUTO, OFF = "auto", "off"
UNCHANGED = "none"  # the name of the preset in a signature where nothing is normalised
_log = logging.getLogger(__name__)
_SAMPLE = 2_000  # different labels that decide on the preset


class NotTokenisedError(Exception):
    """A row is not tokenised although it was assumed to be: normalise the rows."""


@dataclass(slots=True)
class TokenisedCounts:
    """How many predictions and labels are not tokenised, and which preset leaves the tokenised labels unchanged."""

    rows: int = 0
    predictions: int = 0
    labels: int = 0
    _sample: set[str] = field(default_factory=set)

    def add(self, row: Prediction) -> None:
        """Count one row."""
        self.rows += 1
        self.predictions += _is_raw(row)
        tokenised = is_tokenised(row.label)
        self.labels += not tokenised
        if tokenised and len(self._sample) < _SAMPLE:
            self._sample.add(row.label)

    def preset(self) -> str:
        """The preset that changes the fewest tokenised labels; the first one among equals."""
        unchanged: Counter[str] = Counter()
        presets = [name for name in rule_table()[1] if name != "none"]
        for name in presets:
            normal = Normalizer(name)
            unchanged[name] = sum(_unchanged(normal, label) for label in sorted(self._sample))
        return max(presets, key=unchanged.__getitem__)

    def text(self) -> str:
        """The counts in words."""
        parts = [f"{self.predictions:,} of {self.rows:,} predictions"] if self.predictions else []
        parts += [f"{self.labels:,} of {self.rows:,} labels"] if self.labels else []
        return " and ".join(parts)


def _is_raw(row: Prediction) -> bool:
    """Whether a prediction is not tokenised; a ``\\boxed`` that the label lacks counts as a wrapper."""
    if row.prediction.startswith("\\boxed") and "\\boxed" not in row.label:
        return True
    return not is_tokenised(row.prediction)


def _unchanged(normal: Normalizer, label: str) -> bool:
    try:
        return normal(label) == label
    except LatexSyntaxError:
        return False


def tokenised_only(rows: Iterable[Prediction]) -> Iterator[Prediction]:
    """The rows unchanged; raises `NotTokenisedError` at the first row that is not tokenised."""
    for row in rows:
        if _is_raw(row) or not is_tokenised(row.label):
            raise NotTokenisedError
        yield row


def chosen_preset(preset: str | None, rows: Callable[[], Iterable[Prediction]]) -> str | None:
    """The preset that normalises predictions and labels; ``None`` if they are compared unchanged.

    Args:
        preset: a preset of `Normalizer`; ``off`` for none; ``auto`` or ``None`` for none if every prediction and label
            is tokenised, else the preset that fits the labels, with a warning that counts those that are not.
        rows: reads the predictions; called only for ``auto``.

    Raises:
        PipelineError: the preset is unknown.
    """
    if preset == OFF:
        return None
    if preset is not None and preset != AUTO:
        chosen_rules(preset)
        return preset
    counts = TokenisedCounts()
    for row in rows():
        counts.add(row)
    if not counts.predictions and not counts.labels:
        return None
    chosen = counts.preset()
    _log.warning(
        "%s are not tokenised: both sides are normalised with preset %s "
        "(--normalize PRESET chooses another, --normalize off compares them unchanged)",
        *(counts.text(), chosen),
    )
    return chosen


def _normalized(
    rows: Iterable[Prediction], normalizer: AnswerNormalizer | None, *, as_seen: bool = False
) -> Iterator[Prediction]:
    """The rows with both sides normalised; a warning after the last row counts the predictions that are not LaTeX."""
    if normalizer is None:
        yield from rows
        return
    unreadable_before, count = normalizer.unreadable, 0
    for row in rows:
        label, text = normalizer.pair(row.label, row.prediction)
        count += 1
        if (label, text) != (row.label, row.prediction):
            seen = normalizer.pair_as_seen(row.label, row.prediction) if as_seen else None
            row = replace(row, label=label, prediction=text, seen=seen)
        yield row
    unreadable = normalizer.unreadable - unreadable_before
    if unreadable:
        _log.warning(
            "%s of %s predictions cannot be read as LaTeX and are left unchanged", f"{unreadable:,}", f"{count:,}"
        )


def normalized_sources(
    sources: Sequence[Iterable[Prediction]],
    preset: str | None,
    *,
    as_seen: bool = False,
    labelled_only: bool = False,
) -> tuple[list[Iterator[Prediction]], str]:
    """The predictions of several sources, all normalised with one preset, and the name of the preset for a signature.

    Args:
        sources: predictions that can be iterated several times, such as lists or `PredictionFile`.
        preset: see `chosen_preset`.
        as_seen: keep the fonts that normalisation drops in `Prediction.seen`.
        labelled_only: rows without a label do not count in the choice of the preset.

    Raises:
        PipelineError: the preset is unknown.
    """
    rows = (row for source in sources for row in source)
    chosen = chosen_preset(preset, lambda: (row for row in rows if row.label or not labelled_only))
    normalizer = None if chosen is None else AnswerNormalizer(chosen)
    return [_normalized(source, normalizer, as_seen=as_seen) for source in sources], chosen or UNCHANGED


def normalized_files(paths: Iterable[Path], preset: str | None) -> Iterator[tuple[Path, Iterator[Prediction]]]:
    """Each file with its predictions; see `normalized_sources` and `PredictionFile`."""
    files = [PredictionFile(path) for path in paths]
    rows, _ = normalized_sources(files, preset)
    yield from zip([file.path for file in files], rows, strict=True)


def normalized_pair(label: str, text: str, preset: str | None) -> tuple[str, str, str]:
    """One label, the prediction for it, and the name of the preset; see `normalized_sources`."""
    (rows,), name = normalized_sources([[Prediction("", label, text)]], preset)
    (row,) = rows
    return row.label, row.prediction, name
