"""Predictions of all runs -> figures of each arm, and differences from the first arm, with intervals.

Intervals are percentiles of a bootstrap in two stages: the images are drawn with replacement, the same for all arms
(paired), and for each arm the seeds. With few seeds the second stage underestimates the variation between seeds, so
the standard deviation over seeds is added. Not for tables or plots.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mumer_data._version import __version__
from mumer_data.metrics import DEFAULT, Floats, Metric, metric
from mumer_data.metrics.bootstrap import RESAMPLES, interval
from mumer_data.metrics.pairs import Ints, Pairs, pair_up
from mumer_data.metrics.slices import in_order, slices_of
from mumer_data.readers.predictions import load_predictions
from mumer_data.records import Prediction
from mumer_data.seeding import rng_for
from mumer_train.ablation.config import AblationSettings, Run, grid
from mumer_train.ablation.runner import TRAINED
from mumer_train.ablation.scaling import fit_curves
from mumer_train.from_scratch.decoding import LONGEST

# Figure -> its name in METRICS; all in 0-100 but cdm_f1 (0-1).
FIGURES = {"exprate": "published", "le1": "published", "struct_rate": "structure", "cdm_f1": "cdm"}
BY = ("length", "depth")
_SEED = 0  # random seed of the bootstrap
PredictionsOf = Callable[[Run, str], Path]


@dataclass(frozen=True)
class Judge:
    """All metrics of an ablation: rows of numbers, and figures from sums of them."""

    metrics: Mapping[str, Metric]

    def scores(self, sums: Floats, widths: Sequence[int]) -> dict[str, Floats]:
        """The figures of `FIGURES`, from sums of shape (..., columns)."""
        figures: dict[str, Floats] = {}
        begin = 0
        for (name, one), width in zip(self.metrics.items(), widths, strict=True):
            scores = one.scores(sums[..., begin : begin + width])
            figures |= {figure: scores[figure] for figure, home in FIGURES.items() if home == name}
            begin += width
        return figures


@dataclass(frozen=True)
class Sample:
    """The runs of a budget on a test set.

    Attributes:
        statistics: arm -> rows of numbers, shape (seeds, images, columns).
        widths: columns of each metric.
        weights: how often each resample draws each image, shape (1 + resamples, images); the first is every image once.
        draws: arm -> how often each resample draws each seed, shape (1 + resamples, seeds).
    """

    judge: Judge
    statistics: Mapping[str, Floats]
    widths: Sequence[int]
    weights: Floats
    draws: Mapping[str, Floats]

    def scores(self, arm: str, images: Ints | slice = slice(None)) -> dict[str, Floats]:
        """Each figure of an arm, of all images and then of each resample: shape (1 + resamples,)."""
        by_seed = np.einsum("ri,sic->src", self.weights[:, images], self.statistics[arm][:, images])
        sums = np.einsum("rs,src->rc", self.draws[arm], by_seed)
        return self.judge.scores(sums, self.widths)


def compute(
    settings: AblationSettings, sizes: dict[str, dict[str, int]], predictions_of: PredictionsOf
) -> dict[str, Any]:
    """All figures of an ablation with finished runs, as plain data.

    Args:
        settings: settings of the ablation.
        sizes: arm -> its numbers of images; see `arm_sizes`.
        predictions_of: (run, test set) -> file of predictions.
    """
    runs = list(grid(settings))
    tests = {}
    for name in settings.test:
        judged = _judge_all(settings, {run: pair_up(load_predictions(predictions_of(run, name))) for run in runs})
        tests[name] = {
            unit: _budget(settings, [run for run in runs if run.unit == unit], judged) for unit in settings.budget
        }
    arms = {
        title: {
            "tasks": list(arm.tasks),
            "use": dict(arm.use),
            **arm.model_dump(include={"reader", "after", "vote", "grpo"}, exclude_defaults=True),
            **sizes[title],
        }
        for title, arm in settings.arms.items()
    }
    results = {
        "name": settings.name,
        "version": __version__,
        "intervals": f"95%, bootstrap over images (paired) and seeds, {RESAMPLES} resamples, seed {_SEED}",
        "budget": dict(settings.budget),
        "seeds": list(settings.seeds),
        "arms": arms,
        "runs": [_run_facts(run, {name: predictions_of(run, name) for name in settings.test}) for run in runs],
        "tests": tests,
    }
    return {**results, "scaling": fit_curves(settings, results)}


def _run_facts(run: Run, predictions: Mapping[str, Path]) -> dict[str, Any]:
    """Counts of a run, its curve of ExpRate during training, and its share of unfinished predictions, in percent."""
    counts = json.loads((run.folder / TRAINED).read_text(encoding="utf-8"))
    history = run.folder / "history.jsonl"
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
    by_seen = {json.loads(line)["seen"]: json.loads(line) for line in lines}  # a resumed run may repeat one
    curve = [[entry["seen"], entry["exprate"], entry["n"]] for entry in by_seen.values()]
    unfinished = {name: _round(100 * _unfinished(path)) for name, path in predictions.items()}
    return {"arm": run.arm, "unit": run.unit, "seed": run.seed, **counts, "validation": curve, "unfinished": unfinished}


def _unfinished(path: Path) -> float:
    """Share of the predictions that reach the maximum number of tokens."""
    rows = load_predictions(path)
    return sum(len(row.prediction.split()) >= LONGEST for row in rows) / len(rows)


@dataclass(frozen=True)
class Judged:
    """The pairs of all runs on a test set.

    Attributes:
        judge: the metrics.
        widths: columns of each metric.
        pairs: run -> its pairs.
        statistics: run -> rows of numbers, shape (images, columns).
    """

    judge: Judge
    widths: Sequence[int]
    pairs: Mapping[Run, Pairs]
    statistics: Mapping[Run, Floats]


def _judge_all(settings: AblationSettings, pairs: Mapping[Run, Pairs]) -> Judged:
    """Judge all runs; a pair of label and prediction that several runs have is judged once."""
    places: dict[tuple[str, str], int] = {}
    rows = {
        run: [places.setdefault(pair, len(places)) for pair in zip(paired.labels, paired.predictions, strict=True)]
        for run, paired in pairs.items()
    }
    labels, predictions = map(list, zip(*places, strict=True))
    different = Pairs([Prediction(str(n), *pair) for pair, n in places.items()], labels, predictions)
    names = dict.fromkeys([*(name for name in DEFAULT if name in FIGURES.values()), *(["cdm"] if settings.cdm else [])])
    judge = Judge({name: metric(name) for name in names})
    parts = [one.statistics(different) for one in judge.metrics.values()]
    whole = np.hstack(parts)
    return Judged(judge, [part.shape[1] for part in parts], pairs, {run: whole[place] for run, place in rows.items()})


def _budget(settings: AblationSettings, runs: Sequence[Run], judged: Judged) -> dict[str, Any]:
    """The figures of all arms on a test set, with equal budgets."""
    statistics = {arm: np.stack([judged.statistics[run] for run in runs if run.arm == arm]) for arm in settings.arms}
    first = judged.pairs[runs[0]]
    weights, draws = _resamples(len(first), len(settings.seeds), list(settings.arms))
    sample = Sample(judged.judge, statistics, judged.widths, weights, draws)
    base = next(iter(settings.arms))
    parts_of = {(key, name): images for key in BY for name, images in _ordered(key, first).items()}
    theirs = {part: sample.scores(base, images) for part, images in parts_of.items()}
    whole = sample.scores(base)
    arms = {arm: {**_whole(sample, arm, whole), "by": _slices(sample, arm, parts_of, theirs)} for arm in settings.arms}
    return {"n": len(first), "arms": arms}


def _ordered(key: str, pairs: Pairs) -> dict[str, Ints]:
    """Slice -> its images, in the order of a table."""
    parts = slices_of(key, pairs)
    return {name: parts[name] for name in in_order(key, {name: len(part) for name, part in parts.items()})}


def _resamples(images: int, seeds: int, arms: Sequence[str]) -> tuple[Floats, dict[str, Floats]]:
    """Counts of the drawn images and seeds per resample; the first row has all of them once."""
    rng = rng_for(_SEED, str(images), "ablation")
    drawn = rng.multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    weights = np.vstack([np.ones((1, images)), drawn])
    draws = {}
    for arm in arms:
        chosen = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES)
        draws[arm] = np.vstack([np.ones((1, seeds)), chosen])
    return weights, draws


def _whole(sample: Sample, arm: str, theirs: dict[str, Floats]) -> dict[str, Any]:
    """Figures of an arm over all images, and those of each seed."""
    figures = _figures(sample.scores(arm), theirs)
    seeds = [
        {name: _round(value) for name, value in sample.judge.scores(rows.sum(axis=0), sample.widths).items()}
        for rows in sample.statistics[arm]
    ]
    for name, figure in figures.items():
        values = [one[name] for one in seeds]
        figure["sd"] = _round(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"figures": figures, "seeds": seeds}


def _slices(
    sample: Sample, arm: str, parts: dict[tuple[str, str], Ints], theirs: dict[tuple[str, str], dict[str, Floats]]
) -> dict[str, dict[str, Any]]:
    """Figures of an arm over each slice: key -> slice -> figures."""
    by_slice: dict[str, dict[str, Any]] = {key: {} for key in BY}
    for (key, name), images in parts.items():
        figures = _figures(sample.scores(arm, images), theirs[key, name])
        by_slice[key][name] = {"n": len(images), **figures}
    return by_slice


def _figures(ours: dict[str, Floats], theirs: dict[str, Floats]) -> dict[str, Any]:
    """Value and interval of each figure, and of its difference from the first arm."""
    figures = {}
    for name, values in ours.items():
        low, high = interval(values[1:])
        gain = values - theirs[name]
        gain_low, gain_high = interval(gain[1:])
        figures[name] = {
            "value": _round(values[0]),
            "interval": [_round(low), _round(high)],
            "difference": _round(gain[0]),
            "difference_interval": [_round(gain_low), _round(gain_high)],
        }
    return figures


def _round(value: Any) -> float:
    return round(float(value), 4)
