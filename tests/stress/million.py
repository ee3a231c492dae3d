"""A build of a million rows: peak memory of its largest process must stay under 1 GiB, and no row may be lost.

`python -m tests.stress.million [--rows N]`; the images are links to a few files, in a folder that is removed.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from tests.conftest import png

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
            captions.write(f"e{row}\tx _ {{ {row} }} + \\frac {{ a }} {{ b }}\n")
    return folder


def main() -> None:
    """Build, measure, judge."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = big_folder(Path(scratch) / "source", options.rows)
        begin = time.perf_counter()
        manifest = build(
            load_pipeline("crohme", [f"source.path={folder}"]), Path(scratch) / "out", workers=options.workers
        ).manifest
        seconds = time.perf_counter() - begin
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024
    counts = manifest["counts"]
    print(f"{counts['read']:,} rows read, {counts['accepted']:,} kept, {seconds:.0f} s, peak {peak >> 20} MiB")
    sys.exit(0 if counts["accepted"] == options.rows and peak < LIMIT else 1)


if __name__ == "__main__":
    main()
