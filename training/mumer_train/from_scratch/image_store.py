"""Fitted training images in a folder of flat arrays: written once, memory-mapped by every run.

Not for publishing data sets: see `mumer_data.shards`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mumer_data.exceptions import OutputError, SourceError
from mumer_data.io.atomic import TEMPORARY

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One fitted image with its label and boxes.

    Attributes:
        name: id of the image.
        label: canonical label.
        pixels: ink, 0 (paper) to 255, shape (height, width), both multiples of the encoder's stride.
        boxes: boxes of its symbols, shape (symbols, 4): left, top, right, bottom in pixels; empty if unknown.
        symbols: tokens of the boxes.
    """

    name: str
    label: str
    pixels: Pixels
    boxes: Boxes
    symbols: Sequence[str]


def write_store(folder: Path, images: Iterable[StoredImage]) -> int:
    """Write images to a new folder atomically.

    Returns:
        The number of images.

    Raises:
        OutputError: the folder exists already or cannot be written.
    """
    if folder.exists():
        raise OutputError(f"{folder} already exists: name a new folder")
    temporary = folder.with_name(TEMPORARY.format(folder.name))
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        count = _write(temporary, images)
        temporary.rename(folder)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return count


def _write(folder: Path, images: Iterable[StoredImage]) -> int:
    shapes, counts, boxes, rows = [], [], [np.zeros((0, 4), dtype=np.float32)], []
    with (folder / "pixels.bin").open("wb") as file:
        for image in images:
            file.write(np.ascontiguousarray(image.pixels).tobytes())
            shapes.append(image.pixels.shape)
            counts.append(len(image.boxes))
            boxes.append(np.asarray(image.boxes, dtype=np.float32).reshape(-1, 4))
            rows.append({"name": image.name, "label": image.label, "symbols": list(image.symbols)})
    np.save(folder / "shapes.npy", np.array(shapes, dtype=np.int32).reshape(-1, 2))
    np.save(folder / "box_counts.npy", np.array(counts, dtype=np.int32))
    np.save(folder / "boxes.npy", np.concatenate(boxes))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    return len(rows)


class ImageStore:
    """The images of a folder, in the order in which they were written."""

    def __init__(self, folder: Path) -> None:
        """Raises ``SourceError`` if the folder is not a store."""
        try:
            self.shapes: NDArray[np.int32] = np.load(folder / "shapes.npy")
            counts = np.load(folder / "box_counts.npy")
            self._boxes: Boxes = np.load(folder / "boxes.npy")
            lines = (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()
            self._pixels = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r")
        except (OSError, ValueError) as error:
            raise SourceError(f"{folder} is not a folder of fitted images ({error}); prepare it first") from None
        rows = [json.loads(line) for line in lines]
        self.names: list[str] = [row["name"] for row in rows]
        self.labels: list[str] = [row["label"] for row in rows]
        self._symbols: list[list[str]] = [row["symbols"] for row in rows]
        self._box_ends = np.concatenate(([0], np.cumsum(counts)))
        self._ends = np.concatenate(([0], np.cumsum(self.shapes.prod(axis=1, dtype=np.int64))))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> StoredImage:
        pixels = self._pixels[self._ends[index] : self._ends[index + 1]].reshape(self.shapes[index])
        boxes = self._boxes[self._box_ends[index] : self._box_ends[index + 1]]
        return StoredImage(self.names[index], self.labels[index], pixels, boxes, self._symbols[index])
