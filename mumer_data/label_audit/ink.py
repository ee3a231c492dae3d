"""Whether a label fits the amount of ink: connected components of the image against those that its symbols need.

Assumes that a symbol has about the same number of components everywhere in the set; not for recognising anything.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mumer_data.images.polarity import polarity

_STRUCTURE = frozenset("{}_^") | {"\\limits", "\\left", "\\right"}
_INK = 64  # of 255: fainter marks are paper
_SPECK = 0.002  # components smaller than this share of the ink are specks
_SIDE = 512  # pixels: larger images are scaled down
_RIDGE = 2.0  # pseudo-labels in which a symbol has one component
_MAX_MISFIT = 6.0


def ink_components(data: bytes) -> int:
    """The number of connected components of the ink (8-neighbourhood) of an encoded image, without specks."""
    from scipy import ndimage

    with Image.open(io.BytesIO(data)) as image:
        grey = image.convert("L")
    if polarity(grey) == "dark_on_light":
        grey = ImageOps.invert(grey)
    if max(grey.size) > _SIDE:
        grey = ImageOps.contain(grey, (_SIDE, _SIDE), Image.Resampling.BOX)
    threshold = min(_INK, max(int(np.asarray(grey).max()) // 3, 1))
    ink = np.asarray(grey) >= threshold
    labelled, count = ndimage.label(ink, np.ones((3, 3)))
    if not count:
        return 0
    sizes = np.bincount(labelled.ravel())[1:]
    return int((sizes >= max(_SPECK * sizes.sum(), 2)).sum())


def symbols_of(label: Sequence[str]) -> Counter[str]:
    """The tokens of a label that leave ink, with their counts."""
    return Counter(token for token in label if token not in _STRUCTURE)


@dataclass(frozen=True, slots=True)
class InkModel:
    """Expected number of components of a label, fitted to a set by ridge regression.

    Attributes:
        weights: symbol -> components.
        spread: standard deviation of log((components + 1) / (expected + 1)).
    """

    weights: dict[str, float]
    spread: float

    @classmethod
    def fit(cls, labels: Sequence[Sequence[str]], components: Sequence[int]) -> InkModel:
        """Fit to labels and the components of their images; rare symbols stay near one component."""
        counts = [symbols_of(label) for label in labels]
        names = sorted({token for count in counts for token in count})
        index = {token: number for number, token in enumerate(names)}
        gram: NDArray[np.float64] = np.eye(len(names)) * _RIDGE
        target = np.full(len(names), _RIDGE)
        for count, parts in zip(counts, components, strict=True):
            columns = [index[token] for token in count]
            values = np.array([float(count[token]) for token in count])
            weight = 1.0 / (1.0 + values.sum())  # the spread grows with the length of the label
            gram[np.ix_(columns, columns)] += weight * np.outer(values, values)
            target[columns] += weight * values * parts
        solved = np.linalg.solve(gram, target) if names else target
        weights = {token: float(np.clip(solved[index[token]], 0.3, 3.0)) for token in names}
        model = cls(weights, 1.0)
        ratios = [model.log_ratio(label, parts) for label, parts in zip(labels, components, strict=True)]
        spread = float(np.median(np.abs(ratios))) * 1.4826 if ratios else 1.0  # robust: wrong labels do not widen it
        return cls(weights, max(spread, 0.1))

    def expected(self, label: Sequence[str]) -> float:
        """Components that a label needs."""
        return sum(self.weights.get(token, 1.0) * count for token, count in symbols_of(label).items())

    def log_ratio(self, label: Sequence[str], components: int) -> float:
        """Natural logarithm of components against expected components; 0 where they fit."""
        return log((components + 1) / (self.expected(label) + 1))

    def misfit(self, label: Sequence[str], components: int) -> float:
        """Absolute log ratio in standard deviations, at most 6."""
        return min(abs(self.log_ratio(label, components)) / self.spread, _MAX_MISFIT)
