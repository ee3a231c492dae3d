"""Rewards from tokens: `parses`, `exact`, `edit_similarity`, `concise`.

Not for trees or pictures: see `trees` and `pictures`. Each takes and returns what TRL expects of a reward function.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from mumer_data.alignment.degenerate import repetition
from mumer_data.rewards.compared import Compared, per_completion

_TAIL = 512  # tokens at the end of a completion that are searched for repetition


def parses(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 where the answer is LaTeX that the grammar reads, else 0.

    Args:
        completions: text, or chat messages of which the last is the completion.
        label: one reference per completion, raw LaTeX or labels, or one for all; here they are optional.
        kwargs: ``prompts``: a completion that echoes its prompt earns nothing; ``normalize``: preset, default
            ``crohme``; other columns of the trainer's dataset are ignored.

    Returns:
        One value per completion. No reward of this package raises.
    """
    return per_completion(lambda pair: float(pair.earns), completions, label, kwargs)


def exact(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 where answer and reference are the same label after normalisation, else 0; see `parses` for the arguments.

    ``None`` where the reference cannot be parsed.
    """
    return per_completion(
        lambda pair: None if pair.reference is None else float(pair.exact), completions, label, kwargs
    )


def edit_similarity(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 - token edits / tokens of the reference, at least 0, after normalisation; see `parses` for the arguments.

    ``None`` where the reference cannot be parsed.
    """
    return per_completion(edit_similarity_of, completions, label, kwargs)


def edit_similarity_of(pair: Compared) -> float | None:
    """`edit_similarity` of one completion."""
    if pair.reference is None:
        return None
    if not pair.earns:
        return 0.0
    length = len(pair.reference.tokens)
    edits = Levenshtein.distance(pair.tokens, pair.reference.tokens, score_cutoff=length)
    return max(0.0, 1 - edits / length)


def concise(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 where the completion neither ends in an endless repetition nor runs away, else 0; see `parses`.

    A repetition that the reference itself ends in is none. Exploits (see `exploits`) earn 0.
    """
    return per_completion(_concise, completions, label, kwargs)


def _concise(pair: Compared) -> float:
    if pair.exploit:
        return 0.0
    repeated, _ = repetition((pair.tokens or pair.raw.split())[-_TAIL:])
    if pair.raw.strip() != pair.completion.strip():
        repeated = max(repeated, repetition(pair.completion.split()[-_TAIL:])[0])
    allowed = 0 if pair.reference is None or not repeated else repetition(pair.reference.tokens[-_TAIL:])[0]
    return float(repeated <= allowed)
