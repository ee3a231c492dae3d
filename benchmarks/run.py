"""Run all benchmarks, each in a separate process, and write RESULTS.md. Not for what they measure.

Usage: python benchmarks/run.py [NAME ...] [--shared FOLDER] [--quick] [--out FILE]. Exit code 1: a ratio is below its
target, or a benchmark raised an error. A quick run is too small to judge speed, and fails only on errors. Only a full
run of all benchmarks writes RESULTS.md; other runs write the file of --out.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from figures import AbsentError, Data, Outcome, show
from page import HERE, machine, results, tally
from rich.console import Console

from mumer_data.io.atomic import atomic_write

# NAME of bench_NAME.py -> title of its section. A new benchmark is one line here.
BENCHES = {
    "text": "Labels and texts",
    "normalize": "Raw labels",
    "normalize_render": "Raw labels and MathJax",
    "ink": "Ink",
    "write": "Handwriting",
    "handwriting": "Handwriting and real ink",
    "augment": "Augmentation",
    "generate": "Synthetic labels",
    "metrics": "Metrics",
    "cdm": "CDM and VisEq",
    "rewards": "Rewards",
    "mine": "Mining",
    "audit": "Wrong labels",
    "corrupt": "Synthetic recognition errors",
    "constrained": "Constrained decoding",
    "decoding": "Decoding of exported readers",
    "filters": "Near duplicates",
    "build": "Builds",
}
LONG = {"reader": "A reader of synthetic handwriting"}  # run only where they are named: they take minutes
OUR_OWN = ("mumer_", "bench_", "figures", "timing", "reference")


def measured(name: str, data: Data) -> Outcome:
    """Run one benchmark in this process; an error becomes part of the outcome, so that the others still run."""
    try:
        return Outcome(name, tuple(importlib.import_module(f"bench_{name}").measure(data)))
    except AbsentError as error:
        return Outcome(name, skipped=str(error))
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(OUR_OWN):
            return broken(name, error)
        return Outcome(name, skipped=f"needs the package `{error.name}`, which is not installed")
    except Exception as error:
        return broken(name, error)


def broken(name: str, error: Exception) -> Outcome:
    """Print the traceback; return an outcome with its last line."""
    traceback.print_exc()
    return Outcome(name, broken=f"{type(error).__name__}: {error}".split("\n")[0])


def measured_apart(name: str, data: Data) -> Outcome:
    """Run one benchmark in a separate process, so that others do not influence it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measured, name, data).result()
        except BrokenProcessPool:
            return Outcome(name, broken="its process ended before it was done")


def run(benches: Mapping[str, str], data: Data, out: Path | None = None) -> int:
    """Run benchmarks, print their figures, write the page.

    Args:
        benches: name -> title, in the order of the page.
        data: the data that they run on.
        out: the file of the page; ``None`` for no page.

    Returns:
        The exit code: 1 for a missed target (not of a quick run) or a broken benchmark.
    """
    console, where, outcomes = Console(), machine(), []
    for name, title in benches.items():
        begin = time.perf_counter()
        with console.status(f"{name} ..."):
            outcome = measured_apart(name, data)
        outcomes.append(outcome)
        if outcome.figures:
            show(outcome.figures, f"{title} ({name}, {time.perf_counter() - begin:.0f} s)", console)
        else:
            console.print(f"{title} ({name}): {outcome.skipped or outcome.broken}", markup=False)
    if out is not None:
        with atomic_write(out) as partial:
            partial.write_text(results(outcomes, benches, where, data.quick), encoding="utf-8")
    console.print(tally(outcomes), markup=False)
    missed = any(figure.missed for outcome in outcomes for figure in outcome.figures) and not data.quick
    return int(missed or any(outcome.broken for outcome in outcomes))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = f"Benchmarks: {', '.join(BENCHES)}, and on request {', '.join(LONG)}. Default: all but the last."
    parser.add_argument("names", nargs="*", metavar="NAME", help=names)
    parser.add_argument("--shared", type=Path, help="Folder of real data. Default: MUMER_SHARED or ../shared.")
    parser.add_argument("--quick", action="store_true", help="Use small sizes.")
    parser.add_argument("--out", type=Path, help="Output file of the page.")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHES | LONG:
            parser.error(f"no benchmark is called {name!r}; there are {', '.join(BENCHES | LONG)}")
    if options.shared is not None and not options.shared.is_dir():
        parser.error(f"there is no folder {options.shared}: leave --shared away to skip what needs real data")
    shared = options.shared or Path(os.environ.get("MUMER_SHARED", HERE.parent.parent / "shared"))
    data = Data(shared.resolve() if shared.is_dir() else None, options.quick)
    whole = not options.names and not options.quick
    chosen = {name: title for name, title in (BENCHES | LONG).items() if name in (options.names or BENCHES)}
    return run(chosen, data, options.out or (HERE / "RESULTS.md" if whole else None))


if __name__ == "__main__":
    sys.exit(main())
