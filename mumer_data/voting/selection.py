"""Active learning: selects images to label by disagreement of models, confusions not yet covered, and diversity.

Needs no labels. Not for votes: see `decide`.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from mumer_data.voting.classes import classes_of

Confusion = tuple[str, str]
MAX_CONFUSIONS = 8
"""Maximum number of confusions counted per image: a runaway prediction must not cover everything."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An image on which sources disagree.

    Attributes:
        index: index of the image in the input.
        label: the label with most votes.
        doubt: 1 - the share of the sources that vote for it, 0-1.
        confusions: pairs of tokens in which other sources differ; ``""`` for a missing or extra token.
    """

    index: int
    label: str
    doubt: float
    confusions: tuple[Confusion, ...]


def doubtful_of(index: int, labels: Sequence[str]) -> Doubtful | None:
    """The disagreement on one image; ``None`` if the labels of all sources are equivalent.

    Args:
        index: index of the image in the input.
        labels: one per source.
    """
    classes = classes_of(labels, [1.0] * len(labels))
    if len(classes) < 2:
        return None
    total = sum(candidate.weight for candidate in classes)
    pairs = [pair for other in classes[1:] for pair in _confusions(classes[0].tokens, other.tokens)]
    kinds = tuple(dict.fromkeys(pairs))[:MAX_CONFUSIONS]
    return Doubtful(index, classes[0].label, 1 - classes[0].weight / total, kinds)


def _confusions(tokens: Sequence[str], others: Sequence[str]) -> list[Confusion]:
    """The pairs of tokens that differ, sorted within each pair: which of the two is correct is unknown."""
    pairs = []
    for edit in Levenshtein.editops(tokens, others):
        a = "" if edit.tag == "insert" else tokens[edit.src_pos]
        b = "" if edit.tag == "delete" else others[edit.dest_pos]
        pairs.append((min(a, b), max(a, b)))
    return pairs


def select(candidates: Sequence[Doubtful], budget: int) -> list[Doubtful]:
    """Select the ``budget`` images with the highest scores, in the order of selection.

    The score of an image is its doubt, times the sum over its confusions of log(1 + frequency) / (1 + times selected
    already), divided by 1 + how often its label is selected already. Scores only decrease as images are selected, so
    lazy greedy evaluation recomputes few of them.

    Source: M. Minoux, Accelerated greedy algorithms for maximizing submodular set functions, 1978.
    """
    frequency = Counter(pair for one in candidates for pair in one.confusions)
    covered: Counter[Confusion] = Counter()
    labels: Counter[str] = Counter()

    def score(one: Doubtful) -> float:
        gain = sum(math.log1p(frequency[pair]) / (1 + covered[pair]) for pair in one.confusions)
        return one.doubt * gain / (1 + labels[one.label])

    heap = [(-score(one), one.index, one) for one in candidates]
    heapq.heapify(heap)
    chosen: list[Doubtful] = []
    while heap and len(chosen) < budget:
        _, index, one = heapq.heappop(heap)
        updated = -score(one)
        if heap and (updated, index) > heap[0][:2]:
            heapq.heappush(heap, (updated, index, one))
            continue
        chosen.append(one)
        covered.update(one.confusions)
        labels[one.label] += 1
    return chosen
