"""From predictions to figures: values, bootstrap intervals, signatures, and slices.

Not for printing, and not for any single metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mumer_data._version import __version__
from mumer_data.metrics import DEFAULT, Floats, Metric, metric
from mumer_data.metrics.pairs import Pairs, pair_up
from mumer_data.records import Prediction

RESAMPLES = 1_000
LEVEL = 95  # per cent
_CHUNK = 4_000_000  # cells of the matrix of resamples held at a time


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a set of pairs.

    Attributes:
        value: in the unit of the metric.
        low, high: bounds of the 95% interval of the percentile bootstrap.
        signature: exactly how it was made.
    """

    value: float
    low: float
    high: float
    signature: str


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The figures of a set of predictions.

    Attributes:
        pairs: labels and predictions; distances, lengths and exactness of every row are at hand there.
        figures: by their names in JSON.
        counts: numbers that are no estimates (rows left out, and so on).
        slices: key -> slice -> figures of that slice; ``n`` is its number of rows.
    """

    pairs: Pairs
    figures: dict[str, Figure]
    counts: dict[str, int]
    slices: dict[str, dict[str, tuple[int, dict[str, Figure]]]]

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.pairs)

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={figure.value:.4g}" for name, figure in list(self.figures.items())[:4])
        return f"Evaluation(n={self.n}, {shown}, ... {len(self.figures)} figures)"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{name}</td><td>{figure.value:.4g}</td><td>{figure.low:.4g} to {figure.high:.4g}</td></tr>"
            for name, figure in self.figures.items()
        )
        return f"<table><tr><th>n = {self.n}</th><th>value</th><th>95% interval</th></tr>{cells}</table>"

    def to_dict(self) -> dict[str, Any]:
        """The same as `to_json`."""
        return self.to_json()

    def to_json(self) -> dict[str, Any]:
        """Plain data: figures at the top level, then ``intervals``, ``signatures`` and, if asked for, ``by``."""
        found: dict[str, Any] = {"n": self.n, **_values(self.figures), **self.counts}
        found["intervals"] = {name: [_round(f.low), _round(f.high)] for name, f in self.figures.items()}
        found["signatures"] = {name: figure.signature for name, figure in self.figures.items()}
        if self.slices:
            found["by"] = {
                key: {
                    name: {
                        "n": n,
                        **_values(figures),
                        "intervals": {k: [_round(f.low), _round(f.high)] for k, f in figures.items()},
                        "signatures": {k: f.signature for k, f in figures.items()},
                    }
                    for name, (n, figures) in slices.items()
                }
                for key, slices in self.slices.items()
            }
        return found


def _values(figures: dict[str, Figure]) -> dict[str, float]:
    return {name: _round(figure.value) for name, figure in figures.items()}


def _round(value: float) -> float:
    return round(value, 6)


def evaluate(
    predictions: Sequence[Prediction],
    *,
    metrics: Iterable[str] = DEFAULT,
    normalize: Callable[[str], str] | None = None,
    normalizer: str = "none",
    by: Iterable[str] = (),
    seed: int = 0,
) -> Evaluation:
    """Judge predictions against their labels.

    Args:
        predictions: at least one.
        metrics: names in `METRICS`.
        normalize: applied to both sides before anything is compared; off unless given.
        normalizer: its name, for the signatures.
        by: names in `slices.SLICES`; the default figures are given for each slice too.
        seed: of the bootstrap.
    """
    from mumer_data.metrics.slices import slices_of

    pairs = pair_up(predictions, normalize)
    common = f"norm:{normalizer}|version:mumer-{__version__}"
    made = [metric(name) for name in metrics]
    statistics = [one.statistics(pairs) for one in made]
    counts: dict[str, int] = {}
    for one, rows in zip(made, statistics, strict=True):
        if counter := getattr(one, "counts", None):
            counts.update(counter(rows))
    slices = {
        key: {
            group: (len(places), _figures(made, [rows[places] for rows in statistics], common, seed))
            for group, places in slices_of(key, pairs).items()
        }
        for key in by
    }
    return Evaluation(pairs, _figures(made, statistics, common, seed), counts, slices)


def _figures(made: Sequence[Metric], statistics: Sequence[Floats], common: str, seed: int) -> dict[str, Figure]:
    """The figures of some pairs; every metric sees the same resamples."""
    drawn = resampled_sums(np.hstack(statistics), seed)
    ends = np.cumsum([rows.shape[1] for rows in statistics])
    found: dict[str, Figure] = {}
    for one, rows, sums in zip(made, statistics, np.split(drawn, ends[:-1], axis=1), strict=True):
        how = f"{one.signature}|{common}|n:{len(rows)}|ci:bootstrap-{RESAMPLES}-seed:{seed}"
        scores = one.scores(sums)
        for name, value in one.scores(rows.sum(axis=0)).items():
            low, high = np.percentile(scores[name], [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
            found[name] = Figure(float(value), float(low), float(high), f"{name}|{how}")
    return found


def resampled_sums(statistics: Floats, seed: int = 0, resamples: int = RESAMPLES) -> Floats:
    """Sums over pairs drawn with replacement, as often as there are pairs: shape (resamples, columns).

    The same seed and number of pairs draw the same pairs, which is what a paired test needs.

    Source: P. Koehn, Statistical Significance Tests for Machine Translation Evaluation, 2004.
    """
    rows = len(statistics)
    if not rows:
        return np.zeros((resamples, statistics.shape[1]))
    rng = np.random.default_rng([seed, rows])
    step = max(1, _CHUNK // rows)
    sums = []
    for begin in range(0, resamples, step):
        draws = range(min(step, resamples - begin))
        weights = np.array([np.bincount(rng.integers(rows, size=rows), minlength=rows) for _ in draws], np.float64)
        sums.append(weights @ statistics)
    return np.concatenate(sums)
