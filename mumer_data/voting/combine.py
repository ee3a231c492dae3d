"""Where no label has a majority: the median of the candidates, and a label put together from all of them.

Source: J. Fiscus, A post-processing system to yield reduced word error rates: Recognizer Output Voting Error Reduction
(ROVER), 1997. Not for two candidates: there is nothing between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from mumer_data.latex.parser import try_parse
from mumer_data.voting.classes import Candidate

Tokens = Sequence[str]


def total_distance(tokens: Tokens, classes: Sequence[Candidate]) -> float:
    """Token edits to all classes, each times its weight."""
    return sum(one.weight * Levenshtein.distance(tokens, one.tokens) for one in classes)


def median(classes: Sequence[Candidate]) -> Candidate:
    """The class with the least `total_distance`; those that parse come before others, then the heaviest."""
    return min(classes, key=lambda one: (not one.parses, total_distance(one.tokens, classes), -one.weight))


def combination(classes: Sequence[Candidate]) -> list[str] | None:
    """A label from the tokens that most weight stands for, aligned on the median.

    ``None`` where it does not parse, is one of the classes, or is no nearer to all of them than the median.
    """
    if len(classes) < 3:
        return None
    middle = median(classes)
    tokens = _majority(middle.tokens, classes)
    if any(tokens == one.tokens for one in classes) or try_parse(tokens) is None:
        return None
    return tokens if total_distance(tokens, classes) < total_distance(middle.tokens, classes) else None


def _majority(middle: Tokens, classes: Sequence[Candidate]) -> list[str]:
    """At each token of the median, and in each gap, what most weight stands for; the median wins a draw."""
    slots: list[defaultdict[tuple[str, ...], float]] = [defaultdict(float) for _ in range(2 * len(middle) + 1)]
    for one in classes:
        for slot, part in zip(slots, _aligned(middle, one.tokens), strict=True):
            slot[part] += one.weight
    out: list[str] = []
    for place, slot in enumerate(slots):
        own: tuple[str, ...] = (middle[place // 2],) if place % 2 else ()
        best, _ = max(slot.items(), key=lambda item: (item[1], item[0] == own))
        out += best
    return out


def _aligned(middle: Tokens, tokens: Tokens) -> list[tuple[str, ...]]:
    """What ``tokens`` has in each gap (even places) and at each token (odd places) of the median."""
    slots: list[tuple[str, ...]] = [()] * (2 * len(middle) + 1)
    for edit in Levenshtein.opcodes(middle, tokens):
        begin, first = edit.src_start, edit.dest_start
        if edit.tag == "insert":
            slots[2 * begin] += tuple(tokens[first : edit.dest_end])
        elif edit.tag in ("equal", "replace"):
            for offset in range(edit.src_end - begin):
                slots[2 * (begin + offset) + 1] = (tokens[first + offset],)
    return slots
