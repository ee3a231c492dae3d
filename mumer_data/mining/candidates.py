"""First pass of mining: reads, aligns and checks each slice of predictions; candidates are kept on disk.

Not for selection, which needs all slices: see `select`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from mumer_data.alignment.align import EditScript, align
from mumer_data.alignment.confusions import Confusion, Confusions, ErrorExample, Occurrences
from mumer_data.alignment.corrections import correction_of
from mumer_data.alignment.degenerate import degenerate
from mumer_data.exceptions import CorrectionError
from mumer_data.io.atomic import atomic_write, write_json
from mumer_data.io.markers import read_marker, write_marker
from mumer_data.latex.answers import AnswerNormalizer
from mumer_data.mining.doubts import DOUBTFUL, Doubts, image_name
from mumer_data.mining.ignore import compared_tokens
from mumer_data.readers.predictions import read_slice
from mumer_data.records import Correction, Prediction, Reject, Slice
from mumer_data.seeding import hash64, rng_for
from mumer_data.shards.writer import parquet_writer, write_rejects

CANDIDATES = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("dataset", pa.string()),
        ("sample", pa.int64()),
        ("image", pa.string()),
        ("label", pa.string()),
        ("text", pa.string()),
        ("marked", pa.string()),
        ("log", pa.string()),
        ("distance", pa.int64()),
        ("id_key", pa.uint64()),
        ("image_key", pa.uint64()),
        ("text_key", pa.uint64()),
        ("priority", pa.float64()),
        ("confusion_keys", pa.list_(pa.uint64())),
    ]
)
_GROUP = 1_000


class MiningOptions(BaseModel):
    """Options that decide which predictions become samples; equal options and input produce equal bytes.

    Attributes:
        normalize: preset applied to labels and predictions first; ``None`` compares them as they stand.
        keep_correct: fraction of correct predictions that become samples with nothing to fix.
        max_per_image: maximum number of samples per image.
        max_per_confusion: maximum number of samples per confusion.
        doubts: predictions whose label is probably wrong: ``keep`` uses them, ``apart`` and ``drop`` do not (``apart``
            lists them); ``auto`` is ``apart`` where several predictions or files allow a judgement.
        ignore: marks that an image cannot show, left out on both sides; see `ignore.IGNORABLE`.
        seed: decides which right ones are kept, and who comes first where there is a limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    normalize: str | None = None
    keep_correct: float = Field(0.0, ge=0.0, le=1.0)
    max_per_image: int | None = Field(None, ge=1)
    max_per_confusion: int | None = Field(None, ge=1)
    doubts: Doubts = "auto"
    ignore: tuple[str, ...] = ()
    seed: int = Field(0, ge=0)


@dataclass(frozen=True, slots=True)
class ScanJob:
    """One slice to scan; ``part.number`` counts over all files; ``doubtful`` has names of `image_name`."""

    file: Path
    part: Slice
    work: Path
    options: MiningOptions
    doubtful: frozenset[str] = frozenset()


@dataclass(slots=True)
class ScanCounts:
    """Row counts of a slice or run: ``read`` = ``malformed`` + ``correct`` + ``wrong``."""

    read: int = 0
    malformed: int = 0
    correct: int = 0
    wrong: int = 0

    def add(self, other: ScanCounts) -> None:
        """Add another slice's."""
        self.read += other.read
        self.malformed += other.malformed
        self.correct += other.correct
        self.wrong += other.wrong


def scan_path(work: Path, number: int, kind: str) -> Path:
    """A file of one slice: its ``candidates`` or ``refused`` rows, its ``confusions``, or, written last, ``counts``."""
    suffix = "parquet" if kind in ("candidates", "refused") else "json"
    return work / f"{kind}-{number:05d}.{suffix}"


def read_counts(work: Path, number: int) -> ScanCounts | None:
    """The counts of a slice that is scanned; ``None`` where that is still to be done."""
    value = read_marker(scan_path(work, number, "counts"))
    return None if value is None else ScanCounts(**value)


def scan(job: ScanJob) -> ScanCounts:
    """Read one slice and write its candidates, refused rows, confusions and counts.

    Raises:
        SourceError, OutputError: the slice cannot be read, or the files cannot be written."""
    found = CandidateScan(job.options, job.doubtful)
    number = job.part.number
    with (
        atomic_write(scan_path(job.work, number, "candidates")) as temporary,
        parquet_writer(temporary, CANDIDATES) as writer,
    ):
        for rows in batched(found.candidates(read_slice(job.file, job.part)), _GROUP):
            writer.write_table(pa.Table.from_pylist(rows, CANDIDATES))
    write_rejects(scan_path(job.work, number, "refused"), found.refused)
    write_json(scan_path(job.work, number, "confusions"), confusions_state(found.confusions), indent=None)
    files = [scan_path(job.work, number, kind) for kind in ("candidates", "refused", "confusions")]
    write_marker(scan_path(job.work, number, "counts"), asdict(found.counts), files)
    return found.counts


