"""Selects the candidates that become samples: no duplicates, and at most the limits per image and per confusion.

Holds all candidates of a run as numbers: about 70 bytes per candidate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

TAKEN, DUPLICATE, IMAGE_FULL, CONFUSION_FULL = range(4)
REASONS = {
    DUPLICATE: ("duplicate_prediction", "the same prediction of the same image came before"),
    IMAGE_FULL: ("image_limit", "as many samples of this image as --max-per-image allows"),
    CONFUSION_FULL: ("confusion_limit", "as many samples of one of its confusions as --max-per-confusion allows"),
}

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Candidates:
    """Keys and priorities of all candidates, in the order of the input.

    Attributes:
        id, image, prediction: keys of the id, of the image (data set and id), and of image and prediction together.
        priority: candidates with smaller values are taken first if there is a limit.
        confusions: keys of the confusions of all candidates, concatenated.
        starts: index of each candidate's first confusion; one more entry for the end.
    """

    id: Keys
    image: Keys
    prediction: Keys
    priority: NDArray[np.float64]
    confusions: Keys
    starts: NDArray[np.int64]

    @classmethod
    def of_table(cls, table: pa.Table) -> Candidates:
        """The candidates of a table with the key columns of `candidates.CANDIDATES`."""
        lists = table.column("confusion_keys").combine_chunks()
        counts = np.fromiter(lists.value_lengths(), np.int64, len(lists)) if len(lists) else np.zeros(0, np.int64)
        return cls(
            table.column("id_key").to_numpy(),
            table.column("image_key").to_numpy(),
            table.column("text_key").to_numpy(),
            table.column("priority").to_numpy(),
            lists.flatten().to_numpy(),
            np.concatenate([[0], np.cumsum(counts)]),
        )

    @classmethod
    def join(cls, parts: Iterable[Candidates]) -> Candidates:
        """Concatenate candidates."""
        all_parts = list(parts)
        offsets = np.cumsum([0, *(len(part.confusions) for part in all_parts)])
        starts = [part.starts[:-1] + offset for part, offset in zip(all_parts, offsets[:-1], strict=True)]
        return cls(
            np.concatenate([part.id for part in all_parts]),
            np.concatenate([part.image for part in all_parts]),
            np.concatenate([part.prediction for part in all_parts]),
            np.concatenate([part.priority for part in all_parts]),
            np.concatenate([part.confusions for part in all_parts]),
            np.concatenate([*starts, offsets[-1:]]),
        )


def choose(candidates: Candidates, max_per_image: int | None, max_per_confusion: int | None) -> NDArray[np.int8]:
    """The decision for each candidate: `TAKEN`, or a key of `REASONS`.

    Of equal predictions the first is kept. Then candidates are taken in the order of priority, unless their image or
    one of their confusions has reached its limit.
    """
    decisions = np.full(len(candidates.prediction), DUPLICATE, np.int8)
    _, first = np.unique(candidates.prediction, return_index=True)
    decisions[first] = TAKEN
    if max_per_image is None and max_per_confusion is None:
        return decisions
    _, image = np.unique(candidates.image, return_inverse=True)
    _, confusion = np.unique(candidates.confusions, return_inverse=True)
    per_image = np.zeros(image.max(initial=-1) + 1, np.int64)
    per_confusion = np.zeros(confusion.max(initial=-1) + 1, np.int64)
    order = np.lexsort((np.arange(len(decisions)), candidates.priority))
    for index in order[decisions[order] == TAKEN]:
        own = confusion[candidates.starts[index] : candidates.starts[index + 1]]
        if max_per_image is not None and per_image[image[index]] >= max_per_image:
            decisions[index] = IMAGE_FULL
        elif max_per_confusion is not None and (per_confusion[own] >= max_per_confusion).any():
            decisions[index] = CONFUSION_FULL
        else:
            per_image[image[index]] += 1
            per_confusion[own] += 1
    return decisions


def ranked(candidates: Candidates, decisions: NDArray[np.int8]) -> NDArray[np.int64]:
    """For each candidate: its rank among the taken ones of its id, from 0; minus the decision if it is not taken."""
    values = -decisions.astype(np.int64)
    taken = np.flatnonzero(decisions == TAKEN)
    order = taken[np.argsort(candidates.id[taken], kind="stable")]
    ids = candidates.id[order]
    first = np.ones(len(ids), bool)
    first[1:] = ids[1:] != ids[:-1]
    positions = np.arange(len(ids))
    values[order] = positions - np.maximum.accumulate(np.where(first, positions, 0))
    return values
