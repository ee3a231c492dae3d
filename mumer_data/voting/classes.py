"""Groups the candidates of one image into classes with equal canonical labels, trees or renderings (VisEq).

Not for choosing between the classes: see `decide`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from mumer_data.latex.parser import try_parse
from mumer_data.latex.tree import SymbolTree

MAX_VISUAL = 8
"""Maximum number of classes per image whose renderings are compared, those with most votes first."""


@dataclass(slots=True)
class Candidate:
    """One equivalence class of labels.

    Attributes:
        label: the label with most weight in the class; the first one among equals.
        tokens: the tokens of ``label``.
        weight: sum of the weights of its voters.
        voters: sources that voted for it.
        parses: whether the label parses.
        log_probability: the highest one reported by a recognizer for a label of the class, in nats, or ``None``.
    """

    label: str
    tokens: list[str]
    weight: float
    voters: list[int]
    parses: bool
    log_probability: float | None = None
    _tree: SymbolTree | None = field(default=None, repr=False)

    def merge(self, other: Candidate) -> None:
        """Merge another class into this one."""
        self.weight += other.weight
        self.voters = sorted([*self.voters, *other.voters])
        known = [value for value in (self.log_probability, other.log_probability) if value is not None]
        self.log_probability = max(known, default=None)


def classes_of(
    labels: Sequence[str], weights: Sequence[float], log_probabilities: Sequence[float | None] | None = None
) -> list[Candidate]:
    """Group labels into classes, the heaviest first; an empty label does not vote.

    Args:
        labels: one per source; all normalised in the same way, or none.
        weights: one per source.
        log_probabilities: one per source, or ``None``.
    """
    by_label: dict[str, Candidate] = {}
    for source, (label, weight) in enumerate(zip(labels, weights, strict=True)):
        tokens = label.split()
        if not tokens:
            continue
        reported = None if log_probabilities is None else log_probabilities[source]
        tree = try_parse(tokens)
        value = reported if reported is not None and math.isfinite(reported) else None
        candidate = Candidate(" ".join(tokens), tokens, weight, [source], tree is not None, value, tree)
        if candidate.label in by_label:
            by_label[candidate.label].merge(candidate)
        else:
            by_label[candidate.label] = candidate
    classes = sorted(by_label.values(), key=lambda candidate: -candidate.weight)
    if len(classes) > 1:
        classes = _merged_by_rendering(_merged_by_tree(classes))
    return sorted(classes, key=lambda candidate: -candidate.weight)


def _merged_by_tree(classes: list[Candidate]) -> list[Candidate]:
    by_tree: dict[object, Candidate] = {}
    for candidate in classes:
        key = candidate.label if candidate._tree is None else tuple(candidate._tree.rows())
        if key in by_tree:
            by_tree[key].merge(candidate)
        else:
            by_tree[key] = candidate
    return list(by_tree.values())


def _merged_by_rendering(classes: list[Candidate]) -> list[Candidate]:
    merged: list[Candidate] = []
    for candidate in classes:
        same = next((other for other in merged[:MAX_VISUAL] if _renders_like(other, candidate)), None)
        if same is None:
            merged.append(candidate)
        else:
            same.merge(candidate)
    return merged


def _renders_like(a: Candidate, b: Candidate) -> bool:
    from mumer_data.metrics.cdm import cdm_score

    if not (a.parses and b.parses) or abs(len(a.tokens) - len(b.tokens)) > 6:
        return False
    return sorted(_symbols(a)) == sorted(_symbols(b)) and cdm_score(a.label, b.label).viseq


def _symbols(candidate: Candidate) -> list[str]:
    """The tokens that are drawn; two labels are rendered only if these are equal."""
    return [token for token in candidate.tokens if token not in _NOT_DRAWN]


_NOT_DRAWN = frozenset(
    ["{", "}", "^", "_", "\\limits", "\\nolimits", "\\left", "\\right", "\\,", "\\;", "\\!", "\\quad"]
)
