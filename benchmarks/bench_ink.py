"""Expressions per second that the ink renderer draws on one core, against plain Pillow lines at the same oversampling.

Usage: python benchmarks/bench_ink.py; the ink is synthetic; its size is that of CROHME (3 times as wide as high).
"""

from __future__ import annotations

import io

import numpy as np
from figures import Data, Figure, at_least, show
from PIL import Image, ImageDraw
from timing import alternating

from mumer_data.images.render_ink import OVERSAMPLE, Stroke, render_ink

TARGET = 400


def expression(rng: np.random.Generator) -> list[Stroke]:
    """Three to eleven loops of 15 to 45 points, side by side."""
    strokes, left = [], 0.0
    for _ in range(rng.integers(3, 12)):
        turn = np.linspace(0, rng.uniform(2, 6), rng.integers(15, 45))
        size = rng.uniform(8, 16)
        x = left + size * np.cos(turn * 1.3) + turn * 2
        strokes.append(np.stack([x, size * np.sin(turn) + rng.normal(0, 0.2, len(turn))], axis=1))
        left += 16
    return strokes


def plain(strokes: list[Stroke]) -> bytes:
    """The reference: Pillow's own curved joints, resampled by Lanczos."""
    points = np.concatenate(strokes)
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    scale = 109 / span[1]
    size = (int(span[0] * scale) + 19, 128)
    canvas = Image.new("L", (size[0] * OVERSAMPLE, size[1] * OVERSAMPLE), 255)
    draw = ImageDraw.Draw(canvas)
    for stroke in strokes:
        placed = [tuple(point) for point in ((stroke - low) * scale + 9.5) * OVERSAMPLE]
        draw.line(placed, fill=0, width=3 * OVERSAMPLE, joint="curve")
    buffer = io.BytesIO()
    canvas.resize(size, Image.Resampling.LANCZOS).save(buffer, "PNG")
    return buffer.getvalue()


def compared(count: int, rounds: int) -> list[Figure]:
    """Expressions per second, PNG encoding included."""
    rng = np.random.default_rng(0)
    inks = [expression(rng) for _ in range(count)]
    runs = {"ours": lambda: [render_ink(ink) for ink in inks], "plain": lambda: [plain(ink) for ink in inks]}
    ours, theirs = (count / seconds for seconds in alternating(runs, rounds).values())
    return [
        at_least("ink drawn", ours, "expressions/s", TARGET),
        Figure("ink drawn", ours, "expressions/s", "plain Pillow lines, drawn large and scaled down", theirs),
    ]


def measure(data: Data) -> list[Figure]:
    """Synthetic ink; needs no data."""
    return compared(data.size(300, 20), data.size(5, 1))


def main() -> None:
    show(compared(300, 5))


if __name__ == "__main__":
    main()
