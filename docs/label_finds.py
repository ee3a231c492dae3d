"""Draw docs/images/label_finds.png: wrong labels of CROHME train, published beside corrected. Run it after a change.

Both are typeset from data/crohme_train_corrections.tsv (CC BY-NC-SA 3.0); no image of the data set is used.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mumer_data.readers.corrections import read_corrections
from mumer_data.report.overlay import overlay_pictures

FOLDER = Path(__file__).parent
FINDS = (
    "2009220-1327-107",
    "200923-1556-199",
    "formulaire003-equation039",
    "200925-1126-210",
    "200923-1553-171",
    "200922-1017-3",
    "200923-1251-271",
    "200922-947-134",
    "formulaire023-equation002",
    "200923-131-128",
    "formulaire015-equation021",
    "200924-1312-93",
)
COLUMNS, CELL, COLUMN, LINE, HIGH = 2, (590, 112), 290, 22, 64
GREY = "#57606a"


def main() -> None:
    """Draw the sheet."""
    decided = read_corrections(FOLDER / "data" / "crohme_train_corrections.tsv")
    rows = -(-len(FINDS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL[0], rows * CELL[1]), "white")
    for number, name in enumerate(FINDS):
        find = decided[name]
        cell = drawn(name, find.old, find.new)
        sheet.paste(cell, (number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]))
    sheet.save(FOLDER / "images" / "label_finds.png", optimize=True)


def drawn(name: str, old: str, new: str) -> Image.Image:
    """One find: published label on the left, corrected label on the right; unmatched symbols in red boxes."""
    cell = Image.new("RGB", CELL, "white")
    draw, font = ImageDraw.Draw(cell), ImageFont.load_default(14)
    for side, (title, picture) in enumerate(
        zip((f"{name}: published", "corrected"), overlay_pictures(old, new), strict=True)
    ):
        left = 12 + side * COLUMN
        draw.text((left, 8), title, fill=GREY, font=font)
        if picture is None:
            raise SystemExit(f"{name}: a label that cannot be typeset; choose another find")
        scale = min(1.0, (COLUMN - 24) / picture.width, HIGH / picture.height)
        size = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
        cell.paste(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), (left, 8 + LINE + 4))
    draw.line((0, CELL[1] - 1, CELL[0], CELL[1] - 1), fill="#d0d7de")
    return cell


if __name__ == "__main__":
    main()
