"""Near-duplicate search in a row index: the same image, nearly the same image, or the same label.

Not for excluding duplicates: see `duplicates` and `leakage`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from mumer_data.filters import FilterOptions
from mumer_data.images.perceptual_hash import BITS

# Copies of CROHME images differ in 0 bits when padded and up to 9 as JPEG of quality 50 (95% of them); the two
# closest images of different ink differ in 50.
DISTANCE = 12
_ASPECT_TOLERANCE = 0.25  # a horizontal and a vertical bar have the same perceptual hash but another aspect ratio

Ints = NDArray[np.int64]


class NearDuplicateOptions(FilterOptions):
    """What counts as a duplicate.

    Attributes:
        image: ``exact`` bytes, ``near`` (also scaled, padded, compressed, inverted), or ``ignore``.
        label: ``same``, or ``ignore``.
        distance: for ``near``: how many of the 256 bits of the perceptual hash may differ.
    """

    image: Literal["exact", "near", "ignore"] = "exact"
    label: Literal["same", "ignore"] = "ignore"
    distance: int = Field(DISTANCE, ge=0, le=31)

    @model_validator(mode="after")
    def _compares_something(self) -> NearDuplicateOptions:
        if self.image == self.label == "ignore":
            raise ValueError("image and label cannot both be ignored")
        return self


def first_near_duplicate(features: NDArray[np.void], options: NearDuplicateOptions, others: int = 0) -> Ints:
    """For each row, the index of an earlier row that it duplicates, or -1.

    Args:
        features: structured array of `row_index.FEATURES`; rows that are not usable have no duplicates.
        options: what counts as a duplicate.
        others: the number of rows at the beginning that belong to another source; then rows are compared with these
            only. If 0, a row is compared with the earlier rows that are not duplicates themselves.
    """
    usable = np.flatnonzero(features["usable"])
    if not len(usable):
        return np.full(len(features), -1, np.int64)
    duplicate_of = _first_near_duplicate(
        features[usable], options, int(np.searchsorted(usable, others)), cross=others > 0
    )
    out = np.full(len(features), -1, np.int64)
    out[usable] = np.where(duplicate_of >= 0, usable[duplicate_of], -1)
    return out


def _first_near_duplicate(
    features: NDArray[np.void], options: NearDuplicateOptions, others: int, *, cross: bool
) -> Ints:
    columns = {"exact": ["image"], "near": ["phash", "aspect"], "ignore": []}[options.image]
    columns += ["label"] if options.label == "same" else []
    first = _first_equal(np.column_stack([features[f].view("u8") if f == "aspect" else features[f] for f in columns]))
    duplicate_of = np.full(len(features), -1, np.int64)
    if options.image == "near":
        representatives = np.flatnonzero(first == np.arange(len(features)))
        for i, j in _near_pairs(features[representatives], options):
            earlier, later = int(representatives[i]), int(representatives[j])
            if duplicate_of[later] < 0 and (earlier < others <= later if cross else duplicate_of[earlier] < 0):
                duplicate_of[later] = earlier
    for row in np.flatnonzero(first != np.arange(len(features))):
        origin = first[row]
        if cross:
            duplicate_of[row] = (origin if origin < others else duplicate_of[origin]) if row >= others else -1
        else:
            duplicate_of[row] = duplicate_of[origin] if duplicate_of[origin] >= 0 else origin
    return duplicate_of


def _first_equal(columns: NDArray[np.uint64]) -> Ints:
    """For each row the first row that equals it; its own index where no earlier row does."""
    order = np.lexsort(columns.T)  # stable: equal rows stay in their order
    begins = np.ones(len(columns), bool)
    begins[1:] = (columns[order[1:]] != columns[order[:-1]]).any(axis=1)
    first = np.empty(len(columns), np.int64)
    first[order] = order[begins][np.cumsum(begins) - 1]
    return first


def _bits(hashes: NDArray[np.uint64], begin: int, length: int) -> NDArray[np.uint64]:
    """``length`` bits, at most 64, of the 256 of each hash."""
    word, shift = divmod(begin, 64)
    bits = hashes[:, word] >> np.uint64(shift)
    if shift + length > 64:
        bits = bits | hashes[:, word + 1] << np.uint64(64 - shift)
    return bits if length == 64 else bits & np.uint64((1 << length) - 1)


def _near_pairs(features: NDArray[np.void], options: NearDuplicateOptions) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), i < j, in order of j then i, whose hashes differ in at most ``distance`` bits.

    Hashes that differ in d bits agree in at least one of d + 1 bands, so only rows that share a band are compared.
    """
    hashes, aspect = features["phash"], features["aspect"]
    pairs: set[tuple[int, int]] = set()
    for band in np.array_split(np.arange(BITS), options.distance + 1):
        keys = _bits(hashes, int(band[0]), min(len(band), 64))
        order = np.argsort(keys, kind="stable")
        positions, step = np.arange(len(order)), 1
        while len(positions):
            positions = positions[positions + step < len(order)]
            left, right = order[positions], order[positions + step]
            same_band = keys[left] == keys[right]
            positions, left, right = positions[same_band], left[same_band], right[same_band]
            close = np.bitwise_count(hashes[left] ^ hashes[right]).sum(axis=1) <= options.distance
            close &= np.abs(aspect[left] - aspect[right]) <= _ASPECT_TOLERANCE
            if options.label == "same":
                close &= features["label"][left] == features["label"][right]
            pairs.update(zip(left[close].tolist(), right[close].tolist(), strict=True))
            step += 1
    return iter(sorted(pairs, key=lambda pair: (pair[1], pair[0])))
