"""Predictions that may be raw LaTeX: notice them, choose a preset, normalise them with their labels.

Not for single texts: see `mumer_data.latex.answers`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.answers import AnswerNormalizer, is_tokenised
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.rules import chosen_rules, rule_table
from mumer_data.readers.predictions import PredictionFile
from mumer_data.records import Prediction

AUTO, OFF = "auto", "off"
_log = logging.getLogger(__name__)
_VOTES = 2_000  # different labels that decide on the preset


class NotTokenisedError(Exception):
    """A row that is not tokenised, where that was to be assumed: survey the rows, then normalise them."""


@dataclass(slots=True)
class Survey:
    """How many predictions and labels are not tokenised, and which preset leaves the labels as they are."""

    rows: int = 0
    predictions: int = 0
    labels: int = 0
    _sample: set[str] = field(default_factory=set)

    def add(self, row: Prediction) -> None:
        """Note one row."""
        self.rows += 1
        self.predictions += _is_raw(row)
        tokenised = is_tokenised(row.label)
        self.labels += not tokenised
        if tokenised and len(self._sample) < _VOTES:
            self._sample.add(row.label)

    def preset(self) -> str:
        """The preset that changes the fewest of the tokenised labels; the first one where several do."""
        votes: Counter[str] = Counter()
        presets = [name for name in rule_table()[1] if name != "none"]
        for name in presets:
            normal = Normalizer(name)
            votes[name] = sum(_unchanged(normal, label) for label in sorted(self._sample))
        return max(presets, key=votes.__getitem__)

    def text(self) -> str:
        """The counts in words."""
        parts = [f"{self.predictions:,} of {self.rows:,} predictions"] if self.predictions else []
        parts += [f"{self.labels:,} of {self.rows:,} labels"] if self.labels else []
        return " and ".join(parts)


def _is_raw(row: Prediction) -> bool:
    """Whether a prediction is not tokenised; a ``\\boxed`` that the label lacks counts as a wrapper."""
    if row.text.startswith("\\boxed") and "\\boxed" not in row.label:
        return True
    return not is_tokenised(row.text)


def _unchanged(normal: Normalizer, label: str) -> bool:
    try:
        return normal(label) == label
    except LatexSyntaxError:
        return False


def tokenised_only(rows: Iterable[Prediction]) -> Iterator[Prediction]:
    """The rows as they are; raises `NotTokenisedError` at the first that is not tokenised."""
    for row in rows:
        if _is_raw(row) or not is_tokenised(row.label):
            raise NotTokenisedError
        yield row


def chosen_preset(preset: str | None, rows: Callable[[], Iterable[Prediction]]) -> str | None:
    """The preset that normalises predictions and labels; ``None`` where they are compared as they stand.

    Args:
        preset: a preset of `Normalizer`; ``off`` for none; ``auto`` or ``None`` for none where every prediction and
            label is tokenised, else the preset that fits the labels, with a warning that says how many are not.
        rows: reads the predictions; called only where they decide.

    Raises:
        PipelineError: there is no such preset.
    """
    if preset == OFF:
        return None
    if preset is not None and preset != AUTO:
        chosen_rules(preset)
        return preset
    survey = Survey()
    for row in rows():
        survey.add(row)
    if not survey.predictions and not survey.labels:
        return None
    chosen = survey.preset()
    _log.warning(
        "%s are not tokenised: both sides are normalised with preset %s "
        "(--normalize PRESET chooses another, --normalize off compares them as they stand)",
        *(survey.text(), chosen),
    )
    return chosen


def answer_normalizer(preset: str | None, rows: Callable[[], Iterable[Prediction]]) -> AnswerNormalizer | None:
    """The normaliser of the preset that `chosen_preset` names."""
    chosen = chosen_preset(preset, rows)
    return None if chosen is None else AnswerNormalizer(chosen)


def normalized(
    rows: Iterable[Prediction], normalizer: AnswerNormalizer | None, *, as_seen: bool = False
) -> Iterator[Prediction]:
    """The rows with both sides normalised; after the last one, a warning counts the predictions that were not LaTeX.

    ``as_seen``: keep the fonts that normalisation drops in `Prediction.seen`.
    """
    if normalizer is None:
        yield from rows
        return
    before, count = normalizer.unreadable, 0
    for row in rows:
        label, text = normalizer.pair(row.label, row.text)
        count += 1
        if (label, text) != (row.label, row.text):
            seen = normalizer.pair_as_seen(row.label, row.text) if as_seen else None
            row = replace(row, label=label, text=text, seen=seen)
        yield row
    unreadable = normalizer.unreadable - before
    if unreadable:
        _log.warning(
            "%s of %s predictions cannot be read as LaTeX and stay as they are", f"{unreadable:,}", f"{count:,}"
        )


def normalized_files(paths: Iterable[Path], preset: str | None) -> Iterator[tuple[Path, Iterator[Prediction]]]:
    """Each file with its predictions, all normalised alike; see `chosen_preset` and `PredictionFile`."""
    files = [PredictionFile(path) for path in paths]
    normalizer = answer_normalizer(preset, lambda: chain(*files))
    for file in files:
        yield file.path, normalized(file, normalizer)


def name_of(normalizer: AnswerNormalizer | None) -> str:
    """The preset for a signature: ``none`` where nothing is normalised."""
    return "none" if normalizer is None else normalizer.preset


def normalized_pair(label: str, text: str, preset: str | None) -> tuple[str, str, str]:
    """One label, the prediction for it, and the name of the preset; see `answer_normalizer`."""
    row = Prediction("", label, text)
    normalizer = answer_normalizer(preset, lambda: [row])
    (row,) = normalized([row], normalizer)
    return row.label, row.text, name_of(normalizer)
