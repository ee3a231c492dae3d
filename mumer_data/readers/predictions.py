"""Reader of prediction files: a JSON array, JSON lines or Parquet of ``{img_id, gt, pred, image_path?}``.

Row by row in bounded memory; not for scoring predictions.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from mumer_data.exceptions import SourceError
from mumer_data.readers.footers import fewer, rows_of_groups
from mumer_data.readers.lines import JsonArray, changed, cut, lines
from mumer_data.records import Prediction, Reject, Slice

log = logging.getLogger(__name__)
SUFFIXES = (".json", ".jsonl", ".parquet")
# Names of each field: first the published name, then names that other tools write.
ID = ("img_id", "id", "image_id")
LABEL = ("gt", "label", "ground_truth")
TEXT = ("pred", "prediction", "predict")
IMAGE = ("image_path", "image")
_BATCH = 4096  # rows of Parquet held at a time
_MAX_NAMED = 5  # bad rows that an error names
_MAX_SAMPLE = 2**63  # sample numbers are stored as 64-bit integers


def prediction_files(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and those directly in the folders among them, sorted by name.

    Raises:
        SourceError: a path does not exist, or a folder holds no prediction file.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        members = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
        if not members:
            raise SourceError(f"{path} holds no prediction file: no name there ends in {', '.join(SUFFIXES)}")
        files += members
    return files


class PredictionFile:
    """The predictions of one file, read again by each pass; malformed rows are left out and counted.

    Args:
        path: the file.
        labelled: a row without a label is malformed; if false, its label is ``""``.

    Attributes:
        malformed: rows left out in the last pass. A warning after the first pass counts them and names some.
    """

    def __init__(self, path: Path, *, labelled: bool = True) -> None:
        self.path = path
        self.malformed = 0
        self._labelled = labelled
        self._warned = False

    def __iter__(self) -> Iterator[Prediction]:
        """Every prediction, in order.

        Raises:
            SourceError: the file is missing or unreadable, has no rows, or none of them is a prediction.
        """
        self.malformed, rows = 0, 0
        messages: list[str] = []
        for row in read_predictions(self.path, labelled=self._labelled):
            rows += 1
            if isinstance(row, Prediction):
                yield row
                continue
            self.malformed += 1
            if len(messages) < _MAX_NAMED:
                messages.append(row.message)
        if not rows:
            raise SourceError(f"{self.path} has no rows; is it the right file?")
        if self.malformed:
            self._report(rows, messages)

    def _report(self, rows: int, messages: list[str]) -> None:
        more = self.malformed - len(messages)
        named = "; ".join(messages) + (f"; and {more:,} more" if more else "")
        message = f"{self.path}: {self.malformed:,} of {rows:,} rows are not predictions: {named}"
        if self.malformed == rows:
            raise SourceError(message)
        if not self._warned:
            log.warning("%s; they are left out", message)
        self._warned = True


def load_predictions(path: Path, *, labelled: bool = True) -> list[Prediction]:
    """The predictions of one file in a list; see `PredictionFile`."""
    return list(PredictionFile(path, labelled=labelled))


def read_predictions(path: Path, *, labelled: bool = True) -> Iterator[Prediction | Reject]:
    """Every row of one file, in order; rejects have the reasons ``row_malformed`` and ``row_encoding``.

    Args:
        path: the file.
        labelled: a row without a label is a reject; if false, its label is ``""``.

    Raises:
        SourceError: the file is missing or unreadable, or is neither a JSON array, nor JSON lines, nor Parquet.
    """
    yield from read_slice(path, None, labelled=labelled)


def plan_predictions(path: Path, max_rows: int) -> list[Slice]:
    """Cut one file into slices of at most ``max_rows`` rows, numbered from 0; offsets in bytes, or rows of Parquet.

    Raises:
        SourceError: as `read_predictions`; and where the file has no rows.
    """
    with _open(path) as file:
        if path.suffix.lower() == ".parquet":
            offsets: Iterable[int] = range(_parquet_size(file, path))
        elif _begins_array(file):
            offsets = (offset for offset, _ in JsonArray(file, str(path)))
        else:
            offsets = (line.offset for line in lines(file))
        return cut(((row, offset, 0) for row, offset in enumerate(offsets)), max_rows, 1, str(path))


def read_slice(path: Path, part: Slice | None, *, labelled: bool = True) -> Iterator[Prediction | Reject]:
    """Every row of one slice of a file, or of all of it; see `read_predictions`."""
    with _open(path) as file:
        left = part.rows if part else -1
        for row, value in _values(file, path, part):
            yield value if isinstance(value, Reject) else _prediction(value, row, labelled)
            left -= 1
            if not left:
                return
    if part:
        raise changed(str(path))


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror or error}); check the path") from None


def _values(file: BinaryIO, path: Path, part: Slice | None) -> Iterator[tuple[int, object]]:
    start, offset = (part.start, part.offset) if part else (0, 0)
    if path.suffix.lower() == ".parquet":
        for row, value in enumerate(_parquet_rows(file, path, start), start):
            yield row, Reject("", row, "row_encoding", f"row {row} (from 0) is not UTF-8") if value is None else value
    elif _begins_array(file):
        yield from enumerate((value for _, value in JsonArray(file, str(path), offset=offset)), start)
    else:
        file.seek(offset)
        for row, line in enumerate(lines(file), start):
            location = f"the line at byte {line.offset}" if offset else f"line {line.number + 1}"
            yield row, _json(line.data, row, location)


def _begins_array(file: BinaryIO) -> bool:
    """Whether a JSON text is an array, not one object per line; leaves the file at its beginning."""
    head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    return head.startswith(b"[")


def _parquet_size(file: BinaryIO, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return sum(rows_of_groups(pq.read_metadata(file), path))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from None


def _parquet_rows(file: BinaryIO, path: Path, start: int) -> Iterator[dict[str, Any] | None]:
    """The rows from number ``start`` on."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            names = table.schema_arrow.names
            columns = [name for name in (*ID, *LABEL, *TEXT, *IMAGE, "dataset", "sample", "logprob") if name in names]
            sizes = rows_of_groups(table.metadata, path)
            groups = list(range(len(sizes)))
            while groups and start >= sizes[groups[0]]:
                start -= sizes[groups.pop(0)]
            left = sum(sizes[group] for group in groups)
            for batch in table.iter_batches(batch_size=_BATCH, row_groups=groups, columns=columns):
                yield from _python_rows(batch.slice(start))
                start, left = max(start - len(batch), 0), left - len(batch)
            if left:
                raise fewer(path)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from None


