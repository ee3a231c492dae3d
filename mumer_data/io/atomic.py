"""Files that appear whole or not at all, and what tells one from another.

Not for what stands in them.
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
    """A temporary path beside ``path`` that takes its place when the block ends well, and vanishes when not.

    Where ``path`` is remote, the temporary one is local and is uploaded.

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
    """Remove what killed processes left of the file ``name``, or of all files, in a folder; for who holds its lock."""
    for leftover in folder.glob(TEMPORARY.format(f"{glob.escape(name)}.*" if name else "*")):
        leftover.unlink(missing_ok=True)


def write_json(path: Path, value: object, indent: int | None = 2) -> None:
    """Write JSON whole or not at all; without ``indent`` five times as fast, for what only programs read."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def file_sha256(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
