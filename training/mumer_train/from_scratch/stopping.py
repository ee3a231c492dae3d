"""SIGTERM stops a training run after its current batch or round, so that it can write a checkpoint."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signal(stop: Callable[..., None]) -> Iterator[None]:
    """Call ``stop`` when SIGTERM comes; in other threads than the main one, signals are not received."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
