"""Predictions that teach nothing: endless repetition, far too long, not to be read even with repairs.

Not for wrong predictions in general.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse, try_parse

TOO_LONG = 3  # times the label's length
MAX_TOKENS = 4_096  # of a label or a text; an alignment takes the product of the two
_PERIOD = 32  # tokens of the longest phrase that is looked for
_TIMES, _TOKENS = 4, 16  # how often, and over how many tokens, a phrase comes at the end of an endless repetition


def degenerate(label: Sequence[str], text: Sequence[str]) -> tuple[str, str] | None:
    """Why a prediction is no material for corrections: (reason, message), or ``None`` where it is.

    Reasons: ``prediction_empty``, ``prediction_repeats`` (a phrase of up to 32 tokens stands at the end at least four
    times and makes the prediction longer than its label by half of that), ``prediction_too_long`` (more than three
    times the label's length, or either of more than 4,096 tokens), ``prediction_unparsable`` (not even with brackets
    closed and braces put in).
    """
    if not text:
        return "prediction_empty", "the model gave nothing"
    extra = len(text) - len(label)
    if 2 * extra >= _TOKENS:
        length, period = repetition(text)
        if length and 2 * extra >= length:
            phrase = " ".join(text[-period:])
            return "prediction_repeats", f"{phrase!r} again and again over the last {length} of {len(text)} tokens"
    if len(text) > MAX_TOKENS or len(label) > MAX_TOKENS:
        return "prediction_too_long", f"{len(text):,} tokens, the label {len(label):,}: more than {MAX_TOKENS:,}"
    if len(text) > TOO_LONG * len(label):
        return "prediction_too_long", f"{len(text)} tokens where the label has {len(label)}"
    if try_parse(text) is not None or _repairable(text):
        return None
    try:
        parse(" ".join(text))
    except LatexSyntaxError as error:
        return "prediction_unparsable", f"{error.reason} (token {error.position}), and no simple repair helps"
    return None


def repetition(tokens: Sequence[str]) -> tuple[int, int]:
    """(tokens, period) of the longest stretch at the end that repeats a phrase; (0, 0) where none does.

    A last phrase that is cut short counts.
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
    """Whether LaTeX can read it once braces are closed or dropped and arguments put in braces."""
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
