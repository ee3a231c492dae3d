"""Measure processor time, so that other processes on the machine have no influence.

Not for wall time of many cores.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


def cpu_seconds(run: Callable[[], object]) -> float:
    """Processor time of one call."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def alternating(
    runs: Mapping[str, Callable[[], object]], rounds: int, before: Callable[[], object] | None = None
) -> dict[str, float]:
    """Least processor time of each, the runs taking turns; ``before`` is called ahead of each and not timed.

    The least, since other programs only add to it: they take caches and the other half of a core.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            if before is not None:
                before()
            times[name].append(cpu_seconds(run))
    return {name: min(seconds) for name, seconds in times.items()}


class Apart(NamedTuple):
    """A separate process: its wall and processor time in seconds, and its output."""

    wall: float
    cpu: float
    printed: str


def apart(code: str, *arguments: object) -> Apart:
    """Run Python code in a separate process; the time of its child processes is included."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    begin, before = time.perf_counter(), used()
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Apart(time.perf_counter() - begin, used() - before, done.stdout)
