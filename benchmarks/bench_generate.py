"""Distance of labels sampled from the grammar to real ones, measured on a held-out half of the corpus.

Usage: python benchmarks/bench_generate.py LABELS [--plot FILE]; LABELS is a file of ``id<TAB>label`` lines. Fits on one
half of its different labels and draws as many; judges on the other half, beside the half that was fitted (how far two
samples of one distribution differ) and independent symbols at their frequencies (the naive baseline). Jensen-Shannon
divergence in bits: 0 for the same distribution, 1 for nothing in common; Kolmogorov-Smirnov distance: greatest
difference of the shares below a value. Then labels per second of CPU time, on one core.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Hashable
from itertools import pairwise
from pathlib import Path

import numpy as np
from figures import Data, Figure, show
from timing import cpu_seconds

from mumer_data.generate.atoms import is_letter
from mumer_data.generate.collect import Source, collect
from mumer_data.generate.fit import fit
from mumer_data.generate.identities.source import fact_source
from mumer_data.generate.quotas import Quota
from mumer_data.jobs.corpus import read_corpus
from mumer_data.latex.parser import parse

Counts = Counter[Hashable]
LONGEST, DEEPEST = 80, 5
BOTH_BRACES = "{}"


def divergence(one: Counts, other: Counts) -> float:
    """Jensen-Shannon divergence of two distributions given as counts, in bits."""
    names = sorted({*one, *other}, key=str)
    p, q = (np.array([counts[name] for name in names]) / max(sum(counts.values()), 1) for counts in (one, other))
    middle = (p + q) / 2
    terms = [np.sum(side[side > 0] * np.log2(side[side > 0] / middle[side > 0])) for side in (p, q)]
    return float(sum(terms) / 2)


def distance(one: Counts, other: Counts, most: int) -> float:
    """Kolmogorov-Smirnov distance of two distributions of whole numbers given as counts."""
    sums = [np.cumsum([counts[value] for value in range(most + 1)]) / sum(counts.values()) for counts in (one, other)]
    return float(np.max(np.abs(sums[0] - sums[1])))


def described(labels: list[str]) -> dict[str, Counts]:
    """Distributions of lengths, depths, symbols, and pairs of tokens."""
    counts: dict[str, Counts] = {name: Counter() for name in ("length", "depth", "symbols", "pairs")}
    for label in labels:
        tokens = label.split()
        counts["length"][min(len(tokens), LONGEST)] += 1
        try:
            counts["depth"][min(parse(label).depth, DEEPEST)] += 1
        except Exception:  # the naive labels do not parse, mostly
            counts["depth"]["none"] += 1
        counts["symbols"].update(token for token in tokens if token not in BOTH_BRACES)
        counts["pairs"].update(pairwise(tokens))
    return counts


def repetition(labels: list[str]) -> float:
    """Share of the letters of a label, without its first, that occur earlier in the label."""
    rows = [[token for token in label.split() if is_letter(token)] for label in labels]
    return sum(len(row) - len(set(row)) for row in rows) / max(sum(max(len(row) - 1, 0) for row in rows), 1)


def naive(labels: list[str], rng: np.random.Generator) -> list[str]:
    """As many labels of the same lengths, with independent tokens."""
    tokens = [token for label in labels for token in label.split()]
    return [" ".join(tokens[int(n)] for n in rng.integers(len(tokens), size=len(label.split()))) for label in labels]


def speed(name: str, source: Source, demand: Quota) -> Figure:
    """Labels per second of processor time; the note counts the candidates."""
    drawn: list[int] = []
    seconds = cpu_seconds(lambda: drawn.append(collect(source, demand, workers=1).drawn))
    return Figure(name, demand.count / seconds, "labels/s", note=f"{demand.count:,} kept of {drawn[0]:,} drawn")


def plot(path: Path, rows: dict[str, dict[str, Counts]]) -> None:
    """Lengths, depths and the most frequent symbols, side by side."""
    from matplotlib.figure import Figure

    colours = {"held-out half": "#1f4e79", "generated": "#d9822b"}
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    top, bottom = figure.subplots(2, 1)
    left, right = top, top.inset_axes([0.6, 0.3, 0.38, 0.65])
    shown = [name for name, _ in sorted(rows["held-out half"]["symbols"].items(), key=lambda item: -item[1])[:60]]
    for index, (name, colour) in enumerate(colours.items()):
        counts = rows[name]
        total = sum(counts["length"].values())
        lengths = [counts["length"][n] / total for n in range(1, LONGEST + 1)]
        left.step(range(1, LONGEST + 1), lengths, where="mid", color=colour, label=name)
        depths = [counts["depth"][n] / total for n in range(DEEPEST + 1)]
        right.bar(np.arange(DEEPEST + 1) + index * 0.4 - 0.2, depths, width=0.4, color=colour)
        total = sum(counts["symbols"].values())
        shares = [counts["symbols"][token] / total for token in shown]
        bottom.bar(np.arange(len(shown)) + index * 0.4 - 0.2, shares, width=0.4, color=colour)
    left.set(xlabel="tokens of a label", ylabel="share of labels", xlim=(0, LONGEST))
    left.legend(loc="upper center", frameon=False)
    right.set(xlabel="depth of the tree", ylabel="share of labels")
    bottom.set_xticks(range(len(shown)), [str(t).replace("$", r"\$") for t in shown], rotation=90, family="monospace")
    bottom.set(ylabel="share of symbols", yscale="log", xlim=(-1, len(shown)))
    for axes in (left, right, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def samples(labels: list[str]) -> dict[str, list[str]]:
    """Held-out labels, the fitted ones, generated ones with and without known ones, and the naive ones."""
    order = np.random.default_rng(1).permutation(len(labels))
    fitted, judged = ([labels[int(n)] for n in order[start::2]] for start in (0, 1))
    grammar = fit(fitted)
    bins = grammar.sizing.like_corpus()
    new = collect(grammar.source, Quota(len(fitted), bins, False, known=frozenset(fitted)), workers=1)
    free = collect(grammar.source, Quota(len(fitted), bins, False), workers=1)
    return {
        "held-out half": judged,
        "fitted half": fitted,
        "generated": [one.label for one in new.labels],
        "generated, known allowed": [one.label for one in free.labels],
        "independent tokens": naive(fitted, np.random.default_rng(0)),
    }


def nearness(rivals: dict[str, list[str]]) -> list[Figure]:
    """Divergences and distances of the generated labels from the held-out ones, beside two rivals."""
    rows = {name: described(those) for name, those in rivals.items()}
    real = rows["held-out half"]
    share = repetition(rivals["held-out half"])
    figures: list[Figure] = []
    for name in ("generated", "generated, known allowed"):
        for rival in ("fitted half", "independent tokens"):
            for key in ("length", "depth", "symbols", "pairs"):
                ours, theirs = (divergence(real[key], rows[side][key]) for side in (name, rival))
                figures.append(Figure(f"{name}: {key}", ours, "bit", rival, theirs, smaller_is_better=True))
        for key, most in (("length", LONGEST), ("depth", DEEPEST)):
            ours, theirs = (distance(real[key], rows[side][key], most) for side in (name, "fitted half"))
            what = f"{name}: {key}, Kolmogorov-Smirnov"
            figures.append(Figure(what, ours, "", "fitted half", theirs, smaller_is_better=True))
        repeated = repetition(rivals[name])
        figures.append(Figure(f"{name}: share of letters repeated", repeated, "", "held-out half", share))
    return figures


def speeds(labels: list[str], counts: tuple[int, ...], facts: int) -> list[Figure]:
    """New labels per second from the grammar and from identities."""
    whole = fit(labels)
    bins, known = whole.sizing.like_corpus(), frozenset(labels)
    return [
        *(speed("sampled from the grammar", whole.source, Quota(count, bins, False, known=known)) for count in counts),
        speed("identities", fact_source(()), Quota(facts)),
    ]


def measure(data: Data) -> list[Figure]:
    """The different labels of CROHME train."""
    labels = sorted(set(read_corpus(str(data.need("data/crohme/train/caption.txt"))).labels))
    labels = labels[: data.size(len(labels), 300)]
    counts = (10_000, 50_000) if not data.quick else (50,)
    return [*nearness(samples(labels)), *speeds(labels, counts, data.size(2_000, 20))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    labels = sorted(set(read_corpus(options.labels).labels))
    rivals = samples(labels)
    show([*nearness(rivals), *speeds(labels, (10_000, 50_000), 2_000)])
    if options.plot is not None:
        plot(options.plot, {name: described(those) for name, those in rivals.items()})


if __name__ == "__main__":
    main()
