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
"""How much a nat of the language model, or of a recognizer's log-probability, counts beside a nat of votes: tokens of
a label depend on each other, so their sum overstates the evidence."""
_UNPARSABLE = -5.0  # nats of votes that a label loses which the grammar cannot read
PRIOR = 10.0  # wins that each source is credited with before its weight is estimated
CLEAR = 1.0  # nats by which the language model must prefer a label for it to win


@dataclass(frozen=True, slots=True)
class Vote:
    """What the sources agree on for one image.

    Attributes:
        label: ``""`` where all sources are silent.
        confidence: 0-1, the share of the chosen class after the evidence; see `calibration` for a probability.
        votes: sources that voted for the class; 0 for a combination.
        sources: sources that voted.
        classes: different classes among them.
        method: ``unanimous``, ``majority`` (most weight), ``rerank`` (less weight, better evidence), ``median`` or
            ``combination``; ``none`` where all sources are silent.
    """

    label: str
    confidence: float
    votes: int
    sources: int
    classes: int
    method: str


def decide(classes: Sequence[Candidate], model: LanguageModel | None = None) -> Vote:
    """Choose among the classes of one image, the heaviest first."""
    sources = sum(len(one.voters) for one in classes)
    if not classes:
        return Vote("", 0.0, 0, 0, 0, "none")
    if len(classes) == 1:
        return Vote(classes[0].label, 1.0, sources, sources, 1, "unanimous")
    scores = _scores(classes, model)
    shares = _softmax(scores)
    best = max(range(len(classes)), key=lambda place: (scores[place], -place))
    chosen = classes[best]
    if _undecided(classes):
        return _between(classes, model, shares, sources)
    heaviest = chosen.weight >= classes[0].weight and chosen.parses >= classes[0].parses
    method = "majority" if heaviest else "rerank"
    return Vote(chosen.label, shares[best], len(chosen.voters), sources, len(classes), method)


def _undecided(classes: Sequence[Candidate]) -> bool:
    """Whether three sources or more all say something else."""
    return len(classes) > 2 and all(len(one.voters) == 1 for one in classes)


def _between(classes: Sequence[Candidate], model: LanguageModel | None, shares: list[float], sources: int) -> Vote:
    """The median, or the combination where the language model does not object to it."""
    middle = median(classes)
    share = shares[next(place for place, one in enumerate(classes) if one is middle)]
    together = combination(classes)
    if together is not None and (model is None or model.score(together) >= model.score(middle.tokens)):
        return Vote(" ".join(together), share, 0, sources, len(classes), "combination")
    return Vote(middle.label, share, 1, sources, len(classes), "median")


def _scores(classes: Sequence[Candidate], model: LanguageModel | None) -> list[float]:
    known = [one.log_probability for one in classes if one.log_probability is not None]
    scores = []
    for one in classes:
        score = math.log(max(one.weight, 1e-9)) + (0.0 if one.parses else _UNPARSABLE)
        if model is not None:
            score += EVIDENCE * model.score(one.tokens)
        if len(known) == len(classes) and one.log_probability is not None:
            score += EVIDENCE * one.log_probability
        scores.append(score)
    return scores


def _softmax(scores: Sequence[float]) -> list[float]:
    most = max(scores)
    terms = [math.exp(score - most) for score in scores]
    return [term / sum(terms) for term in terms]


def source_weights(rows: Sequence[Sequence[str]], model: LanguageModel | None) -> list[float]:
    """A weight for each source, estimated without labels; they are 1 on average.

    A source wins an image that not all agree on if its label is that of most sources or, in a draw, the one that the
    language model prefers by at least `CLEAR`. Weights are in proportion to the wins and `PRIOR`.

    Args:
        rows: the labels of one image each, one per source.
        model: without one, only majorities count.
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
    return [one / mean for one in wins]


def _winner(classes: Sequence[Candidate], model: LanguageModel | None) -> list[int]:
    """The sources that win an image; none where it stays undecided."""
    drawn = [one for one in classes if one.weight == classes[0].weight]
    if len(drawn) == 1:
        return drawn[0].voters
    if model is None:
        return []
    scores = sorted(((model.score(one.tokens), place) for place, one in enumerate(drawn)), reverse=True)
    return drawn[scores[0][1]].voters if scores[0][0] - scores[1][0] >= CLEAR else []


def check_sources(predictions: Sequence[Sequence[str]], weights: Sequence[float] | None) -> None:
    """Raise `VoteError` where sources have different lengths, or weights do not fit them."""
    if not predictions:
        raise VoteError("there are no predictions: pass one list per model or sample")
    lengths = {len(source) for source in predictions}
    if len(lengths) > 1:
        numbers = ", ".join(f"{length:,}" for length in sorted(lengths))
        raise VoteError(f"the sources have {numbers} predictions: pass as many for each")
    if weights is None:
        return
    if len(weights) != len(predictions):
        raise VoteError(f"{len(weights)} weights for {len(predictions)} sources: pass one weight per source")
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise VoteError(f"weights must be positive numbers, found {', '.join(f'{weight:g}' for weight in weights)}")
