"""Candidates for one image, in classes of labels that mean the same: canonical label, tree, look (VisEq).

Not for choosing between the classes: see `decide`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from mumer_data.latex.parser import try_parse
from mumer_data.latex.tree import SymbolTree

MAX_VISUAL = 8
"""Only so many classes of an image are compared by their look, those with most votes first."""


@dataclass(slots=True)
class Candidate:
    """One class of labels.

    Attributes:
        label: the label of the class with most weight; the first one among equals.
        tokens: of it.
        weight: sum of the weights of its voters.
        voters: sources that voted for it.
        parses: whether the grammar reads it.
        log_probability: the best one that a recognizer reported for a label of the class, in nats; else ``None``.
    """

    label: str
    tokens: list[str]
    weight: float
    voters: list[int]
    parses: bool
    log_probability: float | None = None
    _tree: SymbolTree | None = field(default=None, repr=False)

    def take(self, other: Candidate) -> None:
        """Join another class to this one."""
        self.weight += other.weight
        self.voters = sorted([*self.voters, *other.voters])
        known = [one for one in (self.log_probability, other.log_probability) if one is not None]
        self.log_probability = max(known, default=None)


def classes_of(
    labels: Sequence[str], weights: Sequence[float], log_probabilities: Sequence[float | None] | None = None
) -> list[Candidate]:
    """The classes of some labels, the heaviest first; an empty label votes for nothing.

    Args:
        labels: one per source, normalised or not, all in the same way.
        weights: one per source.
        log_probabilities: one per source, or none.
    """
    by_label: dict[str, Candidate] = {}
    for source, (label, weight) in enumerate(zip(labels, weights, strict=True)):
        tokens = label.split()
        if not tokens:
            continue
        found = None if log_probabilities is None else log_probabilities[source]
        tree = try_parse(tokens)
        value = found if found is not None and math.isfinite(found) else None
        one = Candidate(" ".join(tokens), tokens, weight, [source], tree is not None, value, tree)
        if one.label in by_label:
            by_label[one.label].take(one)
        else:
            by_label[one.label] = one
    classes = sorted(by_label.values(), key=lambda one: -one.weight)
    if len(classes) > 1:
        classes = _joined_by_look(_joined_by_tree(classes))
    return sorted(classes, key=lambda one: -one.weight)


def _joined_by_tree(classes: list[Candidate]) -> list[Candidate]:
    by_tree: dict[object, Candidate] = {}
    for one in classes:
        key = one.label if one._tree is None else tuple(one._tree.rows())
        if key in by_tree:
            by_tree[key].take(one)
        else:
            by_tree[key] = one
    return list(by_tree.values())


def _joined_by_look(classes: list[Candidate]) -> list[Candidate]:
    joined: list[Candidate] = []
    for one in classes:
        same = next((other for other in joined[:MAX_VISUAL] if _looks_like(other, one)), None)
        if same is None:
            joined.append(one)
        else:
            same.take(one)
    return joined


def _looks_like(one: Candidate, two: Candidate) -> bool:
    from mumer_data.metrics.cdm import cdm_score

    if not (one.parses and two.parses) or abs(len(one.tokens) - len(two.tokens)) > 6:
        return False
    return sorted(_symbols(one)) == sorted(_symbols(two)) and cdm_score(one.label, two.label).viseq


def _symbols(one: Candidate) -> list[str]:
    """What must be the same before two labels are typeset and compared: all but marks, braces and spaces."""
    return [token for token in one.tokens if token not in _UNSEEN]


_UNSEEN = frozenset(["{", "}", "^", "_", "\\limits", "\\nolimits", "\\left", "\\right", "\\,", "\\;", "\\!", "\\quad"])
