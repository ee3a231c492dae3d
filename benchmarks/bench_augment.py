"""Variants a second on one core, files decoded and encoded too, against Pillow's own warp, blur and JPEG of the image.

Usage: python benchmarks/bench_augment.py; handwriting is made up and drawn on 512 x 256 pixels, black on white.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from mumer_data.images.augment.options import Augmentation, presets
from mumer_data.images.augment.run import augment_bytes
from mumer_data.images.hand import Hand, style_of
from mumer_data.images.ink import encode_png
from mumer_data.images.strokes.hershey import Hershey
from mumer_data.images.strokes.traced import Traced
from mumer_data.images.writing import draw, write

SIZE = (512, 256)
TARGET = 60
LABEL = r"f ( x ) = \frac { a _ { n } x ^ { 2 } + \sqrt { b } } { \sum _ { k = 1 } ^ { n } c _ { k } } + d - 1"


def pages(count: int) -> list[bytes]:
    """As many hands, the expression as large as the page allows."""
    found = []
    for number in range(count):
        hand = Hand([Hershey(), Traced()], style_of(f"w{number}"), np.random.default_rng(number))
        picture = draw(write(LABEL, hand), size=48).image
        picture.thumbnail((SIZE[0] - 16, SIZE[1] - 16))
        page = Image.new("L", SIZE, 255)
        page.paste(picture, ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2))
        found.append(encode_png(page))
    return found


def plain(data: bytes) -> bytes:
    """The reference: three calls of Pillow, and no paper, light or noise."""
    with Image.open(io.BytesIO(data)) as image:
        colour = image.convert("RGB")
    moved = colour.transform(
        SIZE, Image.Transform.PERSPECTIVE, (1, 0.02, 0, 0.01, 1, 0, 1e-5, 1e-5), Image.Resampling.BILINEAR
    )
    buffer = io.BytesIO()
    moved.filter(ImageFilter.GaussianBlur(1)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def rate(change: Callable[[bytes], object], images: list[bytes]) -> float:
    begin = time.process_time()
    for image in images:
        change(image)
    return len(images) / (time.process_time() - begin)


def main() -> None:
    images = pages(40)
    for name in presets():
        steps = Augmentation(preset=name).made()
        rounds = []
        for turn in range(5):
            numbers = iter(range(len(images)))

            def change(data: bytes, turn: int = turn, numbers: object = numbers) -> object:
                return augment_bytes(data, steps, seed=turn, id=str(next(numbers)))  # type: ignore[call-overload] # noqa: B023

            rounds.append((rate(change, images), rate(plain, images)))
        ours, theirs = (float(np.median(column)) for column in zip(*rounds, strict=True))
        target = f" (target {TARGET})" if name == "camera" else ""
        print(f"{name}: {ours:.0f} images/s{target}; plain Pillow {theirs:.0f}; {ours / theirs:.2f}x")


if __name__ == "__main__":
    main()