def _python_rows(batch: Any) -> Iterator[dict[str, Any] | None]:
    """The rows of an Arrow batch; ``None`` for one with a text that is not UTF-8, which Arrow does not check."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for index in range(len(batch)):
            try:
                yield from batch.slice(index, 1).to_pylist()
            except UnicodeDecodeError:
                yield None


def _json(data: bytes | None, row: int, location: str) -> object:
    if data is None:
        return Reject("", row, "row_malformed", f"{location} is too long")
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Reject("", row, "row_encoding", f"{location} is not UTF-8 at byte {error.start}")
    except (ValueError, RecursionError) as error:
        return Reject("", row, "row_malformed", f"{location} is not JSON ({error})")


def _prediction(value: object, row: int, labelled: bool) -> Prediction | Reject:
    if not isinstance(value, dict):
        return Reject("", row, "row_malformed", f"row {row} (from 0) is of type {type(value).__name__}, not an object")
    image = _first(value, IMAGE)
    image = image if isinstance(image, str) else ""
    example_id = _first(value, ID)
    if isinstance(example_id, bool) or not isinstance(example_id, str | int):
        example_id = Path(image).stem or str(row)
    label, text, dataset, sample = (
        _first(value, LABEL),
        _first(value, TEXT),
        value.get("dataset"),
        value.get("sample"),
    )
    where = f"row {row} (from 0), id {example_id!r},"
    label = "" if label is None and not labelled else label
    if not isinstance(label, str) or (labelled and not label.strip()):
        return Reject(str(example_id), row, "row_malformed", f"{where} has no label under 'gt'")
    if not isinstance(text, str | None) or not any(name in value for name in TEXT):
        return Reject(str(example_id), row, "row_malformed", f"{where} has no text under 'pred'", label=label)
    if isinstance(sample, int) and not -_MAX_SAMPLE <= sample < _MAX_SAMPLE:
        return Reject(str(example_id), row, "row_malformed", f"{where} has a 'sample' beyond 64 bits", label=label)
    prediction = Prediction(
        str(example_id),
        label,
        text or "",
        image,
        dataset if isinstance(dataset, str) else "",
        sample if isinstance(sample, int) else 0,
        row,
        _logprob(value.get("logprob")),
    )
    try:
        "".join((prediction.id, label, prediction.prediction, image, prediction.dataset)).encode("utf-8")
    except UnicodeEncodeError as error:
        return Reject("", row, "row_encoding", f"row {row} (from 0) has half a surrogate pair ({error.reason})")
    return prediction


def _logprob(value: object) -> float | None:
    """A log-probability, which is not positive; ``None`` for anything else."""
    return float(value) if isinstance(value, float | int) and -1e9 < value <= 0 else None


def _first(value: dict[str, Any], names: tuple[str, ...]) -> object:
    """The first value that is neither null nor NaN (tables write missing values as either)."""
    values = (value.get(name) for name in names)
    return next((candidate for candidate in values if candidate is not None and candidate == candidate), None)
