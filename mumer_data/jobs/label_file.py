"""The output of `mumer generate labels`: the label file, its record, and its work folder while the run lasts.

Not for what the record says: see `generate`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write, file_sha256
from mumer_data.io.markers import digest_of
from mumer_data.shards.work import WORK

SETTINGS = ("asked", "inputs", "versions")  # keys of the record that determine the labels


def record_path(out: Path) -> Path:
    """The path of the record of a label file."""
    return out.with_name(f"{out.name}.json")


def work_path(out: Path) -> Path:
    """The work folder of the run that writes a label file."""
    return out.with_name(f"{out.name}{WORK}")


def read_record(out: Path) -> dict[str, Any]:
    """The record of a label file; raises ``OutputError`` if it is missing or damaged."""
    path = record_path(out)
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return dict(record)
    except (OSError, ValueError, TypeError, RecursionError):
        raise OutputError(f"{path}, the record of {out}, is missing or damaged: generate without --resume") from None


def finished_settings(out: Path) -> dict[str, Any] | None:
    """Fingerprint and settings of a label file; ``None`` if there is none.

    Raises:
        OutputError: the file has changed, or its record is missing or damaged.
    """
    if not out.exists():
        return None
    record = read_record(out)
    if record.get("sha256") != file_sha256(out):
        raise OutputError(f"{out} has changed since it was generated: generate it again, without --resume")
    settings = {name: record.get(name, {}) for name in SETTINGS}
    return {"fingerprint": digest_of(settings), "settings": settings}


def write_labels(out: Path, lines: Iterable[str], record: dict[str, Any]) -> None:
    """Write the label file and its record, to which the hash of the file is added."""
    with atomic_write(record_path(out)) as record_file, atomic_write(out) as file:
        file.write_text("".join(lines), encoding="utf-8")
        record["sha256"] = file_sha256(file)
        record_file.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
