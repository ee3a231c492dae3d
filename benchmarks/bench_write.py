"""Expressions per second rendered as handwriting and encoded on one core, against typesetting (ziamath and resvg).

Usage: python benchmarks/bench_write.py [CAPTION_FILE] [--all]; the labels are those of the file (id TAB label), or
the sample of the library. With --all every label is rendered once, and failures are counted by reason.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from figures import Data, Figure, at_least, show
from timing import alternating

from mumer_data.exceptions import ImageError
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.io.png import encode_png
from mumer_data.typeset.image import typeset

COUNT, ROUNDS, TARGET = 150, 5, 150
CAPTIONS = "data/crohme/train/caption.txt"


def labels_of(text: str) -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in text.splitlines() if line.strip()]
    return [(row[0], row[1]) for row in rows]


def coverage(synthesis: Synthesizer, labels: Sequence[tuple[str, str]]) -> Figure:
    """The number of labels that are rendered; the note counts the others by reason."""
    lost: Counter[str] = Counter()
    for name, label in labels:
        try:
            synthesis.picture(name, label)
        except ImageError as error:
            lost[error.reason] += 1
    why = "; ".join(f"{count}: {reason}" for reason, count in lost.most_common())
    return at_least("labels written", len(labels) - lost.total(), "labels", len(labels), "all", note=why)


def compared(labels: Sequence[tuple[str, str]], rounds: int) -> list[Figure]:
    """Expressions per second of some labels, PNG encoding included."""
    synthesis = Synthesizer()
    chosen = [labels[index] for index in np.random.default_rng(0).permutation(len(labels))[:COUNT]]

    def by_hand() -> list[bytes]:
        return [encode_png(synthesis.picture(name, label).image) for name, label in chosen]

    def in_type() -> list[bytes]:
        return [typeset(label) for _, label in chosen]

    by_hand(), in_type()  # fonts are read, shapes are traced
    runs = {"by hand": by_hand, "in type": in_type}
    ours, theirs = (len(chosen) / seconds for seconds in alternating(runs, rounds).values())
    return [
        at_least("rendered as handwriting", ours, "expressions/s", TARGET),
        Figure("rendered as handwriting", ours, "expressions/s", "typeset with ziamath and resvg", theirs),
    ]


def measure(data: Data) -> list[Figure]:
    """CROHME train, all of it written once; the embedded sample, as far as it goes, where that is absent."""
    sample = resources.files("mumer_data.readers") / "demo_labels.txt"
    there = data.has(CAPTIONS)
    labels = labels_of((data.need(CAPTIONS) if there else sample).read_text("utf-8"))[: data.size(10**9, 20)]
    return [*compared(labels, data.size(ROUNDS, 1)), coverage(Synthesizer(), labels)]


def main() -> None:
    files = [argument for argument in sys.argv[1:] if argument != "--all"]
    sample = resources.files("mumer_data.readers") / "demo_labels.txt"
    labels = labels_of(Path(files[0]).read_text("utf-8") if files else sample.read_text("utf-8"))
    show([*compared(labels, ROUNDS), *([coverage(Synthesizer(), labels)] if "--all" in sys.argv else [])])


if __name__ == "__main__":
    main()
