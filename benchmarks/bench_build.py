"""Wall time, peak memory and shard sizes of a build, and of the same input repeated: memory must not grow with rows.

Usage: python benchmarks/bench_build.py FOLDER [--times 10] [--workers N]; FOLDER has caption.txt beside images/.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEASURE = """
import json, resource, sys
from pathlib import Path
from mumer_data import build, load_pipeline
recipe = load_pipeline("crohme", [f"source.path={sys.argv[1]}"])
manifest = build(recipe, Path(sys.argv[2]), workers=int(sys.argv[3]))
# The largest process of the run: this one, or a worker that has ended.
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({"rows": manifest["counts"]["accepted"], "peak_kib": max(peaks),
                  "bytes": sum(c["size"] for c in manifest["configs"].values())}))
"""


def repeated(source: Path, times: int, folder: Path) -> Path:
    """The same captions ``times`` over, with new ids, over links to the same images."""
    (folder / "images").mkdir(parents=True)
    rows = [line for line in (source / "caption.txt").read_text(encoding="utf-8").split("\n") if line]
    with (folder / "caption.txt").open("w", encoding="utf-8") as captions:
        for turn in range(times):
            for row in rows:
                name, label = row.split("\t", 1)
                captions.write(f"{turn}_{name}\t{label}\n")
                os.link(source / "images" / f"{name}.png", folder / "images" / f"{turn}_{name}.png")
    return folder


def measure(source: Path, out: Path, workers: int) -> dict[str, float]:
    """One build in a process of its own."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", MEASURE, str(source), str(out), str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"seconds": time.perf_counter() - begin, **json.loads(done.stdout)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--times", type=int, default=10)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = arguments.parse_args()
    source = options.folder.resolve()
    # Hard links want one file system, so the work happens beside the data where that is writable.
    with tempfile.TemporaryDirectory(dir=source.parent if os.access(source.parent, os.W_OK) else None) as scratch:
        for times in (1, options.times):
            data = source if times == 1 else repeated(source, times, Path(scratch) / "data")
            found = measure(data, Path(scratch) / f"out{times}", options.workers)
            print(
                f"x{times:<3d} {found['rows']:8,.0f} images  {found['seconds']:6.1f} s"
                f"  {found['rows'] / found['seconds']:6.0f} images/s"
                f"  peak {found['peak_kib'] / 1024:5.0f} MiB a process  shards {found['bytes'] / 1e6:6.1f} MB"
            )


if __name__ == "__main__":
    main()
