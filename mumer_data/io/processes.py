"""Parallel map: one function over many items, in this process or in several.

Not for choosing items; results must not depend on the number of processes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from mumer_data.exceptions import OutputError
from mumer_data.io.cluster import active_cluster
from mumer_data.registry import register_all, registrations

_POLL_SECONDS = 0.3  # seconds between two checks of the parent process
T = TypeVar("T")
R = TypeVar("R")


def parallel_map(
    function: Callable[[T], R], items: Sequence[T], workers: int | None = None, *, ordered: bool = False
) -> Iterator[R]:
    """Apply ``function`` to every item.

    Args:
        function: must be picklable by cloudpickle.
        items: the arguments, one per call.
        workers: processes; ``None`` for one per core, or all workers of the cluster of `cluster.on`.
            With one worker or one item, no process is started.
        ordered: return results in the order of the items instead of the order of completion.

    Raises:
        OutputError: a worker process was killed from outside.
    """
    cluster = active_cluster()
    count = min(workers or (cluster.workers if cluster else os.cpu_count()) or 1, len(items))
    if not items or (count <= 1 and cluster is None):
        yield from map(function, items)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    lost = (TerminatedWorkerError, *(cluster.lost if cluster is not None else ()))
    parent = os.getpid() if cluster is None else None
    calls = [delayed(_call)(function, item, registrations(), parent) for item in items]
    try:
        if cluster is not None and not cluster.streams:  # results are returned only when a whole call is done
            size = 4 * count
            for start in range(0, len(calls), size):
                yield from Parallel(n_jobs=count)(calls[start : start + size])
        else:
            yield from Parallel(n_jobs=count, return_as="generator" if ordered else "generator_unordered")(calls)
    except lost as error:
        raise OutputError(
            "a worker process was killed, perhaps because memory ran out: continue with --resume"
        ) from error


def _call(function: Callable[[T], R], item: T, entries: dict[tuple[str, str], Any], parent: int | None) -> R:
    """One call in a worker, with the parent's registrations; the worker ends with its parent."""
    register_all(entries)
    if parent is not None and os.getppid() == parent:
        end_with(parent)
    return function(item)


@lru_cache(maxsize=1)
def end_with(parent: int) -> None:
    """Let this process end within half a second after its parent, also if that is killed (kill -9)."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
