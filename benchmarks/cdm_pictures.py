"""The sheets of typeset pairs in docs/cdm.md: label above prediction, matched marks green, others red.

Usage: python benchmarks/cdm_pictures.py PREDICTIONS OFFICIAL --out docs/images; not for measuring, see `bench_cdm`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

from mumer_data.metrics.cdm import cdm_scores
from mumer_data.readers.predictions import load_predictions
from mumer_data.report.overlay import overlay_pictures

FORGIVEN = [
    ("a script lost", "H _ { c l }", "H c l"),
    ("a root too short", "\\sqrt { x } \\sqrt { y } = \\sqrt { x y }", "\\sqrt { x } \\sqrt { y } = \\sqrt { x } y"),
    ("a power read as a factor", "e ^ { - t } \\cos 2 ^ { t }", "e ^ { - t } \\cos 2 t"),
    (
        "a decimal point read as a product",
        "\\sqrt { \\frac { 9 . 8 1 } { l } }",
        "\\sqrt { \\frac { 9 \\cdot 8 1 } { l } }",
    ),
    ("dots at another height", "1 , 2 , \\ldots , n", "1 , 2 , \\cdots , n"),
    ("a power lost", "( 1 - z ^ { - 1 } ) ^ { 3 }", "( 1 - z ^ { - 1 } ) 3"),
]
OTHER = [
    ("ExpRate rejects, wrongly: another spelling", "a \\leq \\frac { b } { c }", "a \\le \\dfrac { b } { c }"),
    ("ExpRate rejects, wrongly: braces, order of scripts", "x _ { i } ^ { 2 }", "{ x } ^ { 2 } _ { i }"),
    ("CDM rejects, wrongly: \\square and \\Box", "A B \\square", "A B \\Box"),
    ("VisEq accepts, wrongly: \\emptyset and \\varnothing", "A = \\emptyset", "A = \\varnothing"),
    ("VisEq rejects, though many would accept: a blank", "f ( x ) \\, d x", "f ( x ) d x"),
    ("VisEq rejects, though many would accept: slant", "A _ { \\max }", "A _ { m a x }"),
]
_CELL, _GAP, _CAPTION = 620, 8, 30  # pixels
_SMALLEST = 0.4  # of its size: a wider formula is cut off


def cell(caption: str, label: str, text: str) -> Image.Image:
    """One pair under its caption."""
    pictures = [picture for picture in overlay_pictures(label, text) if picture is not None]
    room = _CELL - 3 * _GAP
    scale = max(_SMALLEST, min(0.8, room / max(picture.width for picture in pictures)))
    small = [picture.resize((round(picture.width * scale), round(picture.height * scale))) for picture in pictures]
    height = _CAPTION + sum(picture.height + _GAP for picture in small) + _GAP
    page = Image.new("RGB", (_CELL, height), "white")
    draw, y = ImageDraw.Draw(page), _CAPTION
    draw.text((12, 6), caption, fill="#57606a", font_size=16)
    for picture in small:
        page.paste(picture.crop((0, 0, min(room, picture.width), picture.height)), (2 * _GAP, y))
        y += picture.height + _GAP
    draw.rectangle((0, 0, _CELL - 1, height - 1), outline="#d0d7de")
    return page


def sheet(pairs: list[tuple[str, str, str]], path: Path) -> None:
    """Write all pairs to one image, two per row."""
    cells = [cell(*pair) for pair in pairs]
    lines = [cells[index : index + 2] for index in range(0, len(cells), 2)]
    heights = [max(one.height for one in line) for line in lines]
    page = Image.new("RGB", (2 * _CELL + _GAP, sum(heights) + _GAP * (len(lines) - 1)), "white")
    y = 0
    for line, height in zip(lines, heights, strict=True):
        for column, one in enumerate(line):
            page.paste(one, (column * (_CELL + _GAP), y))
        y += height + _GAP
    page.quantize(64).save(path, optimize=True)


def main() -> None:
    """Draw the pairs on which the published tool and this library differ, and those on which the metrics differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("official", type=Path, help="JSON with the published tool's F1 under f1, by id.")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    rows = load_predictions(options.predictions)
    official = json.loads(options.official.read_text(encoding="utf-8"))["f1"]
    scores = [score.f1 for score in cdm_scores([(row.label, row.prediction) for row in rows])]
    differ = [
        (f"{row.id}: published tool {official[row.id]:.3f}, here {score:.3f}", row.label, row.prediction)
        for row, score in zip(rows, scores, strict=True)
        if score is not None and score != official[row.id]
    ]
    for name, pairs in (("cdm_differs", differ), ("cdm_forgives", FORGIVEN), ("metrics_differ", OTHER)):
        sheet(pairs, options.out / f"{name}.png")
        print(f"{len(pairs):,} pairs in {options.out / name}.png")


if __name__ == "__main__":
    main()
