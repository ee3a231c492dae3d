"""A build and a mining run of a million rows: memory of the largest process must stay under 1 GiB, no row may be lost.

`python -m tests.stress.million [--rows N] [--only build|mine]`. Each run is a process of its own, so that its peak is
its own; the images are links to a few files, in a folder that is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.jobs.mine import mine
from mumer_data.mining.candidates import MiningOptions
from tests.conftest import png
from tests.mining import prediction_rows

LIMIT = 1 << 30  # bytes


def big_folder(folder: Path, rows: int) -> Path:
    """A caption folder of many rows with few images."""
    (folder / "images").mkdir(parents=True)
    (folder / "originals").mkdir()
    for number in range(64):
        (folder / "originals" / f"{number}.png").write_bytes(png(number, (64, 32)))
    with (folder / "caption.txt").open("w", encoding="utf-8") as captions:
        for row in range(rows):
            os.symlink(f"../originals/{row % 64}.png", folder / "images" / f"e{row}.png")
            captions.write(f"e{row}\tx _ {{ {' '.join(str(row))} }} + \\frac {{ a }} {{ b }}\n")
    return folder


def big_predictions(path: Path, rows: int) -> Path:
    """Many predictions, two of three wrong, as JSON lines; written a piece at a time."""
    piece = prediction_rows(3000)
    with path.open("w", encoding="utf-8") as file:
        for row in range(rows):
            file.write(json.dumps({**piece[row % len(piece)], "img_id": f"e{row}"}) + "\n")
    return path


def build_rows(scratch: Path, rows: int, workers: int) -> int:
    """Build them; returns how many are in the shards."""
    settings = [f"source.path={big_folder(scratch / 'source', rows)}"]
    manifest = build(load_pipeline("crohme", settings), scratch / "out", workers=workers).manifest
    return int(manifest["counts"]["accepted"])


def mine_rows(scratch: Path, rows: int, workers: int) -> int:
    """Mine them; returns how many were compared with their label."""
    file = big_predictions(scratch / "p.jsonl", rows)
    counts = mine([file], scratch / "out", "million", MiningOptions(), workers=workers).counts
    return int(counts["correct"] + counts["wrong"])


JOBS: dict[str, Callable[[Path, int, int], int]] = {"build": build_rows, "mine": mine_rows}


def measure(job: str, rows: int, workers: int) -> bool:
    """Run one job, report it, and judge it."""
    with tempfile.TemporaryDirectory() as scratch:
        begin = time.perf_counter()
        kept = JOBS[job](Path(scratch), rows, workers)
        seconds = time.perf_counter() - begin
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024
    print(f"{job}: {rows:,} rows, {kept:,} kept, {seconds:.0f} s, peak of a process {peak >> 20} MiB", flush=True)
    return kept == rows and peak < LIMIT


def main() -> None:
    """Every job in a process of its own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--only", choices=list(JOBS))
    options = arguments.parse_args()
    if options.only:
        sys.exit(0 if measure(options.only, options.rows, options.workers) else 1)
    common = ["--rows", str(options.rows), "--workers", str(options.workers)]
    codes = [subprocess.call([sys.executable, "-m", "tests.stress.million", "--only", job, *common]) for job in JOBS]
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
