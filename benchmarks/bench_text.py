"""label -> Tree-CoT text against the published algorithm: ratios of medians of alternating cold runs in one process.

Usage: python benchmarks/bench_text.py [CAPTIONS] [--rounds N]; without a file, the embedded sample is repeated.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from yardstick import yardstick

from mumer_data.latex.parser import parse, tree_transducer
from mumer_data.latex.published import published_text, published_transducer
from mumer_data.latex.text import tree_text

TARGETS = {"label -> text": 4.0, "label -> SymbolTree -> text": 2.0}


def read_labels(path: Path | None) -> list[str]:
    if path is None:
        text = (resources.files("mumer_data.readers") / "demo_labels.txt").read_text(encoding="utf-8") * 30
    else:
        text = path.read_text(encoding="utf-8")
    return [line.split("\t", 1)[1] for line in text.split("\n") if "\t" in line]


def forget() -> None:
    """Cold: nothing learned from earlier labels."""
    tree_transducer().forget()
    published_transducer().forget()


def median_times(runs: dict[str, Callable[[str], object]], labels: list[str], rounds: int) -> dict[str, float]:
    """Seconds for all labels, the runs taking turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            forget()
            begin = time.perf_counter()
            for label in labels:
                run(label)
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("captions", nargs="?", type=Path)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    labels = read_labels(options.captions)
    agree = sum(yardstick(label) == published_text(label) for label in labels)
    runs: dict[str, Callable[[str], object]] = {
        "published algorithm": yardstick,
        "label -> text": published_text,
        "label -> SymbolTree": parse,
        "label -> SymbolTree -> text": lambda label: tree_text(parse(label)),
        "label -> SymbolTree -> slt text": lambda label: tree_text(parse(label), "slt"),
    }
    times = median_times(runs, labels, options.rounds)
    reference = times["published algorithm"]
    print(f"{len(labels)} labels, {agree} texts equal, median of {options.rounds} cold alternating rounds")
    for name, seconds in times.items():
        target = f"  (target {TARGETS[name]:.0f}x)" if name in TARGETS else ""
        print(f"{name:34s} {seconds * 1e6 / len(labels):7.2f} us a label  {reference / seconds:5.2f}x{target}")


if __name__ == "__main__":
    main()
