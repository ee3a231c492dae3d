"""Expressions a second that are written by hand and encoded on one core, against typesetting them (ziamath and resvg).

Usage: python benchmarks/bench_write.py [CAPTION_FILE] [--all]; the labels are those of the file (id TAB label), or
the sample of the library. With --all every label is written once, and what could not be is counted by reason.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from mumer_data.exceptions import ImageError
from mumer_data.images.ink import encode_png
from mumer_data.images.synthesis import Synthesis
from mumer_data.images.typeset import typeset

COUNT, ROUNDS = 150, 5


def labels_of(text: str) -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in text.splitlines() if line.strip()]
    return [(row[0], row[1]) for row in rows]


def rate(make: Callable[[str, str], bytes], labels: Sequence[tuple[str, str]]) -> float:
    """Processor time, so that others on the machine do not count."""
    begin = time.process_time()
    for name, label in labels:
        make(name, label)
    return len(labels) / (time.process_time() - begin)


def coverage(synthesis: Synthesis, labels: Sequence[tuple[str, str]]) -> None:
    lost: Counter[str] = Counter()
    for name, label in labels:
        try:
            synthesis.picture(name, label)
        except ImageError as error:
            lost[error.reason] += 1
    print(f"{len(labels) - lost.total():,} of {len(labels):,} labels written; not: {dict(lost)}")


def main() -> None:
    files = [argument for argument in sys.argv[1:] if argument != "--all"]
    sample = resources.files("mumer_data.readers") / "demo_labels.txt"
    labels = labels_of(Path(files[0]).read_text("utf-8") if files else sample.read_text("utf-8"))
    synthesis = Synthesis()

    def by_hand(name: str, label: str) -> bytes:
        return encode_png(synthesis.picture(name, label).image)

    def in_type(name: str, label: str) -> bytes:
        return typeset(label)

    chosen = [labels[place] for place in np.random.default_rng(0).permutation(len(labels))[:COUNT]]
    rate(by_hand, chosen), rate(in_type, chosen[:20])  # fonts are read, shapes are traced
    rounds = [(rate(by_hand, chosen), rate(in_type, chosen)) for _ in range(ROUNDS)]
    ours, theirs = (float(np.median(column)) for column in zip(*rounds, strict=True))
    print(f"{ours:.0f} expressions/s (target 100); typeset {theirs:.0f}; {ours / theirs:.1f}x")
    if "--all" in sys.argv:
        coverage(synthesis, labels)


if __name__ == "__main__":
    main()
