"""The log of a GRPO or DPO run: one JSON line per update, without times, so that a resumed run has the same log as an
uninterrupted one.

Not for its plot: see `mumer_data.report.rewards`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mumer_data.io.atomic import atomic_write

LOG = "log.jsonl"
Entry = Mapping[str, float | None]


class StepLog:
    """Appends entries to ``log.jsonl`` in a folder.

    Args:
        folder: folder of the run.
        step: number of updates to keep; entries that a killed run logged after its last checkpoint are removed.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / LOG
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True) if self._path.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        with atomic_write(self._path) as temporary:
            temporary.write_text("".join(kept), encoding="utf-8")

    def add(self, entry: Entry) -> None:
        """Append one entry; it has a key ``step``."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
