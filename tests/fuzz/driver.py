"""Runs one target under Atheris (libFuzzer): bytes in, an error of ours or nothing out; also replays what was found.

Not for what a target does with its bytes: each target is a module of its own, named in `TARGETS`.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

# Each has ``check(data)``, which raises only where something is wrong, and ``seeds()``, inputs to begin with.
TARGETS = ("parser", "normalizer", "tree_text", "inkml", "predictions", "sources")
FOUND = Path("out/fuzz")
UNIT_SECONDS = 20  # one input that takes longer is a finding


def run(check: Callable[[bytes], object], seeds: Iterable[bytes], name: str) -> None:
    """Fuzz until libFuzzer's own options (``-max_total_time``, ``-runs``) say stop; findings go to ``out/fuzz``."""
    import atheris

    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = [f"-timeout={UNIT_SECONDS}", "-rss_limit_mb=2048", "-max_len=4096", f"-artifact_prefix={found}/"]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], corpus], check)
        atheris.Fuzz()


def main() -> None:
    """``TARGET [libFuzzer options]``: fuzz it, our own code instrumented."""
    import atheris

    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["mumer_data"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
    run(target.check, target.seeds(), name)
