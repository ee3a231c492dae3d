"""Simpler rules to compare an audit with: the naive rule, and Consensus Entropy.

Not used by the audit itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumer_data.label_audit.evidence import disagreement
from mumer_data.label_audit.rows import AuditRow


def naive_scores(rows: Sequence[AuditRow]) -> list[float]:
    """1 where all models agree on one text that is not the label, else 0."""
    return [float(_agreed(row)) for row in rows]


def _agreed(row: AuditRow) -> bool:
    texts = {answer.tokens for answer in row.answers}
    return len(texts) == 1 and () not in texts and row.label not in texts


def consensus_entropy(rows: Sequence[AuditRow]) -> list[float]:
    """Mean pairwise normalised edit distance of the models' answers: doubt about the image, without its label."""
    return [disagreement(row.answers) for row in rows]
