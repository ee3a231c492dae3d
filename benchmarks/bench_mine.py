"""Speed and memory of mining, one core: a real prediction file repeated, against a plain aligner in the same process.

Usage: python benchmarks/bench_mine.py FILE [--rows 40000] [--large 1000000]; FILE is a JSON array of predictions.
The ids of the copies differ, so none is a duplicate. Memory is the most that a run of its own process held.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def plain_distance(label: list[str], text: list[str]) -> int:
    """The reference: the textbook table, all of it."""
    row = list(range(len(text) + 1))
    for i, wanted in enumerate(label, 1):
        corner, row[0] = row[0], i
        for j, given in enumerate(text, 1):
            corner, row[j] = row[j], min(corner + (wanted != given), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def repeated(rows: list[dict[str, Any]], count: int, path: Path) -> Path:
    """``count`` rows as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            row = rows[number % len(rows)]
            file.write(json.dumps({**row, "img_id": f"{row['img_id']}_{number // len(rows)}"}) + "\n")
    return path


def seconds(function: Callable[[], object]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def mine_apart(file: Path, out: Path) -> tuple[float, int]:
    """Seconds, and the most memory in bytes, of a whole run in a process of its own."""
    code = (
        "import sys, resource; from pathlib import Path; from mumer_data.mining.run import mine;"
        "from mumer_data.mining.scan import MiningOptions;"
        "mine([Path(sys.argv[1])], Path(sys.argv[2]), 'm', MiningOptions(max_per_image=4, max_per_confusion=10**6),"
        " workers=1); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, file, out], check=True, capture_output=True, text=True)
    return time.perf_counter() - begin, int(done.stdout)


def main() -> None:
    """Print predictions a second for alignment and for whole runs, and memory."""
    from mumer_data.errors.align import align

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    options = parser.parse_args()
    rows = json.loads(options.file.read_text(encoding="utf-8"))
    pairs = [(row["gt"].split(), row["pred"].split()) for row in rows]
    ours = seconds(lambda: [align(label, text) for label, text in pairs])
    theirs = seconds(lambda: [plain_distance(label, text) for label, text in pairs])
    same = all(align(label, text).cost == plain_distance(label, text) for label, text in pairs)
    print(
        f"align: {len(pairs) / ours:,.0f}/s; plain table: {len(pairs) / theirs:,.0f}/s; {theirs / ours:.1f}x;", end=" "
    )
    print(f"distances equal: {same}")
    wrong = [row for row in rows if row["gt"].split() != row["pred"].split()]
    runs = {"as they are": (rows, options.rows), "all wrong": (wrong, options.rows), "large": (rows, options.large)}
    with tempfile.TemporaryDirectory() as folder:
        for name, (chosen, count) in runs.items():
            file = repeated(chosen, count, Path(folder) / f"{name}.jsonl")
            took, memory = mine_apart(file, Path(folder) / name)
            speed, most = count / took, memory / 2**20
            print(f"mine, {name}: {count:,} predictions, one core: {speed:,.0f}/s, {most:,.0f} MiB at most", flush=True)


if __name__ == "__main__":
    main()
