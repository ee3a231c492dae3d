"""From predictions to figures: values, bootstrap intervals, signatures, and slices.

Not for printing, and not for any single metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from mumer_data._version import __version__
from mumer_data.exceptions import SourceError
from mumer_data.io import html
from mumer_data.metrics import DEFAULT, Metric, metric
from mumer_data.metrics.bootstrap import RESAMPLES, RowCounts, interval
from mumer_data.metrics.pairs import Ints, Pairs, pair_up
from mumer_data.records import Prediction

_PAIRS = 20_000  # pairs per batch


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a set of pairs.

    Attributes:
        value: in the unit of the metric.
        low, high: bounds of the 95% interval of the percentile bootstrap.
        signature: all settings that the value depends on.
    """

    value: float
    low: float
    high: float
    signature: str


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The figures of a set of predictions.

    Attributes:
        n: number of pairs.
        figures: name -> figure, named as in JSON.
        counts: numbers that are not estimates (such as rows left out).
        slices: key -> slice -> figures of that slice; ``n`` is its number of rows.
    """

    n: int
    figures: dict[str, Figure]
    counts: dict[str, int]
    slices: dict[str, dict[str, tuple[int, dict[str, Figure]]]]

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={figure.value:.4g}" for name, figure in list(self.figures.items())[:4])
        return f"Evaluation(n={self.n}, {shown}, ... {len(self.figures)} figures)"

    def _repr_html_(self) -> str:
        rows = [
            (name, f"{figure.value:.4g}", f"{figure.low:.4g} to {figure.high:.4g}")
            for name, figure in self.figures.items()
        ]
        return html.table(rows, [f"n = {self.n}", "value", "95% interval"])

    def to_dict(self) -> dict[str, Any]:
        """The same as `to_json`."""
        return self.to_json()

    def to_json(self) -> dict[str, Any]:
        """Plain data: figures at the top level, then ``intervals``, ``signatures`` and, if asked for, ``by``."""
        fields: dict[str, Any] = {"n": self.n, **_values(self.figures), **self.counts}
        fields["intervals"] = {name: [_round(f.low), _round(f.high)] for name, f in self.figures.items()}
        fields["signatures"] = {name: figure.signature for name, figure in self.figures.items()}
        if self.slices:
            fields["by"] = {
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
        return fields


def _values(figures: dict[str, Figure]) -> dict[str, float]:
    return {name: _round(figure.value) for name, figure in figures.items()}


def _round(value: float) -> float:
    return round(value, 6)


def evaluate(
    predictions: Iterable[Prediction],
    *,
    metrics: Iterable[str] = DEFAULT,
    normalizer: str = "none",
    by: Iterable[str] = (),
    seed: int = 0,
) -> Evaluation:
    """Evaluate predictions against their labels; only some numbers per pair stay in memory (500 MB for a million).

    Args:
        predictions: at least one; normalise both sides before, if needed.
        metrics: names in `METRICS`.
        normalizer: name of the preset that normalised both sides, for the signatures.
        by: names in `slices.SLICES`; every figure is also computed for each slice.
        seed: of the bootstrap.

    Raises:
        SourceError: there are no predictions.
    """
    return evaluate_pairs(_batches(predictions), metrics=metrics, normalizer=normalizer, by=by, seed=seed)


def _batches(predictions: Iterable[Prediction]) -> Iterator[Pairs]:
    rows = iter(predictions)
    while batch := list(islice(rows, _PAIRS)):
        yield pair_up(batch)


def evaluate_pairs(
    batches: Iterable[Pairs],
    *,
    metrics: Iterable[str] = DEFAULT,
    normalizer: str = "none",
    by: Iterable[str] = (),
    seed: int = 0,
) -> Evaluation:
    """`evaluate` for batches of pairs."""
    common = f"norm:{normalizer}|version:mumer-{__version__}"
    used = [metric(name) for name in metrics]
    rows = RowCounts()
    counts: Counter[str] = Counter()
    groups: dict[str, dict[str, list[Ints]]] = {key: {} for key in by}
    widths: list[int] = []
    for pairs in batches:
        statistics = [one.statistics(pairs) for one in used]
        for one, part in zip(used, statistics, strict=True):
            if counter := getattr(one, "counts", None):
                counts.update(counter(part))
        _add_slices(groups, pairs, len(rows))
        rows.add(np.hstack(statistics))
        widths = [part.shape[1] for part in statistics]
    if not len(rows):
        raise SourceError("there are no predictions")
    with_widths = list(zip(used, widths, strict=True))
    slices = {key: _slice_figures(with_widths, rows, key, groups[key], common, seed) for key in groups}
    return Evaluation(len(rows), _figures(with_widths, rows, common, seed), dict(counts), slices)


def _add_slices(groups: dict[str, dict[str, list[Ints]]], pairs: Pairs, begin: int) -> None:
    """Add the positions of pairs to their slices; ``begin`` is the position of the first pair."""
    from mumer_data.metrics.slices import slices_of

    for key, slices in groups.items():
        for name, positions in slices_of(key, pairs).items():
            slices.setdefault(name, []).append(positions + begin)


def _slice_figures(
    metrics: Sequence[tuple[Metric, int]],
    rows: RowCounts,
    key: str,
    slices: dict[str, list[Ints]],
    common: str,
    seed: int,
) -> dict[str, tuple[int, dict[str, Figure]]]:
    from mumer_data.metrics.slices import in_order

    positions = {name: np.concatenate(parts) for name, parts in slices.items()}
    order = in_order(key, {name: len(part) for name, part in positions.items()})
    return {
        name: (len(positions[name]), _figures(metrics, rows.subset(positions[name]), common, seed)) for name in order
    }


def _figures(metrics: Sequence[tuple[Metric, int]], rows: RowCounts, common: str, seed: int) -> dict[str, Figure]:
    """The figures of some rows, whose columns are those of each metric in turn; all metrics use the same resamples."""
    total, resampled = rows.sums(), rows.resampled_sums(seed)
    figures: dict[str, Figure] = {}
    begin = 0
    for one, width in metrics:
        columns = slice(begin, begin + width)
        begin += width
        settings = f"{one.signature}|{common}|n:{len(rows)}|ci:bootstrap-{RESAMPLES}-seed:{seed}"
        scores = one.scores(resampled[:, columns])
        for name, value in one.scores(total[columns]).items():
            figures[name] = Figure(float(value), *interval(scores[name]), f"{name}|{settings}")
    return figures
