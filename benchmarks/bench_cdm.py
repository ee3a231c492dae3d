"""CDM and VisEq of many pairs: milliseconds per pair against the published tool's, agreement with it, and memory.

Usage: python benchmarks/bench_cdm.py PREDICTIONS [--official FILE] [--pairs 24607] [--workers N]

The published tool needs TeX, ImageMagick and Node, and is not run here: its 1.1 CPU-seconds per pair were measured
once, 539 s for 986 pairs on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
from figures import Data, Figure, at_least, at_most, bounded, show
from joblib.externals.loky import get_reusable_executor
from scipy.stats import spearmanr
from timing import cpu_seconds

from mumer_data.metrics.cdm import CdmScore, cdm_score, cdm_scores, setting_of
from mumer_data.readers.predictions import load_predictions
from mumer_data.records import Prediction

OFFICIAL, FASTER = 1.1, 25  # CPU-seconds per pair; required speed-up


def agreement(scores: list[CdmScore], rows: list[Prediction], official: Path) -> list[Figure]:
    """Differences of the scores from those of the published tool."""
    published = json.loads(official.read_text(encoding="utf-8"))["f1"]
    both = [(s.f1, published[r.id]) for s, r in zip(scores, rows, strict=True) if s.f1 is not None]
    ours, theirs = np.array(both).T
    f1, rates = abs(ours.mean() - theirs.mean()), [float((side == 1).mean()) * 100 for side in (ours, theirs)]
    agree = int(((ours == 1) == (theirs == 1)).sum())
    means = f"ours {ours.mean():.4f}, published tool {theirs.mean():.4f}"
    verdicts = Figure("pairs with the same verdict (F1 = 1 or not)", agree, "pairs", "all", len(both), 0.98)
    return [
        at_most("difference of the mean F1", float(f1), "", 0.005, note=means),
        at_most("difference of ExpRate@CDM", abs(rates[0] - rates[1]), "points", 1.0, note=f"ours {rates[0]:.2f}"),
        at_least("Spearman correlation of the scores", float(spearmanr(ours, theirs).statistic), "", 0.95),
        verdicts,
    ]


def many(rows: list[Prediction], count: int, workers: int | None) -> list[Figure]:
    """Wall time and memory of ``count`` pairs: the rows, repeated."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = [(row.label, row.prediction) for row in rows]
    pairs = (pairs * (count // len(pairs) + 1))[:count]
    begin = time.perf_counter()
    done = sum(1 for _ in cdm_scores(pairs, workers))
    seconds = time.perf_counter() - begin
    get_reusable_executor().shutdown(wait=True)  # the usage of a worker is known only after it ends
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return [
        Figure(f"{done:,} pairs on all cores", seconds, "s", note="wall time"),
        bounded(f"{done:,} pairs, peak memory of a process", max(peaks), f"{len(rows):,} pairs", before),
    ]


def wrong_pairs(rows: list[Prediction]) -> list[Figure]:
    """CPU time of the pairs whose tokens differ: both sides are typeset and matched; mean, 99th percentile, largest.

    Of each pair the shortest of three cold rounds, since other programs only add to it.
    """
    if not rows:
        return []
    rounds = []
    for _ in range(3):
        setting_of.cache_clear()
        rounds.append([cpu_seconds(lambda row=row: cdm_score(row.label, row.prediction)) * 1000 for row in rows])  # type: ignore[misc]
    taken = [min(times) for times in zip(*rounds, strict=True)]
    name = f"wrong pair of {len(rows):,}"
    return [
        at_most(f"{name}, mean", float(np.mean(taken)), "ms", 3.0),
        at_most(f"{name}, 99th percentile", float(np.percentile(taken, 99)), "ms", 20.0),
        at_most(f"{name}, largest", max(taken), "ms", 200.0),
    ]


def compared(
    rows: list[Prediction], official: Path | None, pairs: int, workers: int | None = None, most: int | None = None
) -> list[Figure]:
    """Speed on one core, on the first ``most`` rows; agreement if published scores are there; and a long file."""
    rows = rows[:most]
    cdm_score("x", "y")  # imports and the font
    scores: list[CdmScore] = []
    each = cpu_seconds(lambda: scores.extend(cdm_score(row.label, row.prediction) for row in rows)) / len(rows)
    wrong = [row for row in rows if row.label.split() != row.prediction.split()]
    tool = "published tool, measured once"
    return [
        Figure(f"pair of {len(rows):,}", each * 1000, "ms", tool, OFFICIAL * 1000, FASTER, smaller_is_better=True),
        *wrong_pairs(wrong),
        *(agreement(scores, rows, official) if official else []),
        *many(rows, pairs, workers),
    ]


def measure(data: Data) -> list[Figure]:
    """Predictions of the 3B model and the published tool's scores of them."""
    rows, official = load_predictions(data.predictions("3b")), data.need("golden/cdm_crohme_2014_3b.json")
    return compared(rows, official, data.size(24_607, 100), most=data.size(len(rows), 60))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--official", type=Path, help="JSON with the published tool's F1 under f1, by id.")
    parser.add_argument("--pairs", type=int, default=24_607)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    show(compared(load_predictions(options.predictions), options.official, options.pairs, options.workers))


if __name__ == "__main__":
    main()
