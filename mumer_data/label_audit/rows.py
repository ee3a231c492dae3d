"""The rows of an audit: one labelled image with the answers of every model to it.

Not for reading files: see `mumer_data.jobs.audit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction of one model (or fold, or sample of a model).

    Attributes:
        model: number of the model, from 0; samples of one model share it.
        tokens: the predicted tokens; empty where the model returned nothing.
        logprob: mean log-probability per token, or ``None`` where it is not known.
    """

    model: int
    tokens: tuple[str, ...]
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One labelled image.

    Attributes:
        id: of the image.
        label: the tokens of its label.
        answers: of all models; may be empty.
        components: connected components of its ink; ``None`` where there is no image.
        raw_label: the label as originally released, normalised; ``None`` where the source has none.
        segmented: names of the symbols that the ink is marked with, ``""`` for one without a name; ``None`` where the
            source has no segmentation.
        likelihoods: text -> natural logarithm of its probability, given the image, under a recogniser that scores
            given texts; empty without one.
    """

    id: str
    label: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    components: int | None = None
    raw_label: tuple[str, ...] | None = None
    segmented: tuple[str, ...] | None = None
    likelihoods: Mapping[Tokens, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The text that the models propose instead of the label.

    Attributes:
        tokens: the proposed label.
        agreement: share of the models' votes for it, from 0 to 1; each model has one vote, divided among its samples.
        support: share of the votes for the label as it stands.
        models: numbers of the models that gave it.
    """

    tokens: tuple[str, ...]
    agreement: float
    support: float
    models: tuple[int, ...]


def votes_of(answers: Sequence[Answer]) -> dict[tuple[str, ...], float]:
    """Text -> share of the votes; a model's samples share its vote, weighed by their probability where it is known."""
    from math import exp

    weights: dict[int, list[tuple[tuple[str, ...], float]]] = {}
    for answer in answers:
        length = max(len(answer.tokens), 1)
        weight = 1.0 if answer.logprob is None else exp(max(answer.logprob, -5.0) * min(length, 40))
        weights.setdefault(answer.model, []).append((answer.tokens, max(weight, 1e-6)))
    shares: dict[tuple[str, ...], float] = {}
    for samples in weights.values():
        total = sum(weight for _, weight in samples) * len(weights)
        for tokens, weight in samples:
            shares[tokens] = shares.get(tokens, 0.0) + weight / total
    return shares


def proposal_of(label: tuple[str, ...], answers: Sequence[Answer]) -> Proposal | None:
    """The text other than the label with the most votes; ``None`` where all answers are the label, or empty."""
    shares = votes_of(answers)
    support = shares.pop(label, 0.0)
    shares.pop((), None)
    if not shares:
        return None
    tokens = max(shares, key=lambda text: (shares[text], text))
    models = tuple(sorted({answer.model for answer in answers if answer.tokens == tokens}))
    return Proposal(tokens, shares[tokens], support, models)