def batched(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists of ``size``, the last one shorter."""
    while batch := list(islice(rows, size)):
        yield batch


class CandidateScan:
    """Aligns predictions with their labels; counts, confusions and refused rows add up while candidates are read.

    Attributes:
        counts, confusions: of all rows so far.
        refused: malformed rows, and wrong predictions that cannot become samples.
    """

    def __init__(self, options: MiningOptions, doubtful: frozenset[str] = frozenset()) -> None:
        self.options = options
        self.doubtful = doubtful
        self.normalizer = None if options.normalize is None else AnswerNormalizer(options.normalize)
        self.counts = ScanCounts()
        self.confusions = Confusions()
        self.refused: list[Reject] = []
        limits = (self.options.max_per_image, self.options.max_per_confusion)
        self.ordered = any(limit is not None for limit in limits)

    def candidates(self, rows: Iterable[Prediction | Reject]) -> Iterator[dict[str, Any]]:
        """The rows that may become samples, as rows of `CANDIDATES`; the others are counted or refused."""
        for row in rows:
            self.counts.read += 1
            if isinstance(row, Reject):
                self.counts.malformed += 1
                self.refused.append(row)
                continue
            label, text = compared_tokens(row, self.normalizer, self.options.ignore)
            candidate = self._right(row, label) if label == text else self._wrong(row, label, text)
            if candidate is not None:
                yield candidate

    def _right(self, row: Prediction, label: list[str]) -> dict[str, Any] | None:
        self.counts.correct += 1
        self.confusions.add_correct(label, row.dataset)
        share = self.options.keep_correct
        if share < 1 and (not share or rng_for(self.options.seed, _name(row), "keep").random() >= share):
            return None
        return self._candidate(row, align(label, label), [])

    def _wrong(self, row: Prediction, label: list[str], text: list[str]) -> dict[str, Any] | None:
        self.counts.wrong += 1
        if _name(row) in self.doubtful:
            self._refuse(row, DOUBTFUL, "the label is probably wrong, not the prediction: see mumer audit")
            return None
        problem = degenerate(label, text)
        if problem:
            self.confusions.degenerate += 1
            self._refuse(row, *problem)
            return None
        script = align(label, text)
        return self._candidate(row, script, self.confusions.add(script, row.id, row.dataset))

    def _candidate(self, row: Prediction, script: EditScript, confusions: list[Confusion]) -> dict[str, Any] | None:
        try:
            made = correction_of(script)
        except CorrectionError as error:
            self._refuse(row, error.reason, error.message)
            return None
        name = _name(row)
        order = rng_for(self.options.seed, f"{name}\0{made.text}", "order").random() if self.ordered else 0.0
        pairs = sorted({f"{confusion.label}\0{confusion.text}" for confusion in confusions})
        return {
            "row": row.row,
            "id": row.id,
            "dataset": row.dataset,
            "sample": row.sample,
            "image": row.image,
            **_texts(made),
            "distance": script.cost,
            "id_key": hash64(row.id),
            "image_key": hash64(name),
            "text_key": hash64(f"{name}\0{made.text}"),
            "priority": order,
            "confusion_keys": [hash64(pair) for pair in pairs],
        }

    def _refuse(self, row: Prediction, reason: str, message: str) -> None:
        self.refused.append(Reject(row.id, row.row, reason, message, None, row.label))


def _name(row: Prediction) -> str:
    return image_name(row.dataset, row.id)


def _texts(made: Correction) -> dict[str, str]:
    return {"label": made.label, "text": made.text, "marked": made.marked, "log": made.log}


def confusions_state(found: Confusions) -> dict[str, Any]:
    """All counts as JSON values; `load_confusions` reads them."""
    return {
        "predictions": found.predictions,
        "wrong": found.wrong,
        "degenerate": found.degenerate,
        "dropped": found.dropped,
        "symbols": [[*key, count] for key, count in found.symbols.items()],
        "pairs": [[list(key), seen.count, [list(one) for one in seen.examples]] for key, seen in found.pairs.items()],
    }


def load_confusions(path: Path) -> Confusions:
    """Read a file of `confusions_state`."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    found = Confusions(raw["predictions"], raw["wrong"], raw["degenerate"], dropped=raw["dropped"])
    for dataset, token, count in raw["symbols"]:
        found.symbols[dataset, token] = count
    for key, count, examples in raw["pairs"]:
        found.pairs[Confusion(*key)] = Occurrences(count, [ErrorExample(*one) for one in examples])
    return found


def read_candidates(work: Path, number: int, columns: list[str]) -> pa.Table:
    """Some columns of a slice's candidates."""
    return pq.read_table(scan_path(work, number, "candidates"), columns=columns)
