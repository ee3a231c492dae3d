"""Which rows of a build_row_index are like an earlier one: the same image, nearly the same, or the same label.

Not for what follows from it: see `duplicates` and `leakage`.
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
_ASPECT = 0.25  # a line and a bar have the same look, apart from their shape

Ints = NDArray[np.int64]


class NearDuplicateOptions(FilterOptions):
    """What counts as the same.

    Attributes:
        image: ``exact`` bytes, ``near`` (also scaled, padded, compressed, inverted), or ``ignore``.
        label: ``same``, or ``ignore``.
        distance: for ``near``: bits of 256 that may differ.
    """

    image: Literal["exact", "near", "ignore"] = "exact"
    label: Literal["same", "ignore"] = "ignore"
    distance: int = Field(DISTANCE, ge=0, le=31)

    @model_validator(mode="after")
    def _compares_something(self) -> NearDuplicateOptions:
        if self.image == self.label == "ignore":
            raise ValueError("image and label cannot both be ignored")
        return self


def first_near_duplicate(features: NDArray[np.void], like: NearDuplicateOptions, others: int = 0) -> Ints:
    """For each row, the place of an earlier row that it is like, or -1.

    Args:
        features: see `build_row_index.FEATURES`; rows that are not usable are like nothing.
        like: what counts as the same.
        others: so many rows at the beginning are of another source: then only they are compared with. Without them
            a row is compared with the earlier rows that are themselves like no earlier one.
    """
    usable = np.flatnonzero(features["usable"])
    if not len(usable):
        return np.full(len(features), -1, np.int64)
    found = _first_near_duplicate(features[usable], like, int(np.searchsorted(usable, others)), cross=others > 0)
    out = np.full(len(features), -1, np.int64)
    out[usable] = np.where(found >= 0, usable[found], -1)
    return out


def _first_near_duplicate(features: NDArray[np.void], like: NearDuplicateOptions, others: int, *, cross: bool) -> Ints:
    fields = {"exact": ["image"], "near": ["look", "aspect"], "ignore": []}[like.image]
    fields += ["label"] if like.label == "same" else []
    first = _first_equal(np.column_stack([features[f].view("u8") if f == "aspect" else features[f] for f in fields]))
    out = np.full(len(features), -1, np.int64)
    if like.image == "near":
        chosen = np.flatnonzero(first == np.arange(len(features)))
        for i, j in _near_pairs(features[chosen], like):
            early, late = int(chosen[i]), int(chosen[j])
            if out[late] < 0 and (early < others <= late if cross else out[early] < 0):
                out[late] = early
    for row in np.flatnonzero(first != np.arange(len(features))):
        origin = first[row]
        if cross:
            out[row] = (origin if origin < others else out[origin]) if row >= others else -1
        else:
            out[row] = out[origin] if out[origin] >= 0 else origin
    return out


def _first_equal(columns: NDArray[np.uint64]) -> Ints:
    """For each row the first row that equals it: itself, where none before does."""
    order = np.lexsort(columns.T)  # stable: equal rows stay in their order
    begins = np.ones(len(columns), bool)
    begins[1:] = (columns[order[1:]] != columns[order[:-1]]).any(axis=1)
    first = np.empty(len(columns), np.int64)
    first[order] = order[begins][np.cumsum(begins) - 1]
    return first


def _bits(look: NDArray[np.uint64], begin: int, length: int) -> NDArray[np.uint64]:
    """``length`` bits, at most 64, of each look's 256."""
    word, shift = divmod(begin, 64)
    found = look[:, word] >> np.uint64(shift)
    if shift + length > 64:
        found = found | look[:, word + 1] << np.uint64(64 - shift)
    return found if length == 64 else found & np.uint64((1 << length) - 1)


def _near_pairs(features: NDArray[np.void], like: NearDuplicateOptions) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), i < j, in order of j then i, whose looks differ in at most ``like.distance`` bits.

    Two looks that differ in d bits agree wholly in one of d + 1 bands, so only rows that share a band are compared.
    """
    look, aspect = features["look"], features["aspect"]
    found: set[tuple[int, int]] = set()
    for band in np.array_split(np.arange(BITS), like.distance + 1):
        keys = _bits(look, int(band[0]), min(len(band), 64))
        order = np.argsort(keys, kind="stable")
        places, step = np.arange(len(order)), 1
        while len(places):
            places = places[places + step < len(order)]
            left, right = order[places], order[places + step]
            together = keys[left] == keys[right]
            places, left, right = places[together], left[together], right[together]
            close = np.bitwise_count(look[left] ^ look[right]).sum(axis=1) <= like.distance
            close &= np.abs(aspect[left] - aspect[right]) <= _ASPECT
            if like.label == "same":
                close &= features["label"][left] == features["label"][right]
            found.update(zip(left[close].tolist(), right[close].tolist(), strict=True))
            step += 1
    return iter(sorted(found, key=lambda pair: (pair[1], pair[0])))
