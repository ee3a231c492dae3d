"""Rewards from typeset formulas: `visual`, `cdm`, `rating`.

Not for the scores themselves: see `mumer_data.metrics.cdm` and `mumer_data.metrics.rating`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mumer_data.rewards.compared import Compared, Reference, per_completion

MAX_TOKENS = 400
"""A reference with more tokens is not typeset: `visual`, `cdm` and `rating` leave it out."""
_LONGER, _EXTRA = 2, 16  # a wrong answer with more than twice the tokens and 16 is not typeset: it earns 0


def visual(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """VisEq: 1 where answer and reference look the same, else 0; see `textual.parses` for the arguments.

    ``None`` where the reference cannot be parsed or typeset, or has more than `MAX_TOKENS` tokens.
    """
    return per_completion(_visual, completions, label, kwargs)


def cdm(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """CDM: F1 of the matched marks, 0-1; see `visual`."""
    return per_completion(_cdm, completions, label, kwargs)


def rating(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """The predicted human rating as a share of the best one, 0-1; see `visual`."""
    return per_completion(_rating, completions, label, kwargs)


def _visual(pair: Compared) -> float | None:
    scores = _cdm_and_visual(pair)
    return None if scores is None else scores[1]


def _cdm(pair: Compared) -> float | None:
    scores = _cdm_and_visual(pair)
    return None if scores is None else scores[0]


def _cdm_and_visual(pair: Compared) -> tuple[float, float] | None:
    """CDM and VisEq; ``None`` where the reference cannot be typeset."""
    if pair.reference is None or not _can_be_set(pair.reference.label):
        return None
    if pair.exact:
        return 1.0, 1.0
    if _worthless(pair, pair.reference) or pair.label is None:
        return 0.0, 0.0
    return _scores(pair.reference.label, pair.label)


@lru_cache(maxsize=1 << 10)
def _scores(label: str, text: str) -> tuple[float, float]:
    from mumer_data.metrics.cdm import cdm_score

    score = cdm_score(label, text)
    return score.f1 or 0.0, float(score.viseq)


@lru_cache(maxsize=1 << 12)
def _can_be_set(label: str) -> bool:
    from mumer_data.metrics.cdm import setting_of
    from mumer_data.typeset.errors import TypesetError

    if len(label.split()) > MAX_TOKENS:
        return False
    try:
        setting_of(label)
    except TypesetError:
        return False
    return True


def _rating(pair: Compared) -> float | None:
    from mumer_data.metrics.rating import explain, weights

    if pair.reference is None or len(pair.reference.tokens) > MAX_TOKENS:
        return None
    if _worthless(pair, pair.reference):
        return 0.0
    return explain(pair.raw, pair.reference.raw).value / weights().top


def _worthless(pair: Compared, reference: Reference) -> bool:
    return not pair.earns or len(pair.tokens) > _LONGER * len(reference.tokens) + _EXTRA
