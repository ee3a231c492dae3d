"""First pass of mining: reads, aligns and checks each slice of predictions; stores candidates on disk.

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
        normalize: preset applied to labels and predictions first; ``None`` compares them unchanged.
        keep_correct: fraction of correct predictions that become samples with nothing to fix.
        max_per_image: maximum number of samples per image.
        max_per_confusion: maximum number of samples per confusion.
        doubts: predictions whose label is probably wrong: ``keep`` uses them, ``apart`` and ``drop`` do not (``apart``
            lists them); ``auto`` is ``apart`` if there are several predictions or files to compare.
        ignore: marks that an image cannot show, removed from both sides; see `ignore.IGNORABLE`.
        seed: random seed: which correct predictions are kept, and which candidates are taken first if there is a limit.
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
        """Add the counts of another slice."""
        self.read += other.read
        self.malformed += other.malformed
        self.correct += other.correct
        self.wrong += other.wrong


def scan_path(work: Path, number: int, kind: str) -> Path:
    """A file of one slice: ``candidates``, ``refused`` (rejects), ``confusions`` or ``counts`` (written last)."""
    suffix = "parquet" if kind in ("candidates", "refused") else "json"
    return work / f"{kind}-{number:05d}.{suffix}"


def read_counts(work: Path, number: int) -> ScanCounts | None:
    """The counts of a scanned slice; ``None`` if it is not yet scanned."""
    value = read_marker(scan_path(work, number, "counts"))
    return None if value is None else ScanCounts(**value)


def scan(job: ScanJob) -> ScanCounts:
    """Read one slice and write its candidates, rejects, confusions and counts.

    Raises:
        SourceError, OutputError: the slice cannot be read, or the files cannot be written.
    """
    state = CandidateScan(job.options, job.doubtful)
    number = job.part.number
    with (
        atomic_write(scan_path(job.work, number, "candidates")) as temporary,
        parquet_writer(temporary, CANDIDATES) as writer,
    ):
        for rows in batched(state.candidates(read_slice(job.file, job.part)), _GROUP):
            writer.write_table(pa.Table.from_pylist(rows, CANDIDATES))
    write_rejects(scan_path(job.work, number, "refused"), state.rejects)
    write_json(scan_path(job.work, number, "confusions"), confusions_state(state.confusions), indent=None)
    files = [scan_path(job.work, number, kind) for kind in ("candidates", "refused", "confusions")]
    write_marker(scan_path(job.work, number, "counts"), asdict(state.counts), files)
    return state.counts


def batched(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists of ``size``, the last one shorter."""
    while batch := list(islice(rows, size)):
        yield batch


class CandidateScan:
    """Aligns predictions with their labels; counts, confusions and rejects add up while it is iterated.

    Attributes:
        counts, confusions: of all rows so far.
        rejects: malformed rows, and wrong predictions that cannot become samples.
    """

    def __init__(self, options: MiningOptions, doubtful: frozenset[str] = frozenset()) -> None:
        self.options = options
        self.doubtful = doubtful
        self.normalizer = None if options.normalize is None else AnswerNormalizer(options.normalize)
        self.counts = ScanCounts()
        self.confusions = Confusions()
        self.rejects: list[Reject] = []
        limits = (self.options.max_per_image, self.options.max_per_confusion)
        self.limited = any(limit is not None for limit in limits)

    def candidates(self, rows: Iterable[Prediction | Reject]) -> Iterator[dict[str, Any]]:
        """The rows that may become samples, as rows of `CANDIDATES`; the others are counted or rejected."""
        for row in rows:
            self.counts.read += 1
            if isinstance(row, Reject):
                self.counts.malformed += 1
                self.rejects.append(row)
                continue
            label, text = compared_tokens(row, self.normalizer, self.options.ignore)
            candidate = self._correct(row, label) if label == text else self._wrong(row, label, text)
            if candidate is not None:
                yield candidate

    def _correct(self, row: Prediction, label: list[str]) -> dict[str, Any] | None:
        self.counts.correct += 1
        self.confusions.add_correct(label, row.dataset)
        share = self.options.keep_correct
        if share < 1 and (not share or rng_for(self.options.seed, _name(row), "keep").random() >= share):
            return None
        return self._candidate(row, align(label, label), [])

    def _wrong(self, row: Prediction, label: list[str], text: list[str]) -> dict[str, Any] | None:
        self.counts.wrong += 1
        if _name(row) in self.doubtful:
            self._reject(row, DOUBTFUL, "the label is probably wrong, not the prediction: see mumer audit")
            return None
        problem = degenerate(label, text)
        if problem:
            self.confusions.degenerate += 1
            self._reject(row, *problem)
            return None
        script = align(label, text)
        return self._candidate(row, script, self.confusions.add(script, row.id, row.dataset))

    def _candidate(self, row: Prediction, script: EditScript, confusions: list[Confusion]) -> dict[str, Any] | None:
        try:
            correction = correction_of(script)
        except CorrectionError as error:
            self._reject(row, error.reason, error.message)
            return None
        name = _name(row)
        prediction_name = f"{name}\0{correction.prediction}"
        order = rng_for(self.options.seed, prediction_name, "order").random() if self.limited else 0.0
        pairs = sorted({f"{confusion.label}\0{confusion.prediction}" for confusion in confusions})
        return {
            "row": row.row,
            "id": row.id,
            "dataset": row.dataset,
            "sample": row.sample,
            "image": row.image,
            **_texts(correction),
            "distance": script.cost,
            "id_key": hash64(row.id),
            "image_key": hash64(name),
            "text_key": hash64(prediction_name),
            "priority": order,
            "confusion_keys": [hash64(pair) for pair in pairs],
        }

    def _reject(self, row: Prediction, reason: str, message: str) -> None:
        self.rejects.append(Reject(row.id, row.row, reason, message, None, row.label))


def _name(row: Prediction) -> str:
    return image_name(row.dataset, row.id)


def _texts(correction: Correction) -> dict[str, str]:
    columns = {"label": correction.label, "text": correction.prediction}
    return columns | {"marked": correction.marked, "log": correction.log}


def confusions_state(confusions: Confusions) -> dict[str, Any]:
    """All counts as JSON values; `load_confusions` reads them."""
    pairs = [
        [list(key), occurrences.count, [list(example) for example in occurrences.examples]]
        for key, occurrences in confusions.pairs.items()
    ]
    return {
        "predictions": confusions.predictions,
        "wrong": confusions.wrong,
        "degenerate": confusions.degenerate,
        "dropped": confusions.dropped,
        "symbols": [[*key, count] for key, count in confusions.symbols.items()],
        "pairs": pairs,
    }


def load_confusions(path: Path) -> Confusions:
    """Read a file of `confusions_state`."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    confusions = Confusions(raw["predictions"], raw["wrong"], raw["degenerate"], dropped=raw["dropped"])
    for dataset, token, count in raw["symbols"]:
        confusions.symbols[dataset, token] = count
    for key, count, examples in raw["pairs"]:
        confusions.pairs[Confusion(*key)] = Occurrences(count, [ErrorExample(*example) for example in examples])
    return confusions


def read_candidates(work: Path, number: int, columns: list[str]) -> pa.Table:
    """Some columns of a slice's candidates."""
    return pq.read_table(scan_path(work, number, "candidates"), columns=columns)
