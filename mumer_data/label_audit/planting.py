"""Planted mistakes: labels of a set made wrong in known ways, to fit and to test an audit.

A ``slip`` is a realistic misreading (the error model of the answers); a ``swap`` is the label of another row; a
``lookalike`` is one symbol replaced by one of like shape, however rarely the models confuse the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mumer_data.error_model.channel import Channel
from mumer_data.label_audit.rows import AuditRow

Mistake = Literal["slip", "swap", "lookalike"]
MISTAKES: tuple[Mistake, ...] = ("slip", "swap", "lookalike")
_TRIES = 20
# A set with few wrong answers does not tell how labels go wrong: these pairs are then added to its own errors.
_LOOKALIKES = (
    ("x", "X"), ("x", r"\times"), ("c", "C"), ("p", "P"), ("s", "S"), ("v", "V"), ("y", "Y"), ("z", "2"), ("0", "o"),
    ("1", "i"), ("1", "l"), ("9", "g"), ("5", "s"), ("6", "b"), ("a", r"\alpha"), ("B", r"\beta"), ("u", "v"),
)  # fmt: skip

_PARTNERS = {
    token: [other for pair in _LOOKALIKES for one, other in (pair, pair[::-1]) if one == token]
    for token in {token for pair in _LOOKALIKES for token in pair}
}


def channel_of(rows: Sequence[AuditRow]) -> Channel:
    """The error model of all answers, with look-alike symbols as a base."""
    channel = Channel()
    for one, other in _LOOKALIKES:
        for symbol, read in ((one, other), (other, one)):
            channel.add(f"{symbol} + n", f"{read} + n")
    for row in rows:
        for text in {answer.tokens for answer in row.answers}:
            channel.add(" ".join(row.label), " ".join(text))
    return channel


def planted_label(
    row: AuditRow, mistake: Mistake, rows: Sequence[AuditRow], channel: Channel, rng: np.random.Generator
) -> tuple[str, ...] | None:
    """A wrong label for a row; ``None`` where no other label could be drawn."""
    if mistake == "slip":
        text = channel.corrupt(" ".join(row.label), rng)
        return tuple(text.split()) if text else None
    if mistake == "lookalike":
        return _lookalike(row.label, rng)
    for _ in range(_TRIES):
        label = rows[int(rng.integers(len(rows)))].label
        if label != row.label:
            return label
    return None


def _lookalike(label: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...] | None:
    """A label with one symbol replaced by one that looks like it; ``None`` where it has none."""
    partners = [(index, other) for index, token in enumerate(label) for other in _PARTNERS.get(token, ())]
    if not partners:
        return None
    index, other = partners[int(rng.integers(len(partners)))]
    return (*label[:index], other, *label[index + 1 :])
