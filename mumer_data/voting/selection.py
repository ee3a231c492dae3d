"""Active learning: which images a person should label, from disagreement, confusions not yet covered, and diversity.

Not for votes: see `decide`. No label is needed.
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
"""Confusions of one image that count, at most: a runaway prediction must not cover everything."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An image on which sources disagree.

    Attributes:
        place: of the image among all.
        label: what most sources say.
        doubt: 1 - the share of the sources that say so, 0-1.
        confusions: pairs of tokens that other sources have instead; ``""`` where a token is missing or extra.
    """

    place: int
    label: str
    doubt: float
    confusions: tuple[Confusion, ...]


def doubtful_of(place: int, labels: Sequence[str]) -> Doubtful | None:
    """The doubt about one image; ``None`` where all sources mean the same.

    Args:
        place: of the image among all.
        labels: one per source.
    """
    classes = classes_of(labels, [1.0] * len(labels))
    if len(classes) < 2:
        return None
    total = sum(one.weight for one in classes)
    pairs = [pair for other in classes[1:] for pair in _confusions(classes[0].tokens, other.tokens)]
    kinds = tuple(dict.fromkeys(pairs))[:MAX_CONFUSIONS]
    return Doubtful(place, classes[0].label, 1 - classes[0].weight / total, kinds)


def _confusions(one: Sequence[str], two: Sequence[str]) -> list[Confusion]:
    """The tokens that differ, in pairs with the lesser one first: which of the two is right is not known."""
    found = []
    for edit in Levenshtein.editops(one, two):
        a = "" if edit.tag == "insert" else one[edit.src_pos]
        b = "" if edit.tag == "delete" else two[edit.dest_pos]
        found.append((min(a, b), max(a, b)))
    return found


def select(candidates: Sequence[Doubtful], budget: int) -> list[Doubtful]:
    """The ``budget`` images of most worth, in the order of selection.

    The worth of an image is its doubt, times the sum over its confusions of log(1 + frequency) / (1 + times selected
    already), divided by 1 + how often its label is selected already. Worth only falls as others are selected, so a
    greedy choice needs to look at few images again (lazy evaluation).

    Source: M. Minoux, Accelerated greedy algorithms for maximizing submodular set functions, 1978.
    """
    frequency = Counter(pair for one in candidates for pair in one.confusions)
    covered: Counter[Confusion] = Counter()
    labels: Counter[str] = Counter()

    def worth(one: Doubtful) -> float:
        gain = sum(math.log1p(frequency[pair]) / (1 + covered[pair]) for pair in one.confusions)
        return one.doubt * gain / (1 + labels[one.label])

    heap = [(-worth(one), one.place, one) for one in candidates]
    heapq.heapify(heap)
    chosen: list[Doubtful] = []
    while heap and len(chosen) < budget:
        _, place, one = heapq.heappop(heap)
        now = -worth(one)
        if heap and (now, place) > heap[0][:2]:
            heapq.heappush(heap, (now, place, one))
            continue
        chosen.append(one)
        covered.update(one.confusions)
        labels[one.label] += 1
    return chosen
