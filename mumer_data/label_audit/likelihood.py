"""How likely a recogniser finds given texts of an image: it may read badly, and yet tell a label from a proposal.

Not for the recogniser itself: see `mumer_data.recognizers.onnx`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from mumer_data.label_audit.rows import AuditRow, Proposal, Tokens, proposal_of

Scorer = Callable[[str, Sequence[Tokens]], Sequence[float | None]]
"""(id of a row, texts) -> natural logarithm of the probability of each text, given the image; ``None`` if unknown."""
_LARGEST, _PER_EVENT, _PER_TOKEN = 30.0, 10.0, 6.0


def with_likelihoods(rows: Sequence[AuditRow], scorer: Scorer, others: Iterable[AuditRow] = ()) -> list[AuditRow]:
    """The rows with the likelihood of label and proposal, each image read once.

    Args:
        rows: ids are unique.
        scorer: see `Scorer`.
        others: the same images under other labels, whose likelihoods are found with them.
    """
    texts: dict[str, dict[Tokens, None]] = {row.id: _texts(row) for row in rows}
    for row in others:
        texts[row.id] |= _texts(row)
    scored = []
    for row in rows:
        asked = list(texts[row.id])
        scores = zip(asked, scorer(row.id, asked), strict=True)
        scored.append(replace(row, likelihoods={text: score for text, score in scores if score is not None}))
    return scored


def _texts(row: AuditRow) -> dict[Tokens, None]:
    """Label and proposal of a row, in order."""
    proposal = proposal_of(row.label, row.answers)
    return dict.fromkeys([row.label] if proposal is None else [row.label, proposal.tokens])


def likelihood_features(row: AuditRow, proposal: Proposal | None, events: int) -> dict[str, float]:
    """The features of the likelihoods; all 0 where that of the label is not known.

    Args:
        row: with likelihoods.
        proposal: of the row.
        events: number of mistakes between label and proposal.
    """
    own = row.likelihoods.get(row.label)
    if own is None:
        return {}
    values = {"image_known": 1.0, "image_fit": max(own / (len(row.label) + 1), -_PER_TOKEN)}
    other = None if proposal is None else row.likelihoods.get(proposal.tokens)
    if other is not None:
        gain = other - own
        values["image_gain"] = float(np.clip(gain, -_LARGEST, _LARGEST))
        values["image_gain_per_event"] = float(np.clip(gain / max(events, 1), -_PER_EVENT, _PER_EVENT))
    return values
