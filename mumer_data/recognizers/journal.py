"""The journal of a run: one line per answer, and the Parquet file that is written from it at the end.

An incomplete line (of a killed run) is ignored, and its image is read again. Not for running models.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write, remove_stale
from mumer_data.recognizers import Answer, Answered, Key, Request

SCHEMA = pa.schema(
    [
        ("img_id", pa.string()),
        ("gt", pa.string()),
        ("pred", pa.string()),
        ("image_path", pa.string()),
        ("dataset", pa.string()),
        ("sample", pa.int64()),
        ("answer", pa.string()),
        ("logprob", pa.float64()),
        ("finish_reason", pa.string()),
    ]
)


_METADATA_KEY = b"mumer_predict"
_ROW_GROUP_SIZE = 50_000  # rows of a row group


def facts_of(predictions: Path) -> dict[str, Any]:
    """Model, data and options of the run that wrote a file of predictions; empty if another program did."""
    stored = (pq.read_schema(predictions).metadata or {}).get(_METADATA_KEY, b"{}")
    facts: dict[str, Any] = json.loads(stored)
    return facts


class Journal:
    """The answers of one run so far; use `open_journal`."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self._path = path
        self.done: dict[Key, int] = {}  # offset of each answer's line: a million answers would fill the memory
        if path.exists():
            self._recover(facts)
        self._file = path.open("ab")
        if not path.stat().st_size:
            self._append({"run": facts})

    def _recover(self, facts: dict[str, Any]) -> None:
        """Read complete lines; truncate the file after the last one."""
        with self._path.open("r+b") as file:
            end = 0
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    row = json.loads(line)
                    key = (row["img_id"], row["sample"]) if end else None
                except (ValueError, KeyError, TypeError, RecursionError):
                    row, key = None, None  # a damaged line: its image is read again
                if end:
                    if key is not None:
                        self.done[key] = end
                elif row != {"run": facts}:
                    raise OutputError(
                        f"{self._path} belongs to a run with other options or data ({line.decode()[:300].strip()}); "
                        "name another output, or remove it to start again"
                    )
                end += len(line)
            file.truncate(end)

    def _append(self, *values: dict[str, Any]) -> list[int]:
        """Write lines; returns the offsets at which they begin."""
        lines = [json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values]
        begin = self._file.seek(0, os.SEEK_END)
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())
        return [begin + size for size in accumulate(map(len, lines[:-1]), initial=0)]

    def add(self, answered: Answered) -> None:
        """Write answers and fsync them; a request that was answered before keeps its first answer."""
        rows = {request.key: _row(request, answer) for request, answer in answered if request.key not in self.done}
        if rows:
            self.done |= zip(rows, self._append(*rows.values()), strict=True)

    def rows(self, keys: Iterable[Key]) -> Iterator[dict[str, Any]]:
        """The rows of answers, read again from the disk."""
        with self._path.open("rb") as file:
            for key in keys:
                file.seek(self.done[key])
                yield json.loads(file.readline())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _row(request: Request, answer: Answer) -> dict[str, Any]:
    return {
        "img_id": request.id,
        "gt": request.label,
        "pred": final_line(answer.text),
        "image_path": request.image_path,
        "dataset": request.dataset,
        "sample": request.sample,
        "answer": answer.text,
        "logprob": answer.logprob,
        "finish_reason": answer.finish,
    }


def final_line(answer: str) -> str:
    """The label in an answer: its last line."""
    return answer.rstrip().rpartition("\n")[2].strip()


def _journal_path(out: Path) -> Path:
    return out.with_name(f"{out.name}.journal")


@contextmanager
def open_journal(out: Path, facts: dict[str, Any]) -> Iterator[Journal]:
    """The journal of the run that writes ``out``, locked.

    Raises:
        OutputError: it is in use, belongs to another run, or cannot be written.
    """
    path = _journal_path(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=0):
            remove_stale(out.parent, out.name)
            journal = Journal(path, facts)
            try:
                yield journal
            finally:
                journal.close()
    except Timeout:
        raise OutputError(f"another run writes {out}: wait for it, or name another output") from None
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def finish(out: Path, rows: Iterable[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Write the Parquet file with the facts of the run in its metadata; then remove the journal."""
    schema = SCHEMA.with_metadata({_METADATA_KEY: json.dumps(facts)})
    remaining = iter(rows)
    with atomic_write(out) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        while batch := list(islice(remaining, _ROW_GROUP_SIZE)):
            writer.write_table(pa.Table.from_pylist(batch, schema))
    _remove_journal(out)


def is_done(out: Path, facts: dict[str, Any]) -> bool:
    """Whether ``out`` exists and was written by the same run; removes a journal that a killed run left beside it.

    Raises:
        OutputError: another run wrote it.
    """
    if not out.exists():
        return False
    try:
        stored = facts_of(out)
    except (OSError, pa.ArrowException, ValueError):
        stored = {}
    if stored != facts:
        other = [name for name in facts if stored.get(name) != facts[name]] if stored else []
        author = f"with other {', '.join(other)}" if other else "by another program"
        raise OutputError(f"{out} exists, written {author}: remove the file or name another")
    _remove_journal(out)
    return True


def _remove_journal(out: Path) -> None:
    """Remove the journal of a finished run."""
    journal = _journal_path(out)
    journal.unlink(missing_ok=True)
    Path(f"{journal}.lock").unlink(missing_ok=True)
