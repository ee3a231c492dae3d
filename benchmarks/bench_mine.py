"""Speed and memory of mining, one core: a real prediction file repeated, against a plain aligner in the same process.

Usage: python benchmarks/bench_mine.py FILE [--rows 40000] [--large 1000000]; FILE is a JSON array of predictions.
The ids of the copies differ, so none is a duplicate. Memory is the peak of a run in a separate process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from figures import Data, Figure, at_least, bounded, show
from timing import alternating, apart

from mumer_data.alignment.align import align

TARGET = 3_000
MINE = """
import resource, sys
from pathlib import Path
from mumer_data.jobs.mine import mine
from mumer_data.mining.candidates import MiningOptions
mine([Path(sys.argv[1])], Path(sys.argv[2]), "m", MiningOptions(max_per_image=4, max_per_confusion=10**6), workers=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def plain_distance(label: list[str], text: list[str]) -> int:
    """The reference: the complete table of the textbook algorithm."""
    row = list(range(len(text) + 1))
    for i, reference in enumerate(label, 1):
        corner, row[0] = row[0], i
        for j, predicted in enumerate(text, 1):
            corner, row[j] = row[j], min(corner + (reference != predicted), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def repeated(rows: list[dict[str, Any]], count: int, path: Path) -> Path:
    """``count`` rows as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            row = rows[number % len(rows)]
            file.write(json.dumps({**row, "img_id": f"{row['img_id']}_{number // len(rows)}"}) + "\n")
    return path


def alignment(rows: list[dict[str, Any]], rounds: int) -> list[Figure]:
    """Pairs per second against the plain table, and the number of equal distances."""
    pairs = [(row["gt"].split(), row["pred"].split()) for row in rows]
    same = sum(align(label, text).cost == plain_distance(label, text) for label, text in pairs)
    runs = {
        "ours": lambda: [align(label, text) for label, text in pairs],
        "plain": lambda: [plain_distance(label, text) for label, text in pairs],
    }
    ours, theirs = (len(pairs) / seconds for seconds in alternating(runs, rounds).values())
    return [
        Figure("aligned", ours, "pairs/s", "a plain table, without the edits", theirs),
        at_least("distances equal to those of the plain table", same, "pairs", len(pairs), "all"),
    ]


def mined(rows: list[dict[str, Any]], count: int) -> tuple[float, float]:
    """Predictions per second of a run in a separate process, start and imports included, and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        file = repeated(rows, count, Path(folder) / "predictions.jsonl")
        result = apart(MINE, file, Path(folder) / "out")
    return count / result.cpu, int(result.printed) / 2**20


def compared(rows: list[dict[str, Any]], count: int, large: int, rounds: int = 3) -> list[Figure]:
    """Alignment, then three runs."""
    wrong = [row for row in rows if row["gt"].split() != row["pred"].split()]
    some, many = (f"{number:,} predictions, as they are" for number in (count, large))
    (fast, peak), (slow, high), (long, top) = mined(rows, count), mined(wrong, count), mined(rows, large)
    return [
        *alignment(rows, rounds),
        at_least(some, fast, "predictions/s", TARGET),
        Figure(f"{count:,} predictions, all wrong, with caps", slow, "predictions/s"),
        at_least(many, long, "predictions/s", TARGET),
        Figure(f"{some}: peak memory", peak, "MiB"),
        Figure(f"{count:,} predictions, all wrong, with caps: peak memory", high, "MiB"),
        bounded(f"{many}: peak memory", top, f"{count:,}", peak),
    ]


def measure(data: Data) -> list[Figure]:
    """Predictions of the 3B model."""
    rows = json.loads(data.predictions("3b").read_text(encoding="utf-8"))
    return compared(
        rows[: data.size(len(rows), 200)], data.size(40_000, 300), data.size(1_000_000, 600), data.size(3, 1)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    options = parser.parse_args()
    show(compared(json.loads(options.file.read_text(encoding="utf-8")), options.rows, options.large))


if __name__ == "__main__":
    main()
