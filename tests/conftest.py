"""What tests share: no hub, no spinning threads, the real data where they are, and a small source with every fault."""

from __future__ import annotations

import atexit
import io
import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import settings
from PIL import Image

# The same examples on every run where a change is judged; elsewhere, new ones each time.
# Never a limit of time: a busy machine is no fault.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

SHARED = Path(os.environ.get("MUMER_SHARED", Path(__file__).parents[2] / "shared"))
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
if "HF_DATASETS_CACHE" not in os.environ:  # processes of the tests take their parent's
    os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="mumer-datasets-")
    atexit.register(shutil.rmtree, os.environ["HF_DATASETS_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that need it skip where it is absent."""
    if not (SHARED / "golden").is_dir():
        pytest.skip(f"no real data in {SHARED}: set MUMER_SHARED to the folder that has them")
    return SHARED


def png(shade: int, size: tuple[int, int] = (12, 8)) -> bytes:
    """A small picture that differs from others."""
    buffer = io.BytesIO()
    Image.new("L", size, shade % 256).save(buffer, "PNG")
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG whose header claims 50,000 x 50,000 pixels."""
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress(b"\0"),
        b"IEND": b"",
    }
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts.items()]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture
def good_folder(tmp_path: Path) -> Path:
    """A caption folder of 60 rows without a fault."""
    return caption_folder(tmp_path / "good", 60)


def caption_folder(folder: Path, rows: int) -> Path:
    """A caption folder of ``rows`` rows, each with an image of its own."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for row in range(rows):
        (folder / "images" / f"e{row}.png").write_bytes(png(row))
        lines.append(f"e{row}\tx _ {{ {' '.join(str(row))} }} + \\frac {{ a }} {{ b }}\n")
    (folder / "caption.txt").write_text("".join(lines), encoding="utf-8")
    return folder


# id -> label, image bytes (None: no file), the reason it is rejected for and the token position
FAULTS: dict[str, tuple[str, bytes | None, str, int | None]] = {
    "open": (r"\frac { a", png(1), "latex_syntax", 1),
    "raw": ("x^2", png(2), "latex_syntax", 0),
    "missing": ("x", None, "image_missing", None),
    "empty": ("x", b"", "image_empty", None),
    "text": ("x", b"no image", "image_corrupt", None),
    "cut": ("x", png(3, (200, 200))[:-30], "image_corrupt", None),
    "bomb": ("x", bomb(), "image_too_large", None),
}


@pytest.fixture
def faulty_folder(tmp_path: Path) -> Path:
    """Ten good rows, then one of each fault, then a line without a tab and one that is not UTF-8."""
    folder = caption_folder(tmp_path / "faulty", 10)
    with (folder / "caption.txt").open("ab") as captions:
        for name, (label, data, _, _) in FAULTS.items():
            captions.write(f"{name}\t{label}\n".encode())
            if data is not None:
                (folder / "images" / f"{name}.png").write_bytes(data)
        captions.write(b"no tab here\n\xff\xfe\tx\n")
    return folder
