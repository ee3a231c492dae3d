"""CDM (character detection matching) and VisEq without TeX: are two formulas the same to the eye?

Not for the figures of a file: `mumer_data.metrics.visual` sums them up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from mumer_data.typeset.errors import TypesetError

if TYPE_CHECKING:
    from mumer_data.typeset.formula import TypesetFormula

EM = 12 / 72.27 * 200
"""Pixels of one em at 12 points and 200 dots an inch."""

MAX_MARKS = 4_000
"""More marks than this in a formula count as one that cannot be set: matching takes the square of them in memory."""

_BATCH = 64  # pairs that go to a worker at a time


@dataclass(frozen=True, slots=True)
class CdmScore:
    """What CDM and VisEq say of one pair.

    Attributes:
        f1: 0-1 to 3 decimals; ``None`` where the label cannot be set in type.
        viseq: visually equal.
        unrenderable: ``prediction``, ``label`` or ``""``: which of the two cannot be set.
        reason: why it cannot.
        note: where CDM, as published, tells apart what people take for one picture, and VisEq does not.
    """

    f1: float | None
    viseq: bool
    unrenderable: str = ""
    reason: str = ""
    note: str = ""


def signature() -> str:
    """How CDM and VisEq are made here: tokeniser, typesetter, tolerance."""
    from importlib.metadata import version

    from mumer_data.metrics.cdm.equal import TOLERANCE

    return f"tok:whitespace|cdm:ziamath-{version('ziamath')}|viseq:tolerance-{TOLERANCE:g}em"


def cdm_score(label: str, text: str) -> CdmScore:
    """Judge one pair of tokenised labels."""
    from mumer_data.metrics.cdm.equal import visually_equal
    from mumer_data.metrics.cdm.match import Marks, match

    try:
        ours = setting_of(label)
    except TypesetError as error:
        return CdmScore(None, False, "label", str(error))
    if label.split() == text.split():
        return CdmScore(1.0, True)
    try:
        theirs = setting_of(text)
    except TypesetError as error:
        return CdmScore(0.0, False, "prediction", str(error))
    f1 = match(Marks(*ours.boxes), Marks(*theirs.boxes)).f1
    if visually_equal(ours, theirs):
        return CdmScore(f1, True)
    spellings = one_picture_spellings(label, text)
    note = (
        f"{spellings} and its other spelling are one picture to people; CDM, as published, tells them apart"
        if spellings
        else ""
    )
    return CdmScore(f1, bool(spellings), note=note if f1 < 1 else "")


def one_picture_spellings(label: str, text: str) -> str:
    """The commands of two formulas that are visually equal after ``[viseq]`` in ``names.toml``; ``""`` where not."""
    from mumer_data.metrics.cdm.equal import visually_equal
    from mumer_data.metrics.cdm.names import one_picture

    one, two = one_picture(label), one_picture(text)
    if (one, two) == (label, text):
        return ""
    try:
        equal = visually_equal(setting_of(one), setting_of(two))
    except TypesetError:
        return ""
    before, after = ({*a.split(), *b.split()} for a, b in ((label, text), (one, two)))
    return ", ".join(sorted(before - after)) if equal else ""


@lru_cache(maxsize=256)  # several predictions of one image stand side by side
def setting_of(formula: str) -> TypesetFormula:
    """A formula as CDM sees it, with one mark at least; raises `TypesetError`."""
    from mumer_data.typeset.formula import set_label

    if len(formula.split()) > MAX_MARKS:
        raise TypesetError(f"it has more than {MAX_MARKS:,} tokens")
    setting = set_label(formula, EM)
    if not len(setting.boxes[1]):
        raise TypesetError("it leaves no marks")
    return setting


def cdm_scores(pairs: Sequence[tuple[str, str]], workers: int | None = None) -> Iterator[CdmScore]:
    """Judge many pairs, in order, in worker processes (``None``: one a core); only their scores stay in memory."""
    from mumer_data.io.processes import parallel_map

    batches = [pairs[begin : begin + _BATCH] for begin in range(0, len(pairs), _BATCH)]
    return chain.from_iterable(parallel_map(_score_all, batches, workers, ordered=True))


def _score_all(pairs: Sequence[tuple[str, str]]) -> list[CdmScore]:
    return [cdm_score(label, text) for label, text in pairs]
