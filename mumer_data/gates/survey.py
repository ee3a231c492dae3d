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

from mumer_data.data import Example, Reject, Slice
from mumer_data.gates import Refusal
from mumer_data.gates.screen import Screen
from mumer_data.images.look import look_of
from mumer_data.parallel import in_processes
from mumer_data.readers import Reader

# hashes of id, label and the image's bytes; the image's look (see `images.look`)
TRAITS = np.dtype(
    [("id", "u8"), ("label", "u8"), ("image", "u8"), ("look", "u8", (4,)), ("aspect", "f8"), ("usable", "?")]
)


@dataclass(frozen=True, slots=True)
class Survey:
    """All rows of a source that could be read, in order.

    Attributes:
        rows: number of each row in the source.
        ids: of the examples.
        traits: structured array of `TRAITS`; what was not asked for is 0, and a row is ``usable`` where its label
            and, if images were asked for, its image pass the screen.
    """

    rows: NDArray[np.int64]
    ids: list[str]
    traits: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.ids)


DUPLICATE_ID = "duplicate_id"


def repeated_ids(rows: Survey) -> Iterator[tuple[int, Refusal]]:
    """Rows whose id an earlier one has already."""
    _, firsts, group = np.unique(rows.traits["id"], return_index=True, return_inverse=True)
    first = firsts[group]
    for place in np.flatnonzero(first != np.arange(len(rows))):
        earlier = int(rows.rows[first[place]])
        yield int(place), Refusal(DUPLICATE_ID, f"row {earlier} has the id {rows.ids[place]!r} already")


def survey(
    reader: Reader,
    parts: Sequence[Slice],
    screen: Screen,
    *,
    labels: bool,
    images: bool,
    workers: int | None = None,
) -> Survey:
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
    found = list(in_processes(walk, parts, workers, ordered=True))
    return Survey(
        np.concatenate([part.rows for part in found]) if found else np.empty(0, np.int64),
        [name for part in found for name in part.ids],
        np.concatenate([part.traits for part in found]) if found else np.empty(0, TRAITS),
    )


def _survey_slice(reader: Reader, screen: Screen, labels: bool, images: bool, part: Slice) -> Survey:
    rows: list[int] = []
    ids: list[str] = []
    traits = np.zeros(part.rows, TRAITS)
    for row in reader.read(part):
        if not isinstance(row, Reject):
            traits[len(ids)] = _traits(row, screen, labels, images)
            rows.append(row.row)
            ids.append(row.id)
    return Survey(np.array(rows, np.int64), ids, traits[: len(ids)])


def _traits(example: Example, screen: Screen, labels: bool, images: bool) -> NDArray[np.void]:
    traits = np.zeros((), TRAITS)
    traits["id"] = _hash(example.id.encode("utf-8", "surrogatepass"))
    if not labels:
        return traits
    label = screen.label(example)
    if isinstance(label, Reject):
        return traits
    traits["label"] = _hash(label.encode())
    if images:
        data = screen.image(example)
        if isinstance(data, Reject):
            return traits
        look = look_of(data)
        traits["image"], traits["look"], traits["aspect"] = _hash(data), look.bits, look.aspect
    traits["usable"] = True
    return traits


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())
