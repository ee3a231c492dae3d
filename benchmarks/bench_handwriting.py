"""Distance of synthetic handwriting to real ink: shapes of single glyphs; sizes, slants, gaps and scripts of lines.

Usage: python benchmarks/bench_handwriting.py FOLDER_OF_CROHME_TRAIN. Nearest-neighbour accuracy: the share of real
glyphs whose nearest glyph, of one synthetic glyph per hand and symbol, is of their symbol. Far: the share of real
glyphs that are farther from all synthetic ones of their symbol than 97% of real glyphs are from all those of other
writers; means over three sets of hands. Distances of lines: Wasserstein, in heights of a letter or digit (logarithms
for sizes).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from figures import Data, Figure, show
from numpy.typing import NDArray
from real_ink import Row, Statistics, balanced, cut_glyphs, descriptors, rows_of
from scipy.stats import wasserstein_distance

from mumer_data.exceptions import ImageError
from mumer_data.handwriting.alphabets import bank_shares
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.handwriting.glyphs.outliers import LabelledGlyph
from mumer_data.handwriting.ink import write
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.jobs.glyphs import ink_of
from mumer_data.latex.parser import parse

TRAIN = "data/crohme/train"
HANDS, FEWEST, LINES = 60, 25, 700
SEEDS = (0, 1, 2)  # of the writers; the figures of glyphs are means
QUANTILE = 0.97
NEAREST, FAR = 0.75, 0.05  # what the hands should reach


def shapes(hands: Synthesizer, tokens: Sequence[str], count: int) -> list[LabelledGlyph]:
    """One glyph of each symbol by each writer, rendered to ink; (symbol, glyph, writer)."""
    return [
        (token, Glyph(tuple(write(token, hands.writer_model(name, token)).strokes)), name)
        for name in (f"writer-{number:05d}" for number in range(count))
        for token in tokens
    ]


def squares(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance of each to each; shape (one, other)."""
    product = (one**2).sum(axis=1)[:, None] - 2 * one @ other.T + (other**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(product, 0)))


class Reference:
    """Real glyphs; the accuracy that real glyphs of other writers reach, and the distance that counts as far."""

    def __init__(self, glyphs: Sequence[LabelledGlyph]) -> None:
        self.tokens = np.array([token for token, _, _ in glyphs])
        self.points = descriptors([glyph for _, glyph, _ in glyphs])
        writers = np.array([writer for _, _, writer in glyphs])
        distances = squares(self.points, self.points)
        distances[writers[:, None] == writers] = np.inf
        self.accuracy = float((self.tokens[distances.argmin(axis=1)] == self.tokens).mean())
        distances[self.tokens[:, None] != self.tokens] = np.inf
        self.limit = float(np.quantile(distances.min(axis=1), QUANTILE))

    def compare(self, glyphs: Sequence[LabelledGlyph]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each real glyph: whether its nearest synthetic glyph is right, and whether all of its symbol are far."""
        tokens = np.array([token for token, _, _ in glyphs])
        distances = squares(self.points, descriptors([glyph for _, glyph, _ in glyphs]))
        right = tokens[distances.argmin(axis=1)] == self.tokens
        distances[self.tokens[:, None] != tokens] = np.inf
        return right, distances.min(axis=1) > self.limit


def lines(folder: Path, rows: Sequence[Row], hands: Synthesizer) -> list[Figure]:
    """Distances between the lines of real and synthetic images of the same labels."""
    real, drawn = Statistics.empty(), Statistics.empty()
    for name, label in rows:
        tree = parse(label)
        try:
            picture = hands.picture(name, label).image
        except ImageError:
            continue
        real.add(ink_of((folder / "images" / f"{name}.png").read_bytes()), tree)
        drawn.add(np.asarray(picture) < 128, tree)
    figures = []
    for kind in ("width", "height"):
        both = [key for key in real.sizes if key[0] == kind and min(len(real.sizes[key]), len(drawn.sizes[key])) > 7]
        weights = [len(real.sizes[key]) for key in both]
        far = [wasserstein_distance(real.sizes[key], drawn.sizes[key]) for key in both]
        bias = [float(np.median(drawn.sizes[key]) - np.median(real.sizes[key])) for key in both]
        note = f"{len(both)} symbols; median of synthetic minus real {np.average(bias, weights=weights):+.3f}"
        figures.append(Figure(f"{kind} of a symbol", float(np.average(far, weights=weights)), "log", note=note))
    for name, values in real.lines.items():
        if len(drawn.lines[name]) > 7:
            spread = (f"{np.mean(v):+.3f} ± {np.std(v):.3f}" for v in (drawn.lines[name], values))
            note = "synthetic {}, real {}".format(*spread)
            figures.append(Figure(name, float(wasserstein_distance(values, drawn.lines[name])), "", note=note))
    return figures


def glyph_figures(reference: Reference, hands: dict[str, Synthesizer], count: int) -> list[Figure]:
    """Accuracy and share of far glyphs, of each kind of hands."""
    tokens, figures = sorted(set(reference.tokens.tolist())), []
    size = f"{len(reference.tokens):,} real glyphs of {len(tokens)} symbols, {count} hands"
    for name, synthesizer in hands.items():
        runs = [reference.compare(shapes(replace(synthesizer, seed=seed), tokens, count)) for seed in SEEDS]
        shares = np.array([(right.mean(), far.mean()) for right, far in runs])
        right, far = shares.mean(axis=0).tolist()
        about = f"{size}; other writers' real glyphs {reference.accuracy:.1%} and {1 - QUANTILE:.1%}"
        spread = "seeds of the writers: " + ", ".join(f"{share:.1%}" for share in shares[:, 1])
        figures += [
            Figure(f"nearest is right, {name}", right, "", "goal", NEAREST, note=about),
            Figure(f"far from all, {name}", far, "", "goal", FAR, smaller_is_better=True, note=spread),
        ]
    return figures


def measure(data: Data) -> list[Figure]:
    """CROHME train."""
    folder = data.need(TRAIN)
    rows = rows_of(folder)
    few = data.size(FEWEST, 5)
    reference = Reference(balanced(cut_glyphs(folder, rows[: data.size(10**9, 150)]), few, HANDS))
    mixed = Synthesizer(banks=bank_shares(["fonts=0.5"]), corrections=0.0)
    hands = {"drawn hands": Synthesizer(corrections=0.0), "half fonts": mixed}
    figures = glyph_figures(reference, hands, data.size(HANDS, 3))
    return figures + lines(folder, rows[: data.size(LINES, 40)], Synthesizer())


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    show(measure(Data(folder.parents[2])))


if __name__ == "__main__":
    main()
