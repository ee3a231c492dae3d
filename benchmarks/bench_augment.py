"""Augmented images per second on one core, decoding and encoding included, against Pillow's warp, blur and JPEG.

Usage: python benchmarks/bench_augment.py; synthetic handwriting of 512 x 256 pixels, black on white.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from figures import Data, Figure, at_least, show
from PIL import Image, ImageFilter
from timing import alternating

from mumer_data.augmentation import Step
from mumer_data.augmentation.options import Augmentation, presets
from mumer_data.augmentation.run import augment_bytes
from mumer_data.handwriting.glyphs.centerline import CenterlineGlyphs
from mumer_data.handwriting.glyphs.hershey import Hershey
from mumer_data.handwriting.ink import draw, write
from mumer_data.handwriting.writer import Writer, writer_style
from mumer_data.io.png import encode_png

SIZE = (512, 256)
TARGET = 60
LABEL = r"f ( x ) = \frac { a _ { n } x ^ { 2 } + \sqrt { b } } { \sum _ { k = 1 } ^ { n } c _ { k } } + d - 1"


def pages(count: int) -> list[bytes]:
    """PNG files of one expression by ``count`` writers, each scaled to the page size."""
    pages = []
    for number in range(count):
        hand = Writer([Hershey(), CenterlineGlyphs()], writer_style(f"w{number}"), np.random.default_rng(number))
        picture = draw(write(LABEL, hand), size=48).image
        picture.thumbnail((SIZE[0] - 16, SIZE[1] - 16))
        page = Image.new("L", SIZE, 255)
        page.paste(picture, ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2))
        pages.append(encode_png(page))
    return pages


def plain(data: bytes) -> bytes:
    """The reference: three calls of Pillow, without paper, illumination or noise."""
    with Image.open(io.BytesIO(data)) as image:
        colour = image.convert("RGB")
    moved = colour.transform(
        SIZE, Image.Transform.PERSPECTIVE, (1, 0.02, 0, 0.01, 1, 0, 1e-5, 1e-5), Image.Resampling.BILINEAR
    )
    buffer = io.BytesIO()
    moved.filter(ImageFilter.GaussianBlur(1)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def compared(count: int, rounds: int) -> list[Figure]:
    """Images per second of every preset."""
    images = pages(count)
    figures = []
    for name in presets():
        steps = Augmentation(preset=name).step_list()

        def ours(steps: Sequence[Step] = steps) -> list[object]:
            return [augment_bytes(data, steps, seed=0, id=str(number)) for number, data in enumerate(images)]

        runs: dict[str, Callable[[], object]] = {"ours": ours, "plain": lambda: [plain(data) for data in images]}
        fast, reference = (count / seconds for seconds in alternating(runs, rounds).values())
        if name == "camera":
            figures.append(at_least(name, fast, "images/s", TARGET))
        figures.append(Figure(name, fast, "images/s", "plain Pillow: warp, blur, JPEG", reference))
    return figures


def measure(data: Data) -> list[Figure]:
    """Synthetic handwriting; needs no data."""
    return compared(data.size(40, 3), data.size(5, 1))


def main() -> None:
    show(compared(40, 5))


if __name__ == "__main__":
    main()
