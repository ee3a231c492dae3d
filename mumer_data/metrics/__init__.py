"""Metrics: (label, prediction) pairs -> figures with intervals and signatures. No torch anywhere.

A metric turns every pair into a row of numbers, and sums of such rows into figures; so resampling and slicing know no
metric by name. A new one is one module with a class of the shape of `Metric`, and one line in `METRICS`.
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
        signature: how the figures are made, beside what holds for all (normaliser, rows, version).
    """

    signature: str

    def statistics(self, pairs: Pairs) -> Floats:
        """One row of numbers a pair: shape (pairs, columns)."""

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
# What is always computed; the others take longer.
DEFAULT = ("published", "standard", "structure")


def metric(name: str) -> Metric:
    """The metric registered under ``name``; raises ``KeyError`` where there is none."""
    made: Metric = METRICS.load(name)()
    return made


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, 0 where ``whole`` is."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole != 0)
