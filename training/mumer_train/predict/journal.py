"""Answers on disk as they come, a line each, and the Parquet file that they become at the end.

A line is whole or worthless: what a kill cut off is read again. Not for asking any model.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from mumer_data.atomic import replacing
from mumer_data.exceptions import OutputError
from mumer_train.predict import Answer, Answered, Job, Key

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


class Journal:
    """What is done so far of one run; use `open_journal`."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self._path = path
        self.done: dict[Key, dict[str, Any]] = {}
        if path.exists():
            self._recover(facts)
        self._file = path.open("ab")
        if not path.stat().st_size:
            self._append({"run": facts})

    def _recover(self, facts: dict[str, Any]) -> None:
        """Read whole lines; cut off what stands after the last of them."""
        data = self._path.read_bytes()
        end = data.rfind(b"\n") + 1
        lines = data[:end].splitlines()
        if lines and json.loads(lines[0]) != {"run": facts}:
            raise OutputError(
                f"{self._path} belongs to a run with other options ({lines[0].decode()[:200]}); name another output"
            )
        for line in lines[1:]:
            row = json.loads(line)
            self.done[row["img_id"], row["sample"]] = row
        with self._path.open("r+b") as file:
            file.truncate(end)

    def _append(self, *values: dict[str, Any]) -> None:
        self._file.write(b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values))
        self._file.flush()
        os.fsync(self._file.fileno())

    def add(self, answered: Answered) -> None:
        """Write answers, and wait until the disk has them; what was answered before keeps its first answer."""
        rows = {job.key: _row(job, answer) for job, answer in answered if job.key not in self.done}
        self.done |= rows
        self._append(*rows.values())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _row(job: Job, answer: Answer) -> dict[str, Any]:
    return {
        "img_id": job.id,
        "gt": job.label,
        "pred": final_line(answer.text),
        "image_path": job.image_path,
        "dataset": job.dataset,
        "sample": job.sample,
        "answer": answer.text,
        "logprob": answer.logprob,
        "finish_reason": answer.finish,
    }


def final_line(answer: str) -> str:
    """The label in an answer: its last line, whatever a task writes before it."""
    return answer.rstrip().rpartition("\n")[2].strip()


@contextmanager
def open_journal(out: Path, facts: dict[str, Any]) -> Iterator[Journal]:
    """The journal of the run that writes ``out``, with nobody else at it.

    Raises:
        OutputError: it is in use, belongs to another run, or cannot be written.
    """
    path = out.with_name(f"{out.name}.journal")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=0):
            journal = Journal(path, facts)
            try:
                yield journal
            finally:
                journal.close()
    except Timeout:
        raise OutputError(f"another run writes {out}: wait for it, or name another output") from None
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def finish(out: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write the Parquet file, then drop the journal."""
    with replacing(out) as temporary:
        pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), temporary, compression="zstd")
    journal = out.with_name(f"{out.name}.journal")
    journal.unlink(missing_ok=True)
    Path(f"{journal}.lock").unlink(missing_ok=True)
