"""What the models' answers say about each label, as numbers; the models' own confusion rates weigh them.

Every count leaves out the row that it is used for. Not for a probability: see `calibrate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from mumer_data.alignment.align import align
from mumer_data.error_model.events import events_of
from mumer_data.label_audit.ink import InkModel
from mumer_data.label_audit.likelihood import likelihood_features
from mumer_data.label_audit.plausibility import LabelModel
from mumer_data.label_audit.rows import Answer, AuditRow, Proposal, proposal_of

FEATURES = (
    "agreement",
    "support",
    "log_model_rate",
    "mean_log_rate",
    "rarest_log_rate",
    "log_shared_errors",
    "log_label_rate",
    "events",
    "distance",
    "disagreement",
    "plausibility_gain",
    "plausibility_gain_per_event",
    "consistency_gain",
    "confidence",
    "ink_misfit",
    "ink_gain",
    "ink_known",
    "image_gain",
    "image_gain_per_event",
    "image_fit",
    "image_known",
)
_BACKOFF = 0.5  # pseudo-counts of a confusion that other rows do not have
_MAX_EVENTS = 6.0
_ANY_INK = -3.0  # log density of the misfit of an unknown label, about even from 0 to 6
_MAX_TOKENS = 400  # longer pairs are compared by their distance only

Key = tuple[str, tuple[str, ...], tuple[str, ...]]
Floats = NDArray[np.float64]


@lru_cache(maxsize=100_000)
def error_keys(label: tuple[str, ...], text: tuple[str, ...]) -> tuple[Key, ...]:
    """The error events that turn a label into a prediction, each once: action, old tokens, new tokens."""
    if label == text or max(len(label), len(text)) > _MAX_TOKENS:
        return ()
    script = align(label, text)
    events, _ = events_of(script)
    return tuple(sorted({(event.action, event.old, event.new) for event in events}))


@dataclass
class ErrorCounts:
    """How often each model, and all models together, make each error; fitted to rows.

    Attributes:
        models: for each model, error -> number of rows.
        shared: errors in a text that two models or more agree on -> number of rows.
        tokens: token -> number of labels that have it.
        rows: number of rows.
    """

    models: list[Counter[Key]] = field(default_factory=list)
    shared: Counter[Key] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @classmethod
    def of(cls, rows: Sequence[AuditRow]) -> ErrorCounts:
        """Count the errors of all rows."""
        number = 1 + max((answer.model for row in rows for answer in row.answers), default=-1)
        counts = cls([Counter() for _ in range(number)])
        for row in rows:
            counts.add(row, 1)
        return counts

    def add(self, row: AuditRow, sign: int) -> None:
        """Add a row, or with ``sign`` -1 take it out again."""
        self.rows += sign
        for token in set(row.label):
            self.tokens[token] += sign
        for model, keys in model_errors(row).items():
            for key in keys:
                self.models[model][key] += sign
        proposal = proposal_of(row.label, row.answers)
        if proposal is not None and len(proposal.models) > 1:
            for key in error_keys(row.label, proposal.tokens):
                self.shared[key] += sign

    def log_rate(self, keys: Sequence[Key], models: Sequence[int]) -> float:
        """Log-probability that models of this kind make these errors where they are possible."""
        total = 0.0
        for key in keys:
            hits = sum(self.models[model][key] for model in models)
            sites = sum(self._sites(key) for _ in models)
            total += log((hits + _BACKOFF * self._base(key)) / (sites + _BACKOFF))
        return total

    def log_label_rate(self, keys: Sequence[Key]) -> float:
        """Log-probability of a slip of the annotator: look-alikes, as all models confuse them, or any other symbol."""
        everyone = range(len(self.models))
        total = 0.0
        for key in keys:
            mean = self.log_rate([key], everyone) / max(len(everyone), 1)
            total += log(0.5 * exp(mean) + 0.5 * self._base(key) * 0.05)
        return total

    def _sites(self, key: Key) -> int:
        return max(self.tokens[key[1][0]], 1) if key[1] else max(self.rows, 1)

    def _base(self, key: Key) -> float:
        """The share of all other symbols that an unseen confusion has, in rows."""
        share = 1.0 / max(len(self.tokens), 10)
        return share if len(key[2]) < 2 else share * share


def model_errors(row: AuditRow) -> dict[int, set[Key]]:
    """Model -> its errors in a row, over all of its samples."""
    errors: dict[int, set[Key]] = {}
    for answer in row.answers:
        if answer.tokens:
            errors.setdefault(answer.model, set()).update(error_keys(row.label, answer.tokens))
    return errors


def disagreement(answers: Sequence[Answer]) -> float:
    """Mean pairwise normalised edit distance of the answers (Consensus Entropy); 0 for one answer."""
    pairs = list(combinations([answer.tokens for answer in answers][:16], 2))
    if not pairs:
        return 0.0
    return sum(Levenshtein.normalized_distance(one, other) for one, other in pairs) / len(pairs)


def consistency_gain(label: Sequence[str], text: Sequence[str]) -> float:
    """How many kinds of symbols a text saves against a label, from -2 to 2: formulas repeat their symbols."""
    kinds = [len({token.lower() for token in one} | set(one)) for one in (label, text)]
    return float(np.clip(kinds[0] - kinds[1], -2, 2))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything counted in a set; a row is judged by what the other rows say.

    Attributes:
        errors: of the models.
        labels: language model of the labels.
        ink: of labels against components of the images; ``None`` without images.
    """

    errors: ErrorCounts
    labels: LabelModel
    ink: InkModel | None = None

    @classmethod
    def of(cls, rows: Sequence[AuditRow]) -> Evidence:
        """Count all rows."""
        inked = [row for row in rows if row.components is not None]
        ink = InkModel.fit([row.label for row in inked], [row.components or 0 for row in inked]) if inked else None
        return cls(ErrorCounts.of(rows), LabelModel.of(row.label for row in rows), ink)

    def features(self, row: AuditRow, counted: AuditRow | None = None) -> Floats:
        """The numbers named in `FEATURES`.

        Args:
            row: to judge.
            counted: the row as it was counted, where that differs (a planted label).
        """
        counted = counted or row
        self.errors.add(counted, -1)
        self.labels.add(counted.label, -1)
        try:
            return self._features(row)
        finally:
            self.errors.add(counted, 1)
            self.labels.add(counted.label, 1)

    def _features(self, row: AuditRow) -> Floats:
        proposal = proposal_of(row.label, row.answers)
        values = dict.fromkeys(FEATURES, 0.0)
        if self.ink is not None and row.components is not None:
            values["ink_known"] = 1.0
            values["ink_misfit"] = self.ink.misfit(row.label, row.components)
        values["disagreement"] = disagreement(row.answers)
        events = 0 if proposal is None else len(error_keys(row.label, proposal.tokens))
        values |= likelihood_features(row, proposal, events)
        if proposal is None:
            values["support"] = 1.0 if any(answer.tokens == row.label for answer in row.answers) else 0.0
            return np.array(list(values.values()))
        values |= self._of_proposal(row, proposal)
        if self.ink is not None and row.components is not None:
            values["ink_gain"] = values["ink_misfit"] - self.ink.misfit(proposal.tokens, row.components)
        return np.array(list(values.values()))

    def _of_proposal(self, row: AuditRow, proposal: Proposal) -> dict[str, float]:
        keys, back = error_keys(row.label, proposal.tokens), error_keys(proposal.tokens, row.label)
        number = max(len(keys), 1)
        rates = [self.errors.log_rate([key], proposal.models) / len(proposal.models) for key in keys] or [0.0]
        answers = [answer for answer in row.answers if answer.tokens == proposal.tokens]
        known = [answer.logprob for answer in answers if answer.logprob is not None]
        gain = self.labels.log_probability(proposal.tokens) - self.labels.log_probability(row.label)
        return {
            "agreement": proposal.agreement,
            "support": proposal.support,
            "log_model_rate": self.errors.log_rate(keys, proposal.models),
            "mean_log_rate": sum(rates) / len(rates),
            "rarest_log_rate": min(rates),
            "log_shared_errors": sum(log1p(self.errors.shared[key]) for key in keys) / number,
            "log_label_rate": self.errors.log_label_rate(back),
            "events": min(len(keys), _MAX_EVENTS),
            "distance": Levenshtein.normalized_distance(row.label, proposal.tokens),
            "plausibility_gain": float(np.clip(gain, -15, 15)),
            "plausibility_gain_per_event": float(np.clip(gain / number, -8, 8)),
            "consistency_gain": consistency_gain(row.label, proposal.tokens),
            "confidence": exp(sum(known) / len(known)) if known else 0.0,
        }


