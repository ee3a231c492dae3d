"""Rows ranked by the probability that their label is wrong, with every signal in a column of its own.

Not for reading or writing files: see `mumer_data.jobs.audit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from mumer_data.exceptions import SourceError
from mumer_data.images.perceptual_hash import PerceptualHash
from mumer_data.label_audit.calibrate import Floats, Logistic, posterior
from mumer_data.label_audit.evidence import FEATURES, Evidence, expanded, ink_log_factor
from mumer_data.label_audit.likelihood import Scorer, with_likelihoods
from mumer_data.label_audit.planting import MISTAKES, channel_of, planted_label
from mumer_data.label_audit.rows import AuditRow, proposal_of
from mumer_data.label_audit.signals import Signals, conflicting_duplicates, signals_of

PRIOR = 0.02  # expected share of wrong labels
_PLANTED = 600  # rows of each kind of mistake
_SCORED = 200  # so many where a recogniser must read each of them
_ROUNDS = 3  # of fitting
Planted = list[tuple[int, AuditRow]]  # number of the row, and the row with a wrong label
_FEWEST = 20  # rows below which nothing can be fitted


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of an audit.

    Attributes:
        rank: from 1; 1 is the most doubtful.
        row: number of the row in the source, from 0.
        id, label, proposal: ``proposal`` is what most models read, if that is not the label.
        probability: that the label is wrong.
        slip, swap, lookalike: its parts, by kind of mistake: misread symbols; the label of another image; one symbol of
            like shape.
        signals: what needs no model.
        evidence: the numbers of `FEATURES`, by name.
    """

    rank: int
    row: int
    id: str
    label: str
    proposal: str
    probability: float
    slip: float
    swap: float
    lookalike: float
    signals: Signals
    evidence: dict[str, float]

    def to_dict(self) -> dict[str, object]:
        """All columns in one level."""
        record = asdict(self)
        return {**{key: record[key] for key in record if key not in ("signals", "evidence")}, **record["signals"]} | {
            key: round(value, 4) for key, value in self.evidence.items()
        }


COLUMNS = [
    *("rank", "row", "id", "label", "proposal", "probability", "slip", "swap", "lookalike"),
    *("syntax", "raw_label", "duplicate_of", "neighbour", "confirmed", "segmentation"),
    *FEATURES,
]


def rank(
    rows: Sequence[AuditRow],
    looks: Sequence[PerceptualHash | None] | None = None,
    *,
    prior: float = PRIOR,
    seed: int = 0,
    scorer: Scorer | None = None,
) -> list[Finding]:
    """All rows, the most doubtful label first.

    Args:
        rows: in file order; ids are unique.
        looks: perceptual hashes of the images, one per row, to find images with two labels.
        prior: expected share of wrong labels, split evenly among the kinds of mistakes.
        seed: of the planted mistakes.
        scorer: how likely a recogniser finds texts of an image; see `Scorer`.

    Raises:
        SourceError: fewer than 20 rows, or a prior that is not between 0 and 0.5.
    """
    if len(rows) < _FEWEST:
        raise SourceError(f"an audit compares rows with each other: {len(rows)} rows are fewer than {_FEWEST}")
    if not 0 < prior <= 0.5:
        raise SourceError(f"the prior is the expected share of wrong labels: {prior} is not between 0 and 0.5")
    planted = _planted(rows, seed)
    if scorer is not None:
        planted = [kind[:_SCORED] for kind in planted]
        rows = with_likelihoods(rows, scorer, (wrong for kind in planted for _, wrong in kind))
    evidence = Evidence.of(rows)
    features = np.array([evidence.features(row) for row in rows])
    duplicates = [""] * len(rows) if looks is None else conflicting_duplicates(rows, looks)
    signals = signals_of(rows, duplicates)
    factors = np.array([one.log_factor for one in signals]) + ink_log_factor(features)
    columns = [
        expanded(_features_of(rows, kind, evidence).reshape(-1, len(FEATURES)), scorer is not None) for kind in planted
    ]
    kinds = _probabilities(expanded(features, scorer is not None), columns, factors, prior)
    total = sum(kinds, np.zeros(len(rows)))
    order = sorted(range(len(rows)), key=lambda number: (-float(total[number]), number))
    findings = []
    for position, number in enumerate(order, 1):
        row, proposal = rows[number], proposal_of(rows[number].label, rows[number].answers)
        findings.append(
            Finding(
                rank=position,
                row=number,
                id=row.id,
                label=" ".join(row.label),
                proposal=" ".join(proposal.tokens) if proposal else "",
                probability=float(total[number]),
                **{name: float(kind[number]) for name, kind in zip(MISTAKES, kinds, strict=True)},
                signals=signals[number],
                evidence=dict(zip(FEATURES, features[number].tolist(), strict=True)),
            )
        )
    return findings


def _planted(rows: Sequence[AuditRow], seed: int) -> list[Planted]:
    """For each kind of mistake, rows in which it was planted."""
    rng = np.random.default_rng([seed, len(rows)])
    channel = channel_of(rows)
    kinds: list[Planted] = []
    for mistake in MISTAKES:
        planted = []
        for number in rng.integers(len(rows), size=_PLANTED).tolist():
            label = planted_label(rows[number], mistake, rows, channel, rng)
            if label is not None and label != rows[number].label:
                planted.append((number, replace(rows[number], label=label, raw_label=None)))
        kinds.append(planted)
    return kinds


def _features_of(rows: Sequence[AuditRow], planted: Planted, evidence: Evidence) -> Floats:
    """The features of planted rows, with the likelihoods of the rows that they come from."""
    features = [
        evidence.features(replace(wrong, likelihoods=rows[number].likelihoods), counted=rows[number])
        for number, wrong in planted
    ]
    return np.array(features)


def _probabilities(own: Floats, planted: Sequence[Floats], factors: Floats, prior: float) -> list[Floats]:
    """The probability of each kind of mistake; doubtful rows count less as examples of right labels each round."""
    trust = np.ones(len(own))
    priors = [prior / len(planted)] * len(planted)
    kinds = [np.zeros(len(own))] * len(planted)
    for _ in range(_ROUNDS):
        ratios = [
            Logistic.fit(own, wrong, trust).log_ratio(own) if len(wrong) else np.zeros(len(own)) for wrong in planted
        ]
        kinds = posterior([ratio + factors for ratio in ratios], priors)
        trust = 1.0 - sum(kinds, np.zeros(len(own)))
    return kinds
