"""Metrics: (label, prediction) pairs -> figures with intervals and signatures. No torch anywhere.

A metric maps every pair to a row of numbers, and sums of such rows to figures; resampling and slicing are therefore
independent of the metric. A new metric is one module with a class that implements `Metric`, and one line in `METRICS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mumer_data.registry import Registry

if TYPE_CHECKING:
    from mumer_data.metrics.pairs import Pairs

Floats = NDArray[np.float64]


class Metric(Protocol):
    """One or several figures that are functions of sums over pairs.

    Attributes:
        signature: the settings of this metric (tokeniser, library versions); the common ones are added by `evaluate`.
    """

    signature: str

    def statistics(self, pairs: Pairs) -> Floats:
        """One row of numbers per pair: shape (pairs, columns)."""

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """The figures, from sums of such rows: shape (..., columns) -> shape (...) for each figure."""


# name -> "module:class", in the order of the figures in a table
METRICS = Registry(
    "metric",
    "mumer.metrics",
    {
        "published": "mumer_data.metrics.published:Published",
        "standard": "mumer_data.metrics.standard:Standard",
        "structure": "mumer_data.metrics.structure:Structure",
        "semantic": "mumer_data.metrics.semantic:Semantic",
        "cdm": "mumer_data.metrics.visual:Visual",
        "rating": "mumer_data.metrics.rating.metric:MeanRating",
    },
)
# Computed by default; the others are slower.
DEFAULT = ("published", "standard", "structure")


def metric(name: str) -> Metric:
    """The metric registered under ``name``; raises ``KeyError`` for an unknown name."""
    instance: Metric = METRICS.load(name)()
    return instance


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``; 0 where ``whole`` is 0."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole != 0)
