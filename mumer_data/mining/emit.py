"""Second pass of mining: selected candidates become rows of shards, the others become rejects.

Not for reading predictions: the first pass has stored everything needed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mumer_data.exceptions import ImageError
from mumer_data.images.check import check_image
from mumer_data.io.atomic import write_json
from mumer_data.mining.candidates import CANDIDATES, read_counts, scan_path
from mumer_data.mining.images import ImageFinder
from mumer_data.mining.select import REASONS, TAKEN
from mumer_data.records import Correction, Reject, Slice
from mumer_data.shards.plan import Plan, SliceResult
from mumer_data.shards.schema import REJECTS, ShardRow
from mumer_data.shards.slice_writer import SliceWriter
from mumer_data.shards.work import WORK
from mumer_data.tasks import error_tasks


@dataclass(frozen=True, slots=True)
class EmitJob:
    """One slice to write.

    Attributes:
        plan, part, out: as in a build.
        images: folder or build to take images from, or ``None``.
        file: the prediction file of the slice.
        several: whether the run has several files, so that messages name the file.
        ranks: rank of each taken candidate of the slice, or minus its decision; see `ranked`.
    """

    plan: Plan
    part: Slice
    out: Path
    images: Path | None
    file: Path
    several: bool
    ranks: NDArray[np.int64]


@dataclass(slots=True)
class EmitCounts:
    """Outcome counts of a slice or run.

    Attributes:
        sampled, rejected: wrong predictions.
        nothing_to_fix, correct_unused, correct_rejected: correct predictions.
        reasons: reason -> number of rejects, malformed rows included.
    """

    sampled: int = 0
    rejected: int = 0
    nothing_to_fix: int = 0
    correct_unused: int = 0
    correct_rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: EmitCounts) -> None:
        """Add the counts of another slice."""
        self.sampled += other.sampled
        self.rejected += other.rejected
        self.nothing_to_fix += other.nothing_to_fix
        self.correct_unused += other.correct_unused
        self.correct_rejected += other.correct_rejected
        self.reasons.update(other.reasons)


def _counts_path(work: Path, number: int) -> Path:
    return work / f"tally-{number:05d}.json"


def read_emit_counts(work: Path, number: int) -> EmitCounts:
    """The counts of `write_slice`."""
    raw = json.loads(_counts_path(work, number).read_text(encoding="utf-8"))
    return EmitCounts(**(raw | {"reasons": Counter(raw["reasons"])}))


def write_slice(job: EmitJob) -> SliceResult:
    """Write one shard per task from the candidates of a slice, then mark the slice as done."""
    tasks = error_tasks()
    with SliceWriter(job.out, job.plan, job.part.number) as writer:
        selection = _Selection(job, writer)
        for row, rank, image, data in selection.rows():
            correction = Correction(row["label"], row["text"], row["marked"], row["log"])
            name = f"{row['id']}#{rank + 1}" if rank else row["id"]
            for task_name, task in tasks.items():
                sample = task.sample(correction, name)
                writer.write(ShardRow(sample, image, data, _metadata(row), row["label"], task_name))
    return selection.finish()


def _metadata(row: dict[str, Any]) -> str:
    facts = {"origin": "model", "dataset": row["dataset"], "sample": row["sample"], "distance": row["distance"]}
    return json.dumps({"id": row["id"], **facts}, ensure_ascii=False)


class _Selection:
    """Yields the taken candidates of one slice, and counts all of them."""

    def __init__(self, job: EmitJob, writer: SliceWriter) -> None:
        self.job, self.writer = job, writer
        self.finder = ImageFinder.of(job.images, job.file.parent)
        self.decoded: set[bytes] = set()  # hashes of images that decode
        self.counts = EmitCounts()
        work = job.out / WORK
        rejected = pq.read_table(scan_path(work, job.part.number, "refused"), schema=REJECTS).to_pylist()
        writer.rejects += [Reject(**row) for row in rejected]
        scanned = read_counts(work, job.part.number)
        assert scanned is not None
        self.scanned = scanned
        self.counts.rejected = len(rejected) - scanned.malformed

    def rows(self) -> Iterator[tuple[dict[str, Any], int, str, bytes | None]]:
        """The taken candidates: the row, its rank among those with its id, name and bytes of its image."""
        ranks = iter(self.job.ranks)
        path = scan_path(self.job.out / WORK, self.job.part.number, "candidates")
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256, columns=CANDIDATES.names[:10]):
                for row in batch.to_pylist():
                    rank = int(next(ranks))
                    if rank < TAKEN:
                        self._reject(row, *REASONS[-rank])
                        continue
                    image = self._image(row)
                    if image is not None:
                        self._count(row)
                        yield row, rank, *image

    def _image(self, row: dict[str, Any]) -> tuple[str, bytes | None] | None:
        if self.job.plan.columns.images == "path":
            return row["image"] or row["id"], None
        try:
            image = self.finder.find(row["id"], row["image"])
            data = image.read()
            digest = hashlib.sha256(data).digest()
            if digest not in self.decoded:  # an image with several predictions is decoded once
                check_image(data)
                self.decoded.add(digest)
        except ImageError as error:
            self._reject(row, error.reason, error.message)
            return None
        self.writer.count_image(data, digest)
        return image.name, data

    def _count(self, row: dict[str, Any]) -> None:
        if row["distance"]:
            self.counts.sampled += 1
        else:
            self.counts.nothing_to_fix += 1

    def _reject(self, row: dict[str, Any], reason: str, message: str) -> None:
        self.writer.rejects.append(Reject(row["id"], row["row"], reason, message, None, row["label"]))
        if row["distance"]:
            self.counts.rejected += 1
        else:
            self.counts.correct_rejected += 1

    def finish(self) -> SliceResult:
        """Save the counts, then mark the slice as done."""
        counts, rejects = self.counts, self.writer.rejects
        counts.correct_unused = self.scanned.correct - counts.nothing_to_fix - counts.correct_rejected
        counts.reasons = Counter(reject.reason for reject in rejects)
        path = _counts_path(self.job.out / WORK, self.job.part.number)
        write_json(path, asdict(counts) | {"reasons": dict(sorted(counts.reasons.items()))})
        rejects.sort(key=lambda reject: reject.row)
        if self.job.several:
            name = self.job.file.name
            rejects[:] = [replace(reject, message=f"{name}: {reject.message}") for reject in rejects]
        return self.writer.finish(self.scanned.read, unused=counts.correct_unused, files=[path])
