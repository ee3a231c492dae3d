"""ExpRate, CDM, VisEq and the rating on the hand-judged pairs: wrong verdicts as a table, and drawn.

Usage: python benchmarks/score_pairs.py [PAIRS.tsv] [--png FILE]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from PIL import Image, ImageDraw

from mumer_data.metrics.cdm import cdm_score
from mumer_data.metrics.rating import explain
from mumer_data.report.overlay import overlay_pictures

PAIRS = Path(__file__).parents[1] / "tests" / "metrics" / "pairs.tsv"
EQUAL = 9.0  # a rating from here on counts as "the same"
COLUMNS, CELL, HEIGHT = 4, 300, 190
Verdicts = dict[str, bool]


def verdicts(one: str, two: str) -> Verdicts:
    """The verdict of each score on a pair: whether the two formulas are the same."""
    score = cdm_score(one, two)
    return {
        "ExpRate": one.split() == two.split(),
        "CDM": score.f1 == 1.0,
        "VisEq": score.viseq,
        "rating": explain(two, one).value >= EQUAL,
    }


def table(rows: list[tuple[bool, str, str, Verdicts]]) -> str:
    """False accepts and false rejects of each score, in Markdown."""
    same = sum(verdict for verdict, *_ in rows)
    lines = [f"| {len(rows)} pairs | false accepts (of {len(rows) - same}) | false rejects (of {same}) |"]
    lines.append("| --- | --- | --- |")
    for name in rows[0][3]:
        wrong = [truth for truth, _, _, verdict in rows if verdict[name] != truth]
        lines.append(f"| {name} | {wrong.count(False)} | {wrong.count(True)} |")
    return "\n".join(lines)


def drawing(rows: list[tuple[bool, str, str, Verdicts]], names: tuple[str, ...]) -> Image.Image:
    """Every pair that one of the named scores gets wrong: both formulas, and which scores are wrong."""
    wrong = [(t, a, b, [n for n in names if v[n] != t]) for t, a, b, v in rows if any(v[n] != t for n in names)]
    page = Image.new("RGB", (COLUMNS * CELL, -(-len(wrong) // COLUMNS) * HEIGHT), "white")
    draw = ImageDraw.Draw(page)
    for number, (truth, one, two, scores) in enumerate(wrong):
        x, y = number % COLUMNS * CELL, number // COLUMNS * HEIGHT
        said = "accepted" if not truth else "rejected"
        draw.text((x + 8, y + 6), f"wrongly {said} by {', '.join(scores)}", fill="#57606a", font_size=14)
        for line, picture in enumerate(overlay_pictures(one, two)):
            if picture:
                picture.thumbnail((CELL - 24, 66))
                page.paste(picture, (x + 8, y + 30 + 76 * line))
    return page


def main() -> None:
    """Print the table; draw the wrong pairs where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="?", default=PAIRS)
    parser.add_argument("--png", type=Path, help="Draw the pairs that CDM, VisEq or the rating gets wrong.")
    options = parser.parse_args()
    with options.pairs.open(encoding="utf-8", newline="") as lines:
        read = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [(row["verdict"] == "same", row["one"], row["two"], verdicts(row["one"], row["two"])) for row in read]
    print(table(rows))
    if options.png:
        drawing(rows, ("CDM", "VisEq", "rating")).convert("P", palette=Image.Palette.ADAPTIVE).save(
            options.png, optimize=True
        )


if __name__ == "__main__":
    main()
