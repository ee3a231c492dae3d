"""Markers: JSON files that say a unit of work is done, with the sha256 of every file that it wrote.

The rule of resuming: a unit is done only if its marker is intact and every file in it still has its hash.
Not for the content of a unit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mumer_data.io.atomic import file_sha256, write_json


def write_marker(path: Path, value: dict[str, Any], files: Iterable[Path]) -> None:
    """Mark a unit as done.

    Args:
        path: path of the marker.
        value: result of the unit, as JSON values.
        files: all files that the unit wrote; in the folder of the marker, or in the folder above it.
    """
    hashes = {_name(path, file): file_sha256(file) for file in files}
    body = {"value": value, "files": hashes}
    write_json(path, body | {"sha256": digest_of(body)})


def read_marker(path: Path) -> dict[str, Any] | None:
    """The value of a marker; ``None`` if it is missing or damaged, or a file of the unit is missing or changed."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        body = {"value": raw["value"], "files": raw["files"]}
        intact = raw["sha256"] == digest_of(body)
        value: dict[str, Any] = raw["value"]
        if intact and all(file_sha256(_file(path, name)) == known for name, known in raw["files"].items()):
            return value
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return None


def digest_of(value: object) -> str:
    """The sha256 of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _name(marker: Path, file: Path) -> str:
    root = marker.parent.parent
    return str(file.relative_to(root)).replace("\\", "/")


def _file(marker: Path, name: str) -> Path:
    return marker.parent.parent / name
