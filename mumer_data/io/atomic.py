"""Atomic file writes and file hashes: a file appears complete or not at all.

Not for the content of files.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mumer_data.exceptions import OutputError
from mumer_data.io.storage import is_remote, reached, upload

TEMPORARY = ".{}.tmp"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block succeeds, and is removed when it fails.

    If ``path`` is remote, the temporary file is local and is uploaded.

    Raises:
        OutputError: the file cannot be written.
    """
    if is_remote(path):
        with reached(path), tempfile.TemporaryDirectory(prefix="mumer-") as folder:
            local = Path(folder) / path.name
            yield local
            upload(local, path)
        return
    temporary = path.with_name(TEMPORARY.format(f"{path.name}.{os.getpid()}"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def remove_stale(folder: Path, name: str = "") -> None:
    """Remove temporary files of killed processes (of the file ``name``, or of all) from a folder whose lock is held."""
    for leftover in folder.glob(TEMPORARY.format(f"{glob.escape(name)}.*" if name else "*")):
        leftover.unlink(missing_ok=True)


def write_json(path: Path, value: object, indent: int | None = 2) -> None:
    """Write JSON atomically; without ``indent`` five times as fast, for files read by programs only."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def file_sha256(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
