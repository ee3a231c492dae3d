"""A name that is not known, and the known one that it is nearest to.

Not for deciding what is known.
"""

from __future__ import annotations

from collections.abc import Iterable


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line that says so; the last part of a dotted name counts."""
    from rapidfuzz import fuzz, process

    choices = list(known)
    nearest = process.extractOne(name.rpartition(".")[2], choices, scorer=fuzz.ratio, score_cutoff=60)
    hint = f"did you mean '{nearest[0]}'?" if nearest else f"known are: {', '.join(choices)}"
    return f"unknown {kind} '{name}': {hint}"
