"""Images for `vision_pretrain`: synthetic handwriting, with the share of ink of each symbol in each cell.

Not for training sets: the reader `synthetic`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.handwriting.alphabets import writer_for
from mumer_data.handwriting.ink import STRUCK, OnlineInk, draw, write
from mumer_data.handwriting.writer import writer_style
from mumer_data.images.fit import Fit, fit_image
from mumer_data.io.atomic import atomic_write
from mumer_data.io.png import encode_png
from mumer_data.io.processes import parallel_map
from mumer_data.jobs.config import Pipeline
from mumer_data.records import Reject
from mumer_data.seeding import rng_for
from mumer_train.dependencies import TrainingError

SCHEMA = pa.schema(
    [
        ("label", pa.string()),
        ("image", pa.binary()),
        ("cells", pa.list_(pa.int32())),
        ("names", pa.list_(pa.string())),
        ("shares", pa.list_(pa.float32())),
    ]
)
_SWAPPED = 0.5  # share of images whose letters and digits are replaced at random, against memorised labels
_ALPHABETS = ("hershey", "traced")
_GREEK = ("\\alpha", "\\beta", "\\gamma", "\\theta", "\\phi", "\\pi", "\\lambda", "\\mu", "\\sigma", "\\Delta")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One unit of work: the images of a range of numbers."""

    labels: Sequence[str]
    symbols: Sequence[str]
    numbers: range
    fit: Fit
    seed: int
    cell: int
    bank: Path | None

    def rows(self) -> list[dict[str, Any]]:
        return [row for row in map(self._row, self.numbers) if row]

    def _row(self, number: int) -> dict[str, Any] | None:
        rng = rng_for(self.seed, str(number), "ground")
        label = self.labels[int(rng.integers(len(self.labels)))]
        if rng.random() < _SWAPPED:
            label = _swapped(label, self.symbols, rng)
        style = writer_style(str(rng.integers(1 << 40)))
        style = replace(style, spacing=style.spacing * float(rng.uniform(1.0, 2.5)))
        bank = self.bank if self.bank and rng.random() < 0.75 else None
        fit = self.fit.model_copy(
            update={
                "symbol": self.fit.symbol * float(np.exp(rng.normal(0, 0.08))),
                "pen": self.fit.pen * float(rng.uniform(0.9, 1.25)),
            }
        )
        try:
            return patch_labelled_image(write(label, writer_for(style, rng, _ALPHABETS, bank)), fit, self.cell)
        except (ImageError, LatexSyntaxError):
            return None


def _swapped(label: str, symbols: Sequence[str], rng: np.random.Generator) -> str:
    known = set(symbols)
    return " ".join(
        symbols[int(rng.integers(len(symbols)))] if token in known and rng.random() < 0.7 else token
        for token in label.split()
    )


def patch_labelled_image(writing: OnlineInk, fit: Fit, cell: int) -> dict[str, Any]:
    """A row of `SCHEMA`: the ink as a fitted image, and the share of ink of each symbol in each cell.

    Raises:
        ImageError: the label draws no ink.
    """
    drawn = draw(writing)
    fitted = fit_image(drawn.image, fit)
    if fitted is None:
        raise ImageError("ink_empty", "the label shows nothing")
    ink: dict[int, dict[str, int]] = {}
    columns = fitted.image.width // cell
    for stroke, mark in zip(drawn.strokes, writing.marks, strict=True):
        if mark == STRUCK:
            continue
        points = (stroke * fitted.scale + (fitted.left, fitted.top)) // cell
        for x, y in points.astype(int).tolist():
            if 0 <= x < columns and 0 <= y < fitted.image.height // cell:
                owners = ink.setdefault(y * columns + x, {})
                owners[writing.names[mark]] = owners.get(writing.names[mark], 0) + 1
    entries = [
        (index, name, count / sum(owners.values())) for index, owners in ink.items() for name, count in owners.items()
    ]
    cells, names, shares = zip(*entries, strict=True) if entries else ((), (), ())
    return {
        "label": writing.label,
        "image": encode_png(fitted.image),
        "cells": list(cells),
        "names": list(names),
        "shares": list(shares),
    }


def write_images(
    path: Path,
    pipeline: Pipeline,
    count: int,
    *,
    seed: int = 0,
    cell: int = 20,
    bank: Path | None = None,
    workers: int = 1,
) -> None:
    """Write ``count`` images of a pipeline's labels, except labels that cannot be drawn; an existing file is kept.

    Raises:
        TrainingError: the pipeline has no label.
    """
    if path.exists():
        return
    labels = sorted(set(_labels(pipeline)))
    if not labels:
        raise TrainingError(f"{pipeline.name} has no label to draw")
    signs = {token for label in labels for token in label.split()}
    symbols = sorted(token for token in signs if (len(token) == 1 and token.isalnum()) or token in _GREEK)
    fit = pipeline.fit or Fit(multiple=cell)
    chunks = [
        _Chunk(labels, symbols, range(begin, min(begin + 500, count)), fit, seed, cell, bank)
        for begin in range(0, count, 500)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary, pq.ParquetWriter(temporary, SCHEMA) as writer:
        for rows in parallel_map(_Chunk.rows, chunks, workers, ordered=True):
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))


def _labels(pipeline: Pipeline) -> Iterator[str]:
    validator = pipeline.row_validator()
    reader = pipeline.reader()
    for part in reader.plan(2_000, 64 << 20):
        for row in reader.read(part):
            expression = row if isinstance(row, Reject) else validator.expression(row)
            if not isinstance(expression, Reject):
                yield expression.label
