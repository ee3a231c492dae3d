"""CDM and VisEq of many pairs: milliseconds a pair against the published tool's, agreement with it, and memory.

Usage: python benchmarks/bench_cdm.py PREDICTIONS [--official FILE] [--pairs 24607] [--workers N]

The published tool needs TeX, ImageMagick and Node, and is not run here: its 1.1 CPU-seconds a pair were measured once,
539 s for 986 pairs on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor
from scipy.stats import spearmanr

from mumer_data.metrics.cdm import cdm_score, cdm_scores
from mumer_data.readers.predictions import load_predictions

OFFICIAL = 1.1  # CPU-seconds a pair


def main() -> None:
    """Print speed on one core, agreement, and time and memory of a long file on all cores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--official", type=Path, help="JSON with the published tool's F1 under f1, by id.")
    parser.add_argument("--pairs", type=int, default=24_607)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    rows = load_predictions(options.predictions)
    cdm_score("x", "y")  # imports and the font
    begin = time.process_time()
    scores = [cdm_score(row.label, row.text) for row in rows]
    each = (time.process_time() - begin) / len(rows)
    speed = f"{each * 1000:.2f} ms a pair, {OFFICIAL / each:.0f} times as fast as the published tool"
    print(f"{len(rows):,} pairs on one core: {speed}")
    if options.official:
        official = json.loads(options.official.read_text(encoding="utf-8"))["f1"]
        both = [(s.f1, official[r.id]) for s, r in zip(scores, rows, strict=True) if s.f1 is not None]
        ours, theirs = np.array(both).T
        print(f"mean F1 {ours.mean():.4f}, published tool {theirs.mean():.4f}")
        print(f"ExpRate@CDM {(ours == 1).mean():.2%}, published tool {(theirs == 1).mean():.2%}")
        agree = ((ours == 1) == (theirs == 1)).mean()
        print(f"Spearman {spearmanr(ours, theirs).statistic:.5f}, verdict agrees {agree:.2%}")
    pairs = [(row.label, row.text) for row in rows]
    pairs = (pairs * (options.pairs // len(pairs) + 1))[: options.pairs]
    begin = time.perf_counter()
    count = sum(1 for _ in cdm_scores(pairs, options.workers))
    seconds = time.perf_counter() - begin
    get_reusable_executor().shutdown(wait=True)  # only a worker that has ended tells how much it took
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"{count:,} pairs on all cores: {seconds:.1f} s, peak {peaks[0]:.0f} MiB here, {peaks[1]:.0f} MiB a worker")


if __name__ == "__main__":
    main()
