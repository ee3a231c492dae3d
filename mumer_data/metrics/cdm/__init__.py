"""CDM (character detection matching) and VisEq without TeX: do two formulas look the same?

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
"""Pixels per em at 12 points and 200 dots per inch."""

MAX_MARKS = 4_000
"""A formula with more marks counts as unrenderable: matching needs memory quadratic in the number of marks."""

_BATCH = 64  # pairs per task of a worker


@dataclass(frozen=True, slots=True)
class CdmScore:
    """CDM and VisEq of one pair.

    Attributes:
        f1: 0-1, rounded to 3 decimals; ``None`` if the label cannot be typeset.
        viseq: visually equal.
        unrenderable: the side that cannot be typeset: ``prediction``, ``label`` or ``""``.
        reason: why it cannot be typeset.
        note: set where published CDM distinguishes two spellings that look the same to people, and VisEq does not.
    """

    f1: float | None
    viseq: bool
    unrenderable: str = ""
    reason: str = ""
    note: str = ""


def signature() -> str:
    """Settings of CDM and VisEq: tokeniser, typesetter, tolerance."""
    from importlib.metadata import version

    from mumer_data.metrics.cdm.equal import TOLERANCE

    return f"tok:whitespace|cdm:ziamath-{version('ziamath')}|viseq:tolerance-{TOLERANCE:g}em"


def cdm_score(label: str, text: str) -> CdmScore:
    """Score one pair of tokenised labels."""
    from mumer_data.metrics.cdm.equal import visually_equal
    from mumer_data.metrics.cdm.match import Marks, match

    try:
        label_setting = setting_of(label)
    except TypesetError as error:
        return CdmScore(None, False, "label", str(error))
    if label.split() == text.split():
        return CdmScore(1.0, True)
    try:
        text_setting = setting_of(text)
    except TypesetError as error:
        return CdmScore(0.0, False, "prediction", str(error))
    f1 = match(Marks(*label_setting.boxes), Marks(*text_setting.boxes)).f1
    if visually_equal(label_setting, text_setting):
        return CdmScore(f1, True)
    spellings = one_picture_spellings(label, text)
    note = (
        f"{spellings} and its other spelling are one picture to people; CDM, as published, tells them apart"
        if spellings
        else ""
    )
    return CdmScore(f1, bool(spellings), note=note if f1 < 1 else "")


def one_picture_spellings(label: str, text: str) -> str:
    """Differing commands of two formulas that are visually equal after ``[viseq]`` of ``names.toml``; else ``""``."""
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


@lru_cache(maxsize=256)  # predictions of one image follow each other
def setting_of(formula: str) -> TypesetFormula:
    """The typeset formula that CDM compares, with at least one mark; raises `TypesetError`."""
    from mumer_data.typeset.formula import set_label

    if len(formula.split()) > MAX_MARKS:
        raise TypesetError(f"it has more than {MAX_MARKS:,} tokens")
    setting = set_label(formula, EM)
    if not len(setting.boxes[1]):
        raise TypesetError("it leaves no marks")
    return setting


def cdm_scores(pairs: Sequence[tuple[str, str]], workers: int | None = None) -> Iterator[CdmScore]:
    """Score many pairs, in order, in worker processes (``None``: one per core); only the scores stay in memory."""
    from mumer_data.io.processes import parallel_map

    batches = [pairs[begin : begin + _BATCH] for begin in range(0, len(pairs), _BATCH)]
    return chain.from_iterable(parallel_map(_score_all, batches, workers, ordered=True))


def _score_all(pairs: Sequence[tuple[str, str]]) -> list[CdmScore]:
    return [cdm_score(label, text) for label, text in pairs]
