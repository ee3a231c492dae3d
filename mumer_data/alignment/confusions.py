"""Counts of what is confused with what: an accumulator that takes scripts one by one and adds up across workers.

Bounded in memory; not for printing (see `report`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mumer_data.alignment.align import Edit, EditScript, align
from mumer_data.alignment.degenerate import degenerate
from mumer_data.alignment.edit_types import Kind
from mumer_data.alignment.token_roles import is_structure

EXAMPLES = 3
MAX_PAIRS = 100_000  # different confusions held; a model that babbles could make up any number of them
_BRACES = frozenset("{}")


class Confusion(NamedTuple):
    """One way to be wrong: a label symbol and what the model reads instead.

    Attributes:
        dataset: where the images come from, or ``""``.
        label: the symbol that should stand there; ``""`` where the model adds one.
        text: the symbol that the model gives; ``""`` where it leaves one out.
        kind: ``symbol``, ``relation`` or ``structure``.
    """

    dataset: str
    label: str
    text: str
    kind: Kind


class ErrorExample(NamedTuple):
    """One place where a confusion was seen: id of the image, label and prediction."""

    id: str
    label: str
    text: str


@dataclass(slots=True)
class Seen:
    """How often a confusion was seen, and the first few examples, each of another image."""

    count: int = 0
    examples: list[ErrorExample] = field(default_factory=list)

    def add(self, count: int, examples: Iterable[ErrorExample]) -> None:
        """Count more of the same."""
        self.count += count
        for example in examples:
            if len(self.examples) >= EXAMPLES:
                return
            if all(known.id != example.id for known in self.examples):
                self.examples.append(example)


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """One confusion as tables show it.

    Attributes:
        confusion: what is confused with what.
        count: how often, over all predictions.
        rate: ``count`` by how often the label has that symbol; by the number of label tokens for additions.
        examples: where.
    """

    confusion: Confusion
    count: int
    rate: float
    examples: tuple[ErrorExample, ...]


@dataclass
class Confusions:
    """What was confused in the predictions seen so far.

    Attributes:
        predictions, wrong: how many predictions, and how many of them had an edit.
        degenerate: how many more there were that say nothing of symbols; see `errors.degenerate`.
        symbols: (dataset, token) -> how often the labels have it.
        pairs: every confusion seen.
        dropped: how many sightings were let go with rare confusions when there were more than ``limit``.
        limit: how many different confusions are held.
    """

    predictions: int = 0
    wrong: int = 0
    degenerate: int = 0
    symbols: Counter[tuple[str, str]] = field(default_factory=Counter)
    pairs: dict[Confusion, Seen] = field(default_factory=dict)
    dropped: int = 0
    limit: int = MAX_PAIRS

    def add_right(self, label: Iterable[str], dataset: str = "") -> None:
        """Count a prediction that is its label."""
        self.predictions += 1
        for token in label:
            self.symbols[dataset, token] += 1

    def add_prediction(self, label: str, text: str, example_id: str, dataset: str = "") -> None:
        """Align and count a prediction; a degenerate one is only numbered, else it would drown all others."""
        wanted, given = label.split(), text.split()
        if wanted == given:
            self.add_right(wanted, dataset)
        elif degenerate(wanted, given):
            self.degenerate += 1
        else:
            self.add(align(wanted, given), example_id, dataset)

    def add(self, script: EditScript, example_id: str, dataset: str = "") -> list[Confusion]:
        """Count a prediction by its script; gives the confusions in it."""
        self.add_right(script.label, dataset)
        found = confusions_of(script, dataset)
        self.wrong += bool(script.edits)
        if found:
            seen = [self.pairs.setdefault(confusion, Seen()) for confusion in found]
            for one in seen:
                one.count += 1
            if any(len(one.examples) < EXAMPLES for one in seen):
                example = ErrorExample(example_id, " ".join(script.label), " ".join(script.text))
                for one in seen:
                    one.add(0, (example,))
            self._shrink()
        return found

    def merge(self, later: Confusions) -> None:
        """Add the counts of predictions that come after those seen here."""
        self.predictions += later.predictions
        self.wrong += later.wrong
        self.degenerate += later.degenerate
        self.dropped += later.dropped
        self.symbols.update(later.symbols)
        for confusion, seen in later.pairs.items():
            self.pairs.setdefault(confusion, Seen()).add(seen.count, seen.examples)
        self._shrink()

    def _shrink(self) -> None:
        """Beyond twice the limit, let the rarest go; the twofold makes that rare."""
        if len(self.pairs) <= 2 * self.limit:
            return
        ordered = sorted(self.pairs.items(), key=lambda item: (-item[1].count, item[0]))
        self.dropped += sum(seen.count for _, seen in ordered[self.limit :])
        self.pairs = dict(ordered[: self.limit])

    def rows(self) -> list[ConfusionRow]:
        """All confusions, the most frequent first, equal counts in order of their symbols."""
        totals: Counter[str] = Counter()
        for (dataset, _), count in self.symbols.items():
            totals[dataset] += count
        rows = []
        for confusion, seen in self.pairs.items():
            occurs = self.symbols[confusion.dataset, confusion.label] if confusion.label else totals[confusion.dataset]
            rows.append(ConfusionRow(confusion, seen.count, seen.count / max(occurs, 1), tuple(seen.examples)))
        return sorted(rows, key=lambda row: (-row.count, row.confusion))

    def all_datasets(self) -> Confusions:
        """The same counts with the data sets added up."""
        found = Confusions(self.predictions, self.wrong, self.degenerate, dropped=self.dropped, limit=self.limit)
        for (_, token), count in self.symbols.items():
            found.symbols["", token] += count
        for confusion, seen in self.pairs.items():
            found.pairs.setdefault(confusion._replace(dataset=""), Seen()).add(seen.count, seen.examples)
        return found


def confusions_of(script: EditScript, dataset: str = "") -> list[Confusion]:
    """The confusions of one prediction, one for each edit that says something.

    Braces follow from the mark or command that they belong to: they count only where nothing else structural is wrong.
    """
    edits = list(_telling(script.edits))
    return [
        Confusion(dataset, "".join(edit.label_tokens), "".join(edit.prediction_tokens), edit.kind)  # one token at most
        for edit in edits
    ]


def _telling(edits: tuple[Edit, ...]) -> Iterator[Edit]:
    only_braces = not any(_structural(edit) and not _of_braces(edit) for edit in edits)
    for edit in edits:
        if only_braces or not _of_braces(edit):
            yield edit


def _structural(edit: Edit) -> bool:
    return any(is_structure(token) for token in (*edit.label_tokens, *edit.prediction_tokens))


def _of_braces(edit: Edit) -> bool:
    return all(token in _BRACES for token in (*edit.label_tokens, *edit.prediction_tokens))
