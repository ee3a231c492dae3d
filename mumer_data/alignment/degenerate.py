"""Degenerate predictions: endless repetition, excessive length, or not parsable even after repairs.

Not for wrong predictions in general: see `align`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse, try_parse

TOO_LONG = 3  # times the label's length
MAX_TOKENS = 4_096  # of a label or a prediction; an alignment takes time and memory in the product of the two
_PERIOD = 32  # tokens of the longest phrase that is searched for
_TIMES, _TOKENS = 4, 16  # repetitions, and tokens in total, of a phrase at the end of an endless repetition


def degenerate(label: Sequence[str], prediction: Sequence[str]) -> tuple[str, str] | None:
    """Why a prediction cannot be used for corrections, as (reason, message), or ``None`` where it can.

    Reasons: ``prediction_empty``, ``prediction_repeats`` (a phrase of up to 32 tokens is repeated at the end at least
    four times, and the prediction is longer than its label by half of that), ``prediction_too_long`` (more than three
    times the label's length, or either of more than 4,096 tokens), ``prediction_unparsable`` (not even with
    brackets closed and braces added).
    """
    if not prediction:
        return "prediction_empty", "the model gave nothing"
    extra = len(prediction) - len(label)
    if 2 * extra >= _TOKENS:
        length, period = repetition(prediction)
        if length and 2 * extra >= length:
            phrase = " ".join(prediction[-period:])
            return (
                "prediction_repeats",
                f"{phrase!r} again and again over the last {length} of {len(prediction)} tokens",
            )
    if len(prediction) > MAX_TOKENS or len(label) > MAX_TOKENS:
        return "prediction_too_long", f"{len(prediction):,} tokens, the label {len(label):,}: more than {MAX_TOKENS:,}"
    if len(prediction) > TOO_LONG * len(label):
        return "prediction_too_long", f"{len(prediction)} tokens where the label has {len(label)}"
    if try_parse(prediction) is not None or _repairable(prediction):
        return None
    try:
        parse(" ".join(prediction))
    except LatexSyntaxError as error:
        return "prediction_unparsable", f"{error.reason} (token {error.position}), and no simple repair helps"
    return None


def repetition(tokens: Sequence[str]) -> tuple[int, int]:
    """(tokens, period) of the longest suffix that repeats a phrase; (0, 0) where there is none.

    The last repetition may be incomplete.
    """
    best = 0, 0
    for period in range(1, min(_PERIOD, len(tokens) // _TIMES) + 1):
        if best[1] and period % best[1] == 0:  # the same phrase several times over
            continue
        length = period
        while length < len(tokens) and tokens[-1 - length] == tokens[-1 - length + period]:
            length += 1
        if length >= max(_TIMES * period, _TOKENS) and length > best[0]:
            best = length, period
    return best


def _repairable(tokens: Sequence[str]) -> bool:
    """Whether it parses once braces are closed or dropped and arguments are braced."""
    balanced: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            depth = 0
        else:
            balanced.append(token)
    try:
        normalize(" ".join(balanced + ["}"] * depth))
    except LatexSyntaxError:
        return False
    return True
