"""What the tests of the readers share: small sources made on the spot, and where the real data lie."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from mumer_data.readers.caption import CaptionReader
from mumer_data.readers.sharegpt import ShareGPTReader
from mumer_data.records import Example, Reject, Slice

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


def picture(width: int, *, format: str = "PNG", mode: str = "1") -> bytes:
    """An encoded image; pictures of different widths have different bytes."""
    buffer = io.BytesIO()
    Image.new(mode, (width, 4)).save(buffer, format)
    return buffer.getvalue()


def pack(folder: Path, archive: Path, *, top: str = "") -> Path:
    """The folder's content as an archive of the kind that its name says, below ``top``."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                zipped.write(file, os.path.join(top, file.relative_to(folder)))
        return archive
    kind = {".gz": "gz", ".tgz": "gz", ".xz": "xz", ".bz2": "bz2"}.get(archive.suffix)
    with tarfile.open(archive, f"w:{kind}") if kind else tarfile.open(archive, "w") as tar:  # type: ignore[call-overload]
        tar.add(folder, top or ".")
    return archive


def all_rows(
    reader: CaptionReader | ShareGPTReader, *, max_rows: int = 1000, max_bytes: int = 1 << 30
) -> list[Example | Reject]:
    """Every row of every slice of a plan."""
    return [row for part in reader.plan(max_rows, max_bytes) for row in reader.read(part)]


def shown(rows: list[Example | Reject]) -> list[tuple[int, str, str, str]]:
    """Row, id, label and the reject's reason: what must not depend on slices or containers."""
    return [(row.row, row.id, row.label, row.reason if isinstance(row, Reject) else "") for row in rows]


def check_plan(parts: list[Slice], rows: int, max_rows: int, max_bytes: int) -> None:
    """The promises of a plan: numbered from 0, within the limits, and no row lost."""
    assert [part.number for part in parts] == list(range(len(parts)))
    assert sum(part.rows for part in parts) == rows
    assert all(1 <= part.rows <= max_rows for part in parts)
    assert all(part.size <= max_bytes or part.rows == 1 for part in parts)


def crohme(name: str) -> Path:
    """The folder of a CROHME set; skips the test where it is not on this machine."""
    shared = os.environ.get("MUMER_SHARED")
    root = Path(shared) if shared else Path(__file__).parents[3] / "shared"
    folder = root / "data" / "crohme" / name
    if not folder.is_dir():
        pytest.skip(f"no CROHME data at {folder}; set MUMER_SHARED to the folder that holds data/crohme")
    return folder
