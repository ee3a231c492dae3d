"""The decision: weighted majority over classes, then language model and log-probability, then median and combination.

Not for files; see `mumer_data.jobs.vote`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mumer_data.voting.classes import Candidate, classes_of
from mumer_data.voting.combine import combination, median
from mumer_data.voting.language_model import LanguageModel, VoteError

EVIDENCE = 0.25
"""Weight of a nat of the language model, or of a recognizer's log-probability, relative to a nat of votes: tokens of a
label depend on each other, so their sum overstates the evidence."""
_UNPARSABLE = -5.0  # nats added to the score of a label that does not parse
PRIOR = 10.0  # pseudo-wins of each source in the estimate of its weight
CLEAR = 1.0  # nats by which the language model must prefer a label for it to win


@dataclass(frozen=True, slots=True)
class Vote:
    """The result of the vote on one image.

    Attributes:
        label: the chosen label; ``""`` if all predictions are empty.
        confidence: 0-1, softmax score of the chosen class; see `calibration` for a probability.
        votes: sources that voted for the class; 0 for a combination.
        sources: sources that voted.
        classes: number of different classes.
        method: ``unanimous``, ``majority`` (most weight), ``rerank`` (less weight, better evidence), ``median`` or
            ``combination``; ``none`` if all predictions are empty.
    """

    label: str
    confidence: float
    votes: int
    sources: int
    classes: int
    method: str


def decide(classes: Sequence[Candidate], model: LanguageModel | None = None) -> Vote:
    """Choose among the classes of one image, the heaviest first."""
    sources = sum(len(candidate.voters) for candidate in classes)
    if not classes:
        return Vote("", 0.0, 0, 0, 0, "none")
    if len(classes) == 1:
        return Vote(classes[0].label, 1.0, sources, sources, 1, "unanimous")
    scores = _scores(classes, model)
    shares = _softmax(scores)
    best = max(range(len(classes)), key=lambda index: (scores[index], -index))
    chosen = classes[best]
    if _all_differ(classes):
        return _compromise(classes, model, shares, sources)
    heaviest = chosen.weight >= classes[0].weight and chosen.parses >= classes[0].parses
    method = "majority" if heaviest else "rerank"
    return Vote(chosen.label, shares[best], len(chosen.voters), sources, len(classes), method)


def _all_differ(classes: Sequence[Candidate]) -> bool:
    """Whether there are at least three sources and no two agree."""
    return len(classes) > 2 and all(len(candidate.voters) == 1 for candidate in classes)


def _compromise(classes: Sequence[Candidate], model: LanguageModel | None, shares: list[float], sources: int) -> Vote:
    """The median, or the combination if the language model does not score it lower."""
    middle = median(classes)
    share = shares[next(index for index, candidate in enumerate(classes) if candidate is middle)]
    combined = combination(classes)
    if combined is not None and (model is None or model.score(combined) >= model.score(middle.tokens)):
        return Vote(" ".join(combined), share, 0, sources, len(classes), "combination")
    return Vote(middle.label, share, 1, sources, len(classes), "median")


def _scores(classes: Sequence[Candidate], model: LanguageModel | None) -> list[float]:
    known = [candidate.log_probability for candidate in classes if candidate.log_probability is not None]
    scores = []
    for candidate in classes:
        score = math.log(max(candidate.weight, 1e-9)) + (0.0 if candidate.parses else _UNPARSABLE)
        if model is not None:
            score += EVIDENCE * model.score(candidate.tokens)
        if len(known) == len(classes) and candidate.log_probability is not None:
            score += EVIDENCE * candidate.log_probability
        scores.append(score)
    return scores


def _softmax(scores: Sequence[float]) -> list[float]:
    highest = max(scores)
    terms = [math.exp(score - highest) for score in scores]
    return [term / sum(terms) for term in terms]


def source_weights(rows: Sequence[Sequence[str]], model: LanguageModel | None) -> list[float]:
    """Estimate a weight for each source without labels; their mean is 1.

    On images where the sources disagree, a source wins if its label is that of the majority or, in a draw, the one that
    the language model prefers by at least `CLEAR`. Weights are proportional to wins + `PRIOR`.

    Args:
        rows: for each image, one label per source.
        model: decides draws; without one, only majorities count.
    """
    if not rows:
        return []
    wins = [PRIOR] * len(rows[0])
    for labels in rows:
        classes = classes_of(labels, [1.0] * len(labels))
        if len(classes) < 2:
            continue
        for source in _winner(classes, model):
            wins[source] += 1
    mean = sum(wins) / len(wins)
    return [count / mean for count in wins]


def _winner(classes: Sequence[Candidate], model: LanguageModel | None) -> list[int]:
    """The sources that win an image; empty if none does."""
    tied = [candidate for candidate in classes if candidate.weight == classes[0].weight]
    if len(tied) == 1:
        return tied[0].voters
    if model is None:
        return []
    scores = sorted(((model.score(candidate.tokens), index) for index, candidate in enumerate(tied)), reverse=True)
    return tied[scores[0][1]].voters if scores[0][0] - scores[1][0] >= CLEAR else []


def check_sources(predictions: Sequence[Sequence[str]], weights: Sequence[float] | None) -> None:
    """Raise `VoteError` if sources have different lengths, or weights do not match them."""
    if not predictions:
        raise VoteError("there are no predictions: pass one list per model or sample")
    lengths = {len(source) for source in predictions}
    if len(lengths) > 1:
        numbers = ", ".join(f"{length:,}" for length in sorted(lengths))
        raise VoteError(f"the sources have {numbers} predictions: pass one prediction per image for each source")
    if weights is None:
        return
    if len(weights) != len(predictions):
        raise VoteError(f"{len(weights)} weights for {len(predictions)} sources: pass one weight per source")
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise VoteError(f"weights must be positive numbers, found {', '.join(f'{weight:g}' for weight in weights)}")
