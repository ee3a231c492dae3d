"""Wall time, peak memory and shard sizes of a build, also with repeated input: memory must not grow with the rows.

Usage: python benchmarks/bench_build.py FOLDER [--times 10] [--workers N]; FOLDER has caption.txt beside images/.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

from figures import Data, Figure, bounded, show
from timing import apart

MEASURE = """
import json, resource, sys
from pathlib import Path
from mumer_data import build, load_pipeline
recipe = load_pipeline("crohme", [f"source.path={sys.argv[1]}"])
manifest = build(recipe, Path(sys.argv[2]), workers=int(sys.argv[3])).manifest
# The largest process of the run: this one, or a worker that has ended.
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({"rows": manifest["counts"]["accepted"], "peak_kib": max(peaks),
                  "bytes": sum(c["size"] for c in manifest["configs"].values())}))
"""


def repeated(source: Path, times: int, folder: Path, most: int | None = None) -> Path:
    """The captions, or the first of them, ``times`` over with new ids, over links to the same images or copies."""
    (folder / "images").mkdir(parents=True)
    rows = [line for line in (source / "caption.txt").read_text(encoding="utf-8").split("\n") if line][:most]
    with (folder / "caption.txt").open("w", encoding="utf-8") as captions:
        for turn in range(times):
            for row in rows:
                name, label = row.split("\t", 1)
                captions.write(f"{turn}_{name}\t{label}\n")
                old, new = source / "images" / f"{name}.png", folder / "images" / f"{turn}_{name}.png"
                try:
                    os.link(old, new)
                except OSError:  # another file system
                    shutil.copyfile(old, new)
    return folder


def compared(source: Path, times: int, workers: int, most: int | None = None) -> list[Figure]:
    """Images per second and peak memory, for the input once and repeated, each in a separate process."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as scratch:
        for turns in (1, times):
            data = repeated(source, turns, Path(scratch) / f"data{turns}", most)
            took = apart(MEASURE, data, Path(scratch) / f"out{turns}", workers)
            result = json.loads(took.printed)
            name = f"{result['rows']:,} images"
            note = f"wall time, {workers} workers; shards of {result['bytes'] / 1e6:,.1f} MB"
            figures += [
                Figure(f"{name} built", result["rows"] / took.wall, "images/s", note=note),
                Figure(f"{name} built", result["rows"] / took.cpu, "images/s", note="of processor time, all processes"),
                Figure(f"{name}: peak memory of a process", result["peak_kib"] / 1024, "MiB"),
            ]
    small, large = figures[2], figures[5]
    return [*figures[:5], bounded(large.name, large.value, small.name.partition(":")[0], small.value)]


def measure(data: Data) -> list[Figure]:
    """CROHME train, three configs, images embedded."""
    source = data.need("data/crohme/train")
    return compared(source, data.size(10, 2), os.cpu_count() or 1, data.size(10**9, 100))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--times", type=int, default=10)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = arguments.parse_args()
    show(compared(options.folder.resolve(), options.times, options.workers))


if __name__ == "__main__":
    main()
