"""Draw docs/images/sample.png (an image and the answers of the three tasks) and traced.png. Run it after a change."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mumer_data.tasks import TASKS, task_class
from mumer_data.typeset.image import typeset

LABEL = r"\frac { a ^ { 2 } + 1 } { \sqrt { b } } \leq \sum _ { n = 1 } ^ { N } x _ { n }"
TRACED = r"\frac { a ^ { 2 } + 1 } { b }"  # of docs/design.md
WIDTH, MARGIN, LINE = 1180, 24, 19


def main() -> None:
    """Draw the sheet."""
    formula = Image.open(io.BytesIO(typeset(LABEL, size=44)))
    font, bold = ImageFont.load_default(15), ImageFont.load_default(17)
    answers = {name: task_class(name)().sample(LABEL).answer.replace("\t", "      ").split("\n") for name in TASKS}
    height = max(formula.height + 220, (len(answers["tree_cot"]) + 2) * LINE) + 2 * MARGIN
    sheet = Image.new("L", (WIDTH, height), 255)
    draw = ImageDraw.Draw(sheet)
    sheet.paste(formula, (MARGIN, MARGIN))

    def block(name: str, left: int, top: int) -> None:
        draw.text((left, top), name, fill=90, font=bold)
        for number, line in enumerate(wrapped(answers[name]), 1):
            draw.text((left, top + 6 + number * LINE), line, fill=0, font=font)

    below = MARGIN + formula.height + 30
    block("recognition", MARGIN, below)
    block("symbol_count", MARGIN, below + 5 * LINE)
    block("tree_cot", 700, MARGIN)
    path = Path(__file__).parent / "images" / "sample.png"
    path.parent.mkdir(exist_ok=True)
    sheet.save(path, optimize=True)
    (path.parent / "traced.png").write_bytes(typeset(TRACED, size=40))


def wrapped(lines: list[str], width: int = 84) -> list[str]:
    """Long lines cut at spaces; indentation stays."""
    out: list[str] = []
    for line in lines:
        while len(line) > width:
            cut = line.rindex(" ", 0, width)
            out.append(line[:cut])
            line = line[cut + 1 :]
        out.append(line)
    return out


if __name__ == "__main__":
    main()
