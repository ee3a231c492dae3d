"""Raw labels against published ones: share of equal labels, labels per second, and each difference with its reason.

Usage: python benchmarks/bench_normalize.py FOLDER [--preset crohme]; FOLDER has raw_labels.tsv and caption.txt. The
reference is pylatexenc's parser, which only reads the raw labels.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from figures import Data, Figure, at_least, show
from pylatexenc.latexwalker import LatexWalker, get_default_latex_context_db
from timing import alternating

from mumer_data import LatexSyntaxError
from mumer_data.latex.normalize import Normalizer

EQUAL, SPEED = 0.995, 5_000
CONTEXT = get_default_latex_context_db()


def pairs(path: Path) -> dict[str, str]:
    """id -> label of a file of tab-separated lines."""
    return dict(line.split("\t", 1) for line in path.read_text(encoding="utf-8").split("\n") if "\t" in line)


def attempt(normalizer: Normalizer, raw: str) -> str:
    """The label, or what is wrong."""
    try:
        return normalizer(raw)
    except LatexSyntaxError as error:
        return f"unreadable: {error.reason}"


def reason(label: str, published: str) -> str:
    """Why a pair differs, as far as the two labels show it."""
    as_number = [
        re.sub(r"\b0+(?=\d)|(\.\d*?)0+$", r"\1", text.replace(" ", "")).rstrip(".") for text in (label, published)
    ]
    if as_number[0] == as_number[1]:
        return "the published label was read as a number: zeros of the raw one are gone"
    if label.startswith("unreadable"):
        return label
    if Counter(label.split()) == Counter(published.split()):
        return "the published label has the same symbols in another order: it contradicts the raw one"
    if re.search(r"\\(lt|gt)[A-Za-z]", label):
        return "the raw label runs a command and a letter together, which LaTeX reads as one unknown command"
    return "the published label has other symbols: it contradicts the raw one"


def differing(raw: dict[str, str], published: dict[str, str], normalizer: Normalizer) -> dict[str, str]:
    """id -> what ours is, where it is not the published label."""
    labels = {name: attempt(normalizer, raw[name]) for name in published}
    return {name: label for name, label in labels.items() if label != published[name]}


def compared(folder: Path, preset: str, rounds: int, most: int | None = None) -> list[Figure]:
    """Share of equal labels, and labels per second, of the first ``most`` labels."""
    published = dict(list(pairs(folder / "caption.txt").items())[:most])
    raw = pairs(folder / "raw_labels.tsv")
    normalizer = Normalizer(preset)
    others = differing(raw, published, normalizer)
    reasons = Counter(reason(label, published[name]) for name, label in others.items())
    labels = [raw[name] for name in published]
    times = alternating(
        {
            "ours": lambda: [attempt(normalizer, label) for label in labels],
            "pylatexenc": lambda: [LatexWalker(x, latex_context=CONTEXT).get_latex_nodes(pos=0) for x in labels],
        },
        rounds,
    )
    ours, theirs = len(labels) / times["ours"], len(labels) / times["pylatexenc"]
    why = "; ".join(f"{count}: {text}" for text, count in reasons.most_common())
    equal = len(published) - len(others)
    return [
        Figure("labels equal to the published ones", equal, "labels", "all", len(published), EQUAL, note=why),
        at_least("normalised", ours, "labels/s", SPEED),
        Figure("normalised", ours, "labels/s", "pylatexenc, which only reads them", theirs),
    ]


def measure(data: Data) -> list[Figure]:
    """The CROHME training labels as released."""
    data.need("data/crohme/train/raw_labels.tsv")
    return compared(data.need("data/crohme/train"), "crohme", data.size(3, 1), data.size(10**9, 500))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--preset", default="crohme")
    options = arguments.parse_args()
    raw, published = pairs(options.folder / "raw_labels.tsv"), pairs(options.folder / "caption.txt")
    for name, label in differing(raw, published, Normalizer(options.preset)).items():
        told = f"  raw        {raw[name]}\n  ours       {label}\n  published  {published[name]}"
        print(f"{name}: {reason(label, published[name])}\n{told}")
    show(compared(options.folder, options.preset, 5))


if __name__ == "__main__":
    main()
