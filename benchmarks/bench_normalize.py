"""Raw labels against published ones: share that is equal, labels a second, and every pair that differs with the reason.

Usage: python benchmarks/bench_normalize.py FOLDER [--preset crohme]; FOLDER has raw_labels.tsv and caption.txt. The
reference is pylatexenc's parser, which only reads the raw labels.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pylatexenc.latexwalker import LatexWalker, get_default_latex_context_db

from mumer_data import LatexSyntaxError
from mumer_data.latex.normalize import Normalizer

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
    """Why a pair differs, as far as the two labels tell."""
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


def rate(run: Callable[[str], object], labels: list[str], rounds: int = 5) -> float:
    """Labels a second, best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        for label in labels:
            run(label)
        best = min(best, time.perf_counter() - begin)
    return len(labels) / best


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--preset", default="crohme")
    options = arguments.parse_args()
    raw, published = pairs(options.folder / "raw_labels.tsv"), pairs(options.folder / "caption.txt")
    normalizer = Normalizer(options.preset)
    differing = 0
    for name, label in published.items():
        found = attempt(normalizer, raw[name])
        if found != label:
            differing += 1
            print(
                f"{name}: {reason(found, label)}\n  raw        {raw[name]}\n  ours       {found}\n  published  {label}"
            )
    print(f"equal: {len(published) - differing} of {len(published)} = {1 - differing / len(published):.4%}")
    labels = list(raw.values())
    ours = rate(lambda label: attempt(normalizer, label), labels)
    theirs = rate(lambda label: LatexWalker(label, latex_context=CONTEXT).get_latex_nodes(pos=0), labels, rounds=2)
    print(f"{ours:,.0f} labels/s (target 5,000); pylatexenc, reading alone: {theirs:,.0f}; {ours / theirs:.1f}x")


if __name__ == "__main__":
    main()