def ink_log_factor(features: Floats) -> Floats:
    """Log factor on the odds that ink adds: how well it fits the proposal, or any other label, against the label.

    Misfits of right labels follow a Student t distribution with 3 degrees of freedom (connected handwriting has a long
    tail). Not fitted to the set: where many labels are wrong in one way, their misfits would pass for usual ones.
    """
    column = {name: features[:, number] for number, name in enumerate(FEATURES)}
    of_label = _log_t(column["ink_misfit"])
    of_proposal = _log_t(column["ink_misfit"] - column["ink_gain"])
    of_any = np.full(len(features), _ANY_INK)
    factor: Floats = np.where(column["agreement"] > 0, of_proposal, of_any) - of_label
    return np.where(column["ink_known"] > 0, factor, 0.0)


def _log_t(misfit: Floats) -> Floats:
    """Logarithm of the density of a misfit, up to a constant."""
    result: Floats = -2.0 * np.log1p(misfit * misfit / 3.0)
    return result


def expanded(features: Floats, scored: bool = False) -> Floats:
    """The columns of the logistic models: all features but ink, and products that a linear model cannot form itself.

    Args:
        features: one row of numbers for each label.
        scored: with those of the likelihoods.
    """
    column = {name: features[:, number] for number, name in enumerate(FEATURES)}
    features = features[:, : FEATURES.index("ink_misfit")]
    proposed = (column["agreement"] > 0).astype(float)
    agreement = column["agreement"]
    likelihoods = [column[name] for name in FEATURES[FEATURES.index("image_gain") :]] if scored else []
    return np.column_stack(
        [
            features,
            *likelihoods,
            *([agreement * column["image_gain_per_event"]] if scored else []),
            proposed,
            agreement * column["distance"],
            agreement * column["mean_log_rate"],
            agreement * (column["distance"] > 0.5),
            agreement * column["plausibility_gain"],
            agreement * column["plausibility_gain_per_event"],
            proposed * (column["events"] == 1),
        ]
    )
