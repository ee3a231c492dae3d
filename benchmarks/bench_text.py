"""label -> Tree-CoT text against the published algorithm: the shortest of alternating cold runs in one process.

Usage: python benchmarks/bench_text.py [CAPTIONS] [--rounds N]; without a file, the embedded sample is repeated.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from figures import Data, Figure, at_least, at_most, show
from reference import published_reference
from timing import alternating, apart

from mumer_data.latex.dialect_uni_mumer import published_text, published_transducer
from mumer_data.latex.parser import parse, tree_transducer
from mumer_data.latex.serialize import tree_text

CAPTIONS = "data/crohme/train/caption.txt"
TARGETS = {"label -> text": 4.0, "label -> SymbolTree -> text": 2.0}


def read_labels(path: Path | None) -> list[str]:
    if path is None:
        text = (resources.files("mumer_data.readers") / "demo_labels.txt").read_text(encoding="utf-8") * 30
    else:
        text = path.read_text(encoding="utf-8")
    return [line.split("\t", 1)[1] for line in text.split("\n") if "\t" in line]


def clear_caches() -> None:
    """Clear the caches of the transducer, so that no step derived for an earlier label is reused."""
    tree_transducer().clear_cache()
    published_transducer().clear_cache()


def over(run: Callable[[str], object], labels: list[str]) -> None:
    for label in labels:
        run(label)


def compared(labels: list[str], source: str, rounds: int) -> list[Figure]:
    """Microseconds per label with cold caches, of both algorithms, and the number of equal texts."""
    agree = sum(published_reference(label) == published_text(label) for label in labels)
    runs: dict[str, Callable[[str], object]] = {
        "published algorithm": published_reference,
        "label -> text": published_text,
        "label -> SymbolTree": parse,
        "label -> SymbolTree -> text": lambda label: tree_text(parse(label)),
        "label -> SymbolTree -> slt text": lambda label: tree_text(parse(label), "slt"),
    }
    times = alternating(
        {name: functools.partial(over, run, labels) for name, run in runs.items()}, rounds, clear_caches
    )
    each = {name: seconds * 1e6 / len(labels) for name, seconds in times.items()}
    reference = each.pop("published algorithm")
    return [
        at_least("texts equal to the published ones", agree, "texts", len(labels), "all", note=source),
        *(
            Figure(name, each_time, "us per label", "published algorithm", reference, TARGETS.get(name), True)
            for name, each_time in each.items()
        ),
    ]


def fresh_processes(rounds: int) -> list[Figure]:
    """The shortest of some fresh Python processes each: the import, one label parsed, and `mumer --help`."""
    codes = {
        "import": "import mumer_data",
        "parse": "import mumer_data; mumer_data.parse('x')",
        "help": "from mumer_data.cli import app; app(['--help'])",
    }
    starts = {name: [apart(code) for _ in range(rounds)] for name, code in codes.items()}
    least = {name: min(start.cpu for start in found) for name, found in starts.items()}
    wall = min(start.wall for start in starts["help"])
    return [
        at_most("a new Python process imports the library", least["import"], "s", 0.1),
        Figure("a new Python process imports the library and parses one label", least["parse"], "s"),
        at_most("mumer --help", least["help"], "s", 0.3, note=f"wall time {wall:.2f} s"),
    ]


def measure(data: Data) -> list[Figure]:
    """The CROHME training labels; the embedded sample where they are absent."""
    there = data.has(CAPTIONS)
    labels = read_labels(data.need(CAPTIONS) if there else None)
    labels = labels[: data.size(len(labels), 500)]
    source = f"{len(labels):,} {'CROHME training labels' if there else 'labels: the embedded sample, repeated'}"
    return [*compared(labels, source, data.size(9, 3)), *fresh_processes(data.size(10, 1))]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("captions", nargs="?", type=Path)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    labels = read_labels(options.captions)
    show(compared(labels, f"{len(labels):,} labels", options.rounds))


if __name__ == "__main__":
    main()
