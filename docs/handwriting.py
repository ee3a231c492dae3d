"""Draw the images of docs/synthetic.md and the gallery. Run it after a change of the handwriting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from mumer_data.handwriting.glyphs.builtin import builtin_glyphs
from mumer_data.handwriting.glyphs.glyph import Stroke
from mumer_data.handwriting.ink import STRUCK, OnlineInk, RenderedInk, draw, write
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.handwriting.writer import WriterStyle
from mumer_data.jobs.config import load_pipeline
from mumer_data.jobs.preview import preview

IMAGES = Path(__file__).parent / "images"
WIDTH, GAP = 1240, 14
DESK = 244
TAYLOR = r"f ( x ) = \sum _ { n = 0 } ^ { \infty } \frac { f ^ { ( n ) } ( a ) } { n ! } ( x - a ) ^ { n }"
WRITER = r"\int _ { 0 } ^ { 1 } x ^ { 2 } d x = \frac { 1 } { 3 }"
CORRECTED = (
    r"x ^ { 2 } - 5 x + 6 = 0",
    r"\frac { 3 a + 4 b } { 2 n } = 7 k",
    r"R = 8 2 \cdot 4 5 + 1 9",
)
GALLERY = (
    r"\lim _ { n \rightarrow \infty } \left ( 1 + \frac { 1 } { n } \right ) ^ { n } = e",
    r"\sum _ { k = 1 } ^ { \infty } \frac { 1 } { k ^ { 2 } } = \frac { \pi ^ { 2 } } { 6 }",
    r"x = \frac { - b \pm \sqrt { b ^ { 2 } - 4 a c } } { 2 a }",
    r"f ( x ) = \begin {cases} x ^ { 2 } & x \geq 0 \\ - x & x < 0 \end {cases}",
    r"\begin {pmatrix} a & b \\ c & d \end {pmatrix} \begin {pmatrix} x \\ y \end {pmatrix} = 0",
    r"\sin ^ { 2 } \theta + \cos ^ { 2 } \theta = 1",
    r"e ^ { i \pi } + 1 = 0",
    r"\overrightarrow { A B } \cdot \overrightarrow { A C } = 0",
    r"\frac { \partial u } { \partial t } = \alpha \nabla ^ { 2 } u",
    r"| a + b | \leq | a | + | b |",
    r"\binom { n } { k } = \frac { n ! } { k ! ( n - k ) ! }",
    r"A \subseteq B \Leftrightarrow A \cap B = A",
    r"\log _ { 2 } 8 = 3",
    r"\sqrt [ 3 ] { 2 7 } = 3",
)


def packed(pictures: Sequence[Image.Image], width: int = WIDTH, tallest: int = 104) -> Image.Image:
    """Images side by side in lines."""
    lines: list[list[Image.Image]] = [[]]
    x = GAP
    for picture in pictures:
        scale = min(1.0, tallest / picture.height, (width - 2 * GAP) / picture.width)
        size = (round(picture.width * scale), round(picture.height * scale))
        scaled = picture.resize(size, Image.Resampling.LANCZOS) if scale < 1 else picture
        if lines[-1] and x + scaled.width + GAP > width:
            lines.append([])
            x = GAP
        lines[-1].append(scaled)
        x += scaled.width + GAP
    heights = [max(picture.height for picture in line) + GAP for line in lines]
    sheet, y = Image.new("L", (width, sum(heights) + GAP), DESK), GAP
    for line, height in zip(lines, heights, strict=True):
        free = width - GAP - sum(picture.width + GAP for picture in line)
        x, between = GAP, free // max(1, len(line) - 1) if line is not lines[-1] else 0
        for picture in line:
            sheet.paste(picture, (x, y + (height - GAP - picture.height) // 2))
            x += picture.width + GAP + between
        y += height
    return sheet


def boxed(picture: RenderedInk, scale: int = 2) -> Image.Image:
    """An image with the boxes and names of its symbols."""
    image = picture.image.convert("RGB")
    image = image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    for name, box in zip(picture.names, picture.boxes.tolist(), strict=True):
        left, top, right, bottom = (side * scale for side in box)
        pen.rectangle((left, top, right - 1, bottom - 1), outline=(26, 127, 55))
        pen.text((left + 2, max(0, top - 13)), name, fill=(207, 34, 46), font=font)
    return image


def undeformed(strokes: Sequence[Stroke], size: float, padding: int) -> Image.Image:
    """Strokes in heights of a capital as an image, without tremor or deformation; ``size`` is pixels per capital."""
    corner = np.concatenate(strokes).min(axis=0)
    style = WriterStyle(tremor=0.0, looseness=0.0, character=0.0)
    ink = OnlineInk("", [stroke - corner for stroke in strokes], [0] * len(strokes), [""], style)
    return draw(ink, size=size, padding=padding).image


def symbols(size: int = 26) -> Image.Image:
    """All drawn shapes of all symbols, in the order of the file; symbols alternate between two colours."""
    cell, drawn = size * 2, builtin_glyphs()
    shapes = [(number, glyph) for number, glyphs in enumerate(drawn.values()) for glyph in glyphs]
    columns = WIDTH // cell
    sheet = Image.new("RGB", (columns * cell, -(-len(shapes) // columns) * cell), (255, 255, 255))
    for index, (number, glyph) in enumerate(shapes):
        ink = undeformed(glyph.strokes, size, 2)
        colour = Image.new("RGB", ink.size, ((0, 0, 0), (0, 90, 200))[number % 2])
        x, y = index % columns * cell, index // columns * cell
        sheet.paste(colour, (x + (cell - ink.width) // 2, y + (cell - ink.height) // 2), ImageOps.invert(ink))
    return sheet.quantize(16)


def corrections(count: int = 12) -> list[Image.Image]:
    """Expressions by writers who correct one symbol in ten."""
    synthesizer, found = Synthesizer(size=30), []
    for number in range(100):
        hand = synthesizer.writer_model(f"writer-{number:05d}", f"correction {number}")
        hand.style = replace(hand.style, corrections=0.1)
        ink = write(CORRECTED[number % len(CORRECTED)], hand)
        if STRUCK in ink.marks and len(found) < count:
            found.append(draw(ink, size=30 * hand.style.size).image)
    return found


def sample() -> list[tuple[str, str]]:
    """The labels that come with the library."""
    text = (resources.files("mumer_data.readers") / "demo_labels.txt").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line]
    return [(row[0], row[1]) for row in rows]


def main() -> None:
    """Draw all images."""
    synthesizer = Synthesizer(size=30)
    sheets = {
        "gallery": packed([synthesizer.picture(f"gallery-{n}", label).image for n, label in enumerate(GALLERY)]),
        "synthetic": packed([synthesizer.picture(name, label).image for name, label in sample()[3::8]]),
        "synthetic_writers": packed([synthesizer.picture(f"writer {n}", WRITER).image for n in range(24)], tallest=84),
    }
    one = Synthesizer(size=30, writers=1, seed=11)
    chosen = [label for _, label in sample()[40::24]]
    sheets["synthetic_one_writer"] = packed([one.picture(f"hand {n}", label).image for n, label in enumerate(chosen)])
    sheets["synthetic_corrections"] = packed(corrections(), tallest=84)
    sheets["synthetic_boxes"] = boxed(synthesizer.picture("boxes", TAYLOR))
    sheets["synthetic_symbols"] = symbols()
    for name, sheet in sheets.items():
        sheet.save(IMAGES / f"{name}.png", optimize=True)
    preview(load_pipeline("demo", ["augment=camera"]), IMAGES / "synthetic_preview.png", rows=8)


if __name__ == "__main__":
    main()
