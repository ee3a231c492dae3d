"""Confusion counts: an accumulator of edit scripts, mergeable across workers and bounded in memory.

Not for printing: see `report`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mumer_data.alignment.align import Edit, EditScript, align
from mumer_data.alignment.degenerate import degenerate
from mumer_data.alignment.edit_types import EditType
from mumer_data.alignment.token_roles import is_structure

EXAMPLES = 3
MAX_PAIRS = 100_000  # different confusions kept; degenerate predictions could produce any number of them
_BRACES = frozenset("{}")


class Confusion(NamedTuple):
    """A label symbol and what the model recognised instead.

    Attributes:
        dataset: where the images come from, or ``""``.
        label: the label's symbol; ``""`` where the model added one.
        prediction: the prediction's symbol; ``""`` where the model omitted one.
        kind: ``symbol``, ``relation`` or ``structure``.
    """

    dataset: str
    label: str
    prediction: str
    kind: EditType


class ErrorExample(NamedTuple):
    """One prediction with a confusion: id of the image, label and prediction."""

    id: str
    label: str
    prediction: str


@dataclass(slots=True)
class Occurrences:
    """How often a confusion occurred, and the first few examples, each of another image."""

    count: int = 0
    examples: list[ErrorExample] = field(default_factory=list)

    def add(self, count: int, examples: Iterable[ErrorExample]) -> None:
        """Add further occurrences."""
        self.count += count
        for example in examples:
            if len(self.examples) >= EXAMPLES:
                return
            if all(kept.id != example.id for kept in self.examples):
                self.examples.append(example)


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """One row of a table of confusions.

    Attributes:
        confusion: what is confused with what.
        count: occurrences over all predictions.
        rate: ``count`` divided by the symbol's occurrences in labels; for additions, by the number of label tokens.
        examples: the first few predictions.
    """

    confusion: Confusion
    count: int
    rate: float
    examples: tuple[ErrorExample, ...]


@dataclass
class Confusions:
    """The confusions in the predictions added so far.

    Attributes:
        predictions, wrong: how many predictions, and how many of them had an edit.
        degenerate: further predictions that were not aligned; see `alignment.degenerate`.
        symbols: (dataset, token) -> occurrences in labels.
        pairs: every confusion and its occurrences.
        dropped: occurrences of rare confusions that were discarded because there were more than ``limit``.
        limit: number of different confusions to keep.
    """

    predictions: int = 0
    wrong: int = 0
    degenerate: int = 0
    symbols: Counter[tuple[str, str]] = field(default_factory=Counter)
    pairs: dict[Confusion, Occurrences] = field(default_factory=dict)
    dropped: int = 0
    limit: int = MAX_PAIRS

    def add_correct(self, label: Iterable[str], dataset: str = "") -> None:
        """Count a prediction that equals its label."""
        self.predictions += 1
        for token in label:
            self.symbols[dataset, token] += 1

    def add_prediction(self, label: str, prediction: str, example_id: str, dataset: str = "") -> None:
        """Align and count a prediction; a degenerate one, whose edits would dominate, only adds to ``degenerate``."""
        label_tokens, prediction_tokens = label.split(), prediction.split()
        if label_tokens == prediction_tokens:
            self.add_correct(label_tokens, dataset)
        elif degenerate(label_tokens, prediction_tokens):
            self.degenerate += 1
        else:
            self.add(align(label_tokens, prediction_tokens), example_id, dataset)

    def add(self, script: EditScript, example_id: str, dataset: str = "") -> list[Confusion]:
        """Count a prediction by its edit script; returns the confusions in it."""
        self.add_correct(script.label, dataset)
        confusions = confusions_of(script, dataset)
        self.wrong += bool(script.edits)
        if confusions:
            occurrences = [self.pairs.setdefault(confusion, Occurrences()) for confusion in confusions]
            for occurrence in occurrences:
                occurrence.count += 1
            if any(len(occurrence.examples) < EXAMPLES for occurrence in occurrences):
                example = ErrorExample(example_id, " ".join(script.label), " ".join(script.prediction))
                for occurrence in occurrences:
                    occurrence.add(0, (example,))
            self._shrink()
        return confusions

    def merge(self, later: Confusions) -> None:
        """Add the counts of predictions that come after those counted here."""
        self.predictions += later.predictions
        self.wrong += later.wrong
        self.degenerate += later.degenerate
        self.dropped += later.dropped
        self.symbols.update(later.symbols)
        for confusion, occurrences in later.pairs.items():
            self.pairs.setdefault(confusion, Occurrences()).add(occurrences.count, occurrences.examples)
        self._shrink()

    def _shrink(self) -> None:
        """Beyond twice the limit, discard the rarest; the factor of two makes that rare."""
        if len(self.pairs) <= 2 * self.limit:
            return
        ordered = sorted(self.pairs.items(), key=lambda item: (-item[1].count, item[0]))
        self.dropped += sum(occurrences.count for _, occurrences in ordered[self.limit :])
        self.pairs = dict(ordered[: self.limit])

    def rows(self) -> list[ConfusionRow]:
        """All confusions, the most frequent first, equal counts in order of their symbols."""
        totals: Counter[str] = Counter()
        for (dataset, _), count in self.symbols.items():
            totals[dataset] += count
        rows = []
        for confusion, occurrences in self.pairs.items():
            whole = self.symbols[confusion.dataset, confusion.label] if confusion.label else totals[confusion.dataset]
            rate = occurrences.count / max(whole, 1)
            rows.append(ConfusionRow(confusion, occurrences.count, rate, tuple(occurrences.examples)))
        return sorted(rows, key=lambda row: (-row.count, row.confusion))

    def all_datasets(self) -> Confusions:
        """The same counts, summed over the data sets."""
        total = Confusions(self.predictions, self.wrong, self.degenerate, dropped=self.dropped, limit=self.limit)
        for (_, token), count in self.symbols.items():
            total.symbols["", token] += count
        for confusion, occurrences in self.pairs.items():
            merged = total.pairs.setdefault(confusion._replace(dataset=""), Occurrences())
            merged.add(occurrences.count, occurrences.examples)
        return total


def confusions_of(script: EditScript, dataset: str = "") -> list[Confusion]:
    """The confusions of one prediction, one per informative edit.

    Braces follow from the mark or command that they belong to: they count only where no other structure is wrong.
    """
    edits = list(_informative(script.edits))
    return [
        Confusion(dataset, "".join(edit.label_tokens), "".join(edit.prediction_tokens), edit.kind)  # one token at most
        for edit in edits
    ]


def _informative(edits: tuple[Edit, ...]) -> Iterator[Edit]:
    only_braces = not any(_structural(edit) and not _of_braces(edit) for edit in edits)
    for edit in edits:
        if only_braces or not _of_braces(edit):
            yield edit


def _structural(edit: Edit) -> bool:
    return any(is_structure(token) for token in (*edit.label_tokens, *edit.prediction_tokens))


def _of_braces(edit: Edit) -> bool:
    return all(token in _BRACES for token in (*edit.label_tokens, *edit.prediction_tokens))
