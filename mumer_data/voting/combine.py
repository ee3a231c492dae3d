"""The median of the candidates, and their combination token by token, for images without a majority.

Source: J. Fiscus, A post-processing system to yield reduced word error rates: Recognizer Output Voting Error Reduction
(ROVER), 1997. Not for two candidates, which have no median.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from mumer_data.latex.parser import try_parse
from mumer_data.voting.classes import Candidate

Tokens = Sequence[str]


def total_distance(tokens: Tokens, classes: Sequence[Candidate]) -> float:
    """Weighted sum of the token edit distances to all classes."""
    return sum(candidate.weight * Levenshtein.distance(tokens, candidate.tokens) for candidate in classes)


def median(classes: Sequence[Candidate]) -> Candidate:
    """The class with the smallest `total_distance`, among those that parse if any does; the heaviest among equals."""
    return min(classes, key=lambda c: (not c.parses, total_distance(c.tokens, classes), -c.weight))


def combination(classes: Sequence[Candidate]) -> list[str] | None:
    """A label composed of the tokens with most weight, aligned to the median.

    ``None`` if it does not parse, is one of the classes, or its `total_distance` is not below that of the median.
    """
    if len(classes) < 3:
        return None
    middle = median(classes)
    tokens = _majority(middle.tokens, classes)
    if any(tokens == candidate.tokens for candidate in classes) or try_parse(tokens) is None:
        return None
    return tokens if total_distance(tokens, classes) < total_distance(middle.tokens, classes) else None


def _majority(middle: Tokens, classes: Sequence[Candidate]) -> list[str]:
    """For each token and each gap of the median, the tokens with most weight; the median wins a draw."""
    slots: list[defaultdict[tuple[str, ...], float]] = [defaultdict(float) for _ in range(2 * len(middle) + 1)]
    for candidate in classes:
        for slot, part in zip(slots, _aligned(middle, candidate.tokens), strict=True):
            slot[part] += candidate.weight
    out: list[str] = []
    for index, slot in enumerate(slots):
        own: tuple[str, ...] = (middle[index // 2],) if index % 2 else ()
        best, _ = max(slot.items(), key=lambda item: (item[1], item[0] == own))
        out += best
    return out


def _aligned(middle: Tokens, tokens: Tokens) -> list[tuple[str, ...]]:
    """The part of ``tokens`` in each gap (even indices) and at each token (odd indices) of the median."""
    slots: list[tuple[str, ...]] = [()] * (2 * len(middle) + 1)
    for edit in Levenshtein.opcodes(middle, tokens):
        begin, first = edit.src_start, edit.dest_start
        if edit.tag == "insert":
            slots[2 * begin] += tuple(tokens[first : edit.dest_end])
        elif edit.tag in ("equal", "replace"):
            for offset in range(edit.src_end - begin):
                slots[2 * (begin + offset) + 1] = (tokens[first + offset],)
    return slots
