"""A first walk over a source: a few numbers for every row, so that rows can be compared with all others.

Not for deciding anything: the gates do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mumer_data.filters import Rejection
from mumer_data.filters.validation import RowValidator
from mumer_data.images.perceptual_hash import phash
from mumer_data.io.processes import parallel_map
from mumer_data.readers import Reader
from mumer_data.records import Example, Reject, Slice

# hashes of id, label and the image's bytes; the image's look (see `images.look`)
FEATURES = np.dtype(
    [("id", "u8"), ("label", "u8"), ("image", "u8"), ("look", "u8", (4,)), ("aspect", "f8"), ("usable", "?")]
)


@dataclass(frozen=True, slots=True)
class RowIndex:
    """All rows of a source that could be read, in order.

    Attributes:
        rows: number of each row in the source.
        ids: of the examples.
        features: structured array of `FEATURES`; what was not asked for is 0, and a row is ``usable`` where its label
            and, if images were asked for, its image pass the screen.
    """

    rows: NDArray[np.int64]
    ids: list[str]
    features: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.ids)


DUPLICATE_ID = "duplicate_id"


def repeated_ids(rows: RowIndex) -> Iterator[tuple[int, Rejection]]:
    """Rows whose id an earlier one has already."""
    _, firsts, group = np.unique(rows.features["id"], return_index=True, return_inverse=True)
    first = firsts[group]
    for place in np.flatnonzero(first != np.arange(len(rows))):
        earlier = int(rows.rows[first[place]])
        yield int(place), Rejection(DUPLICATE_ID, f"row {earlier} has the id {rows.ids[place]!r} already")


def build_row_index(
    reader: Reader,
    parts: Sequence[Slice],
    screen: RowValidator,
    *,
    labels: bool,
    images: bool,
    workers: int | None = None,
) -> RowIndex:
    """Walk over the slices of a source.

    Args:
        reader: of the source.
        parts: its slices.
        screen: decides which rows are usable.
        labels: whether labels are wanted; without them only ids are read.
        images: whether images are wanted too (reads and decodes them: the expensive part).
        workers: processes; the result does not depend on it.
    """
    walk = partial(_survey_slice, reader, screen, labels or images, images)
    found = list(parallel_map(walk, parts, workers, ordered=True))
    return RowIndex(
        np.concatenate([part.rows for part in found]) if found else np.empty(0, np.int64),
        [name for part in found for name in part.ids],
        np.concatenate([part.features for part in found]) if found else np.empty(0, FEATURES),
    )


def _survey_slice(reader: Reader, screen: RowValidator, labels: bool, images: bool, part: Slice) -> RowIndex:
    rows: list[int] = []
    ids: list[str] = []
    features = np.zeros(part.rows, FEATURES)
    for row in reader.read(part):
        if not isinstance(row, Reject):
            features[len(ids)] = _traits(row, screen, labels, images)
            rows.append(row.row)
            ids.append(row.id)
    return RowIndex(np.array(rows, np.int64), ids, features[: len(ids)])


def _traits(example: Example, screen: RowValidator, labels: bool, images: bool) -> NDArray[np.void]:
    features = np.zeros((), FEATURES)
    features["id"] = _hash(example.id.encode("utf-8", "surrogatepass"))
    if not labels:
        return features
    expression = screen.expression(example)
    if isinstance(expression, Reject):
        return features
    features["label"] = _hash(expression.label.encode())
    if images:
        data = screen.image(example)
        if isinstance(data, Reject):
            return features
        look = phash(data)
        features["image"], features["look"], features["aspect"] = _hash(data), look.bits, look.aspect
    features["usable"] = True
    return features


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())
