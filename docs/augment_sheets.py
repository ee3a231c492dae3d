"""Draw docs/images/augment_PRESET.jpg: handwriting and its variants. Run it after a change of the presets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mumer_data.augmentation.options import Augmentation, presets
from mumer_data.augmentation.run import augment
from mumer_data.handwriting.glyphs.centerline import CenterlineGlyphs
from mumer_data.handwriting.glyphs.hershey import Hershey
from mumer_data.handwriting.ink import RenderedInk, draw, write
from mumer_data.handwriting.writer import Writer, writer_style

LABELS = (
    r"\frac { a ^ { 2 } + 1 } { \sqrt { b } } \leq \sum _ { n = 1 } ^ { N } x _ { n }",
    r"\int _ { 0 } ^ { \pi } \sin x d x = 2",
    r"( x + y ) ^ { 2 } = x ^ { 2 } + 2 x y + y ^ { 2 }",
    r"\lim _ { n \rightarrow \infty } ( 1 + \frac { 1 } { n } ) ^ { n } = e",
    r"f ( t ) = A \cos ( \omega t + \phi )",
    r"\alpha _ { n + 1 } - 3 \beta = \frac { 2 } { 3 } \alpha _ { n }",
)
VARIANTS, GAP, GROUND = 3, 10, (150, 152, 160)


def main() -> None:
    """Draw a sheet per preset: one row per expression, the original on the left."""
    drawn = [written(label, number) for number, label in enumerate(LABELS)]
    for name in presets():
        steps = Augmentation(preset=name).step_list()
        rows = [
            [one.image.convert("RGB")]
            + [
                augment(one.image, steps, seed=0, id=f"{number}-aug{copy}", boxes=one.boxes).image.convert("RGB")
                for copy in range(VARIANTS)
            ]
            for number, one in enumerate(drawn)
        ]
        path = Path(__file__).parent / "images" / f"augment_{name}.jpg"
        sheet_of(rows).save(path, quality=88, optimize=True)


def written(label: str, number: int) -> RenderedInk:
    """An expression, each by another hand."""
    hand = Writer([Hershey(), CenterlineGlyphs()], writer_style(f"writer {number}"), np.random.default_rng(number))
    return draw(write(label, hand), size=30)


def sheet_of(rows: list[list[Image.Image]]) -> Image.Image:
    """The images in columns."""
    widths = [max(row[column].width for row in rows) for column in range(len(rows[0]))]
    heights = [max(image.height for image in row) for row in rows]
    size = sum(widths) + GAP * (len(widths) + 1), sum(heights) + GAP * (len(heights) + 1)
    sheet = Image.new("RGB", size, GROUND)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        left = GAP
        for image, width in zip(row, widths, strict=True):
            sheet.paste(image, (left, top + (height - image.height) // 2))
            left += width + GAP
        top += height + GAP
    return sheet


if __name__ == "__main__":
    main()
