"""Writes one slice of a run: a shard per config, its rejects, the hash of its images, and the marker that it is done.

Not for choosing rows: see the jobs and `mumer_data.mining`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from mumer_data.records import Reject
from mumer_data.shards.plan import Plan, SliceResult, save_result
from mumer_data.shards.schema import ShardRow
from mumer_data.shards.writer import ShardInfo, ShardWriter


class SliceWriter:
    """The output of one slice; a context manager: the shards appear when it ends without an error, then `finish`.

    Args:
        out: output folder of the run.
        plan: of the run.
        number: of the slice.

    Attributes:
        rejects: the rows left out, in order.
    """

    def __init__(self, out: Path, plan: Plan, number: int) -> None:
        self.out, self.plan, self.number = out, plan, number
        self.rejects: list[Reject] = []
        self._images_digest, self._images_size = hashlib.sha256(), 0
        self._stack = ExitStack()

    def __enter__(self) -> SliceWriter:
        with ExitStack() as stack:
            name = self.plan.shard_name(self.number)
            self._writers = {
                config.task: stack.enter_context(ShardWriter(self.out / config.name / name, self.plan.columns))
                for config in self.plan.configs
            }
            self._stack = stack.pop_all()
        return self

    def write(self, row: ShardRow) -> None:
        """Add a row to the shard of its task."""
        self._writers[row.task].write(row)

    def count_image(self, data: bytes, sha256: bytes | None = None) -> None:
        """Count the image of an accepted row: its size and hash go into the manifest."""
        self._images_digest.update(sha256 or hashlib.sha256(data).digest())
        self._images_size += len(data)

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def finish(self, read: int, *, unused: int = 0, each: int = 1, files: Iterable[Path] = ()) -> SliceResult:
        """Mark the slice as done; call it after the block.

        Args:
            read: number of rows read; those neither rejected nor unused are accepted.
            unused: valid rows that the run does not need.
            each: rows in a shard per accepted row.
            files: further files of the slice, complete already.
        """
        reasons = dict(sorted(Counter(reject.reason for reject in self.rejects).items()))
        shards = [writer.info for writer in self._writers.values() if isinstance(writer.info, ShardInfo)]
        result = SliceResult(
            self.number,
            read,
            read - len(self.rejects) - unused,
            len(self.rejects),
            reasons,
            self._images_size,
            self._images_digest.hexdigest(),
            shards,
            unused,
            each,
        )
        save_result(self.out, self.plan, result, self.rejects, files)
        return result
