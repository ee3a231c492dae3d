"""Signals that need no model: syntax, the label as released, duplicate images, the neighbours in file order.

Each multiplies the odds that a label is wrong by a fixed factor, because planted mistakes cannot calibrate it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import FEATURES as INDEX_DTYPE
from mumer_data.images.perceptual_hash import PerceptualHash
from mumer_data.label_audit.rows import AuditRow, proposal_of
from mumer_data.label_audit.segmentation import conflicting_segmentations
from mumer_data.latex.parser import parse, try_parse
from mumer_data.seeding import hash64

# Factors on the odds. With the default prior of 2% they lead to 0.67, 0.8, 0.29 and 0.38 where nothing else speaks.
SEGMENTATION = log(100.0)  # 0.67: the annotator of the symbols contradicts that of the label
SYNTAX, RAW_LABEL, DUPLICATE, NEIGHBOUR = log(100.0), log(200.0), log(20.0), log(30.0)
CONFIRMED = log(100.0)  # a model reads the label as released: two sources that do not know of each other agree
_NEAR = 2  # rows before and after in file order
# Tokens that an image cannot show: differences in them alone are not differences of a label.
_INVISIBLE = frozenset(
    {"\\limits", "\\left", "\\right", "\\mathrm", "\\mathbf", "\\mathit", "\\rm", "\\bf", "~", "\\,"}
)


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks against one label without a model.

    Attributes:
        syntax: why it does not parse, or ``""``.
        raw_label: the label as released, where it differs in substance, or ``""``.
        duplicate_of: id of a row with the same image, or nearly the same, and another label, or ``""``.
        confirmed: whether a model reads just what was released.
        neighbour: id of a row at most two lines away whose label is what the models propose, or ``""``.
        segmentation: how the symbols marked in the ink differ from the label, or ``""``.
    """

    syntax: str = ""
    raw_label: str = ""
    duplicate_of: str = ""
    neighbour: str = ""
    confirmed: bool = False
    segmentation: str = ""

    @property
    def log_factor(self) -> float:
        """Natural logarithm of the factor on the odds."""
        parts = [(self.syntax, SYNTAX), (self.raw_label, RAW_LABEL), (self.duplicate_of, DUPLICATE)]
        parts.append((self.segmentation, SEGMENTATION))
        others = (NEIGHBOUR if self.neighbour else 0.0) + (CONFIRMED if self.confirmed else 0.0)
        return sum((factor for signal, factor in parts if signal), others)


def signals_of(rows: Sequence[AuditRow], duplicates: Sequence[str]) -> list[Signals]:
    """The signals of all rows, in file order; ``duplicates`` as `conflicting_duplicates` returns them."""
    signals = []
    segmentations = conflicting_segmentations(rows)
    for number, row in enumerate(rows):
        raw = _raw(row)
        confirmed = bool(raw) and any(visible(answer.tokens) == visible(raw.split()) for answer in row.answers)
        neighbour = _neighbour(rows, number)
        signals.append(
            Signals(_syntax(row.label), raw, duplicates[number], neighbour, confirmed, segmentations[number])
        )
    return signals


def _syntax(label: tuple[str, ...]) -> str:
    if not label:
        return "the label is empty"
    if try_parse(list(label)) is not None:
        return ""
    try:
        parse(" ".join(label))
    except LatexSyntaxError as error:
        return error.reason
    return ""


def visible(label: Iterable[str]) -> tuple[str, ...]:
    """A label without the tokens that an image cannot show."""
    return tuple(token for token in label if token not in _INVISIBLE)


def _raw(row: AuditRow) -> str:
    if row.raw_label is None or visible(row.raw_label) == visible(row.label):
        return ""
    return " ".join(row.raw_label)


def _neighbour(rows: Sequence[AuditRow], number: int) -> str:
    proposal = proposal_of(rows[number].label, rows[number].answers)
    if proposal is None or len(proposal.tokens) < 3:
        return ""
    for other in range(max(number - _NEAR, 0), min(number + _NEAR + 1, len(rows))):
        if other != number and rows[other].label == proposal.tokens:
            return rows[other].id
    return ""


def conflicting_duplicates(rows: Sequence[AuditRow], looks: Sequence[PerceptualHash | None]) -> list[str]:
    """For each row the id of a row with the same image, or nearly the same, under another label; else ``""``."""
    features = np.zeros(len(rows), INDEX_DTYPE)
    for number, look in enumerate(looks):
        if look is None:
            continue
        features[number]["phash"], features[number]["aspect"] = look.bits, look.aspect
        features[number]["label"] = hash64(" ".join(rows[number].label))
        features[number]["usable"] = True
    first = first_near_duplicate(features, NearDuplicateOptions(image="near"))
    groups: dict[int, list[int]] = defaultdict(list)
    for number, origin in enumerate(first.tolist()):
        if origin >= 0:
            groups[origin].append(number)
    conflicts = [""] * len(rows)
    for origin, members in groups.items():
        group = [origin, *members]
        for number in group:
            other = next((one for one in group if rows[one].label != rows[number].label), None)
            conflicts[number] = "" if other is None else rows[other].id
    return conflicts
