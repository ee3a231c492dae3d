"""First pass over a source: one record of hashes per row, so that rows can be compared with all others.

Not for excluding rows: see the filters.
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

# 64-bit hashes of id, label and encoded image; the image's perceptual hash (256 bits) and aspect ratio
FEATURES = np.dtype(
    [("id", "u8"), ("label", "u8"), ("image", "u8"), ("phash", "u8", (4,)), ("aspect", "f8"), ("usable", "?")]
)


@dataclass(frozen=True, slots=True)
class RowIndex:
    """All rows of a source that could be read, in order.

    Attributes:
        rows: number of each row in the source.
        ids: ids of the examples.
        features: structured array of `FEATURES`, one element per row; features that were not requested are 0, and a
            row is ``usable`` where its label and, if requested, its image are valid.
    """

    rows: NDArray[np.int64]
    ids: list[str]
    features: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.ids)


DUPLICATE_ID = "duplicate_id"


def repeated_ids(rows: RowIndex) -> Iterator[tuple[int, Rejection]]:
    """Rows that repeat the id of an earlier row."""
    _, firsts, group = np.unique(rows.features["id"], return_index=True, return_inverse=True)
    first = firsts[group]
    for index in np.flatnonzero(first != np.arange(len(rows))):
        earlier = int(rows.rows[first[index]])
        yield int(index), Rejection(DUPLICATE_ID, f"row {earlier} has the id {rows.ids[index]!r} already")


def build_row_index(
    reader: Reader,
    parts: Sequence[Slice],
    validator: RowValidator,
    *,
    labels: bool,
    images: bool,
    workers: int | None = None,
) -> RowIndex:
    """Index all rows of a source.

    Args:
        reader: reader of the source.
        parts: its slices.
        validator: decides which rows are usable.
        labels: whether to compute label features; if false, only ids are read.
        images: whether to compute image features too (reads and decodes every image: the expensive part).
        workers: number of processes; the result does not depend on it.
    """
    index_slice = partial(_index_slice, reader, validator, labels or images, images)
    indices = list(parallel_map(index_slice, parts, workers, ordered=True))
    return RowIndex(
        np.concatenate([part.rows for part in indices]) if indices else np.empty(0, np.int64),
        [name for part in indices for name in part.ids],
        np.concatenate([part.features for part in indices]) if indices else np.empty(0, FEATURES),
    )


def _index_slice(reader: Reader, validator: RowValidator, labels: bool, images: bool, part: Slice) -> RowIndex:
    rows: list[int] = []
    ids: list[str] = []
    features = np.zeros(part.rows, FEATURES)
    for row in reader.read(part):
        if not isinstance(row, Reject):
            features[len(ids)] = _features(row, validator, labels, images)
            rows.append(row.row)
            ids.append(row.id)
    return RowIndex(np.array(rows, np.int64), ids, features[: len(ids)])


def _features(example: Example, validator: RowValidator, labels: bool, images: bool) -> NDArray[np.void]:
    features = np.zeros((), FEATURES)
    features["id"] = _hash(example.id.encode("utf-8", "surrogatepass"))
    if not labels:
        return features
    expression = validator.expression(example)
    if isinstance(expression, Reject):
        return features
    features["label"] = _hash(expression.label.encode())
    if images:
        data = validator.image(example)
        if isinstance(data, Reject):
            return features
        perceptual = phash(data)
        features["image"], features["phash"], features["aspect"] = _hash(data), perceptual.bits, perceptual.aspect
    features["usable"] = True
    return features


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())
