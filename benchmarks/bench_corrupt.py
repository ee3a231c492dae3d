"""Distance of synthetic predictions to real ones: Jensen-Shannon divergence, on predictions not used for fitting.

Usage: python benchmarks/bench_corrupt.py FIT JUDGE [--passes 20]; both are JSON arrays of predictions. Fits on the even
rows of FIT, then judges on its odd rows and on JUDGE. Beside the channel: the real predictions that it was fitted to
(how far two samples of one distribution differ), and random replacements, omissions and additions (the naive baseline).
Divergences in bits: 0 for the same distribution, 1 for nothing in common.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

import numpy as np
from figures import Data, Figure, show
from timing import cpu_seconds

from mumer_data.alignment.align import align
from mumer_data.alignment.confusions import confusions_of
from mumer_data.alignment.degenerate import degenerate
from mumer_data.error_model.channel import Channel, fit
from mumer_data.seeding import rng_for

Pair = tuple[str, str]
LONGEST = 15  # edit distances from here on are one class
TOP = 50


def divergence(one: Counter[Hashable], other: Counter[Hashable]) -> float:
    """Jensen-Shannon divergence of two distributions given as counts, in bits."""
    names = sorted({*one, *other}, key=str)
    p, q = (np.array([counts[name] for name in names]) / max(sum(counts.values()), 1) for counts in (one, other))
    middle = (p + q) / 2
    terms = [np.sum(side[side > 0] * np.log2(side[side > 0] / middle[side > 0])) for side in (p, q)]
    return float(sum(terms) / 2)


def wrong(pairs: Iterable[Pair]) -> list[Pair]:
    """The wrong predictions that are not degenerate."""
    return [(a, b) for a, b in pairs if a.split() != b.split() and not degenerate(a.split(), b.split())]


def described(pairs: Iterable[Pair]) -> tuple[Counter[Hashable], Counter[Hashable]]:
    """The edit distances and the confusions of wrong predictions."""
    distances: Counter[Hashable] = Counter()
    confusions: Counter[Hashable] = Counter()
    for label, text in pairs:
        script = align(label, text)
        distances[min(script.cost, LONGEST)] += 1
        confusions.update((confusion.label, confusion.prediction) for confusion in confusions_of(script))
    return distances, confusions


def compared(real: list[Pair], generated: list[Pair]) -> tuple[float, float]:
    """Divergence of the edit distances, and of the most frequent real confusions, with all others as one class."""
    (distances, confusions), (other_distances, other_confusions) = described(real), described(generated)
    top = {name for name, _ in sorted(confusions.items(), key=lambda item: (-item[1], item[0]))[:TOP]}
    cut = [
        Counter({name: count for name, count in counts.items() if name in top})
        + Counter({"rest": sum(count for name, count in counts.items() if name not in top)})
        for counts in (confusions, other_confusions)
    ]
    return divergence(distances, other_distances), divergence(*cut)


def naive(label: str, rng: np.random.Generator, vocabulary: list[str]) -> str:
    """One to three random edits."""
    tokens = label.split()
    for _ in range(int(rng.integers(1, 4))):
        index = int(rng.integers(0, len(tokens) + 1))
        new = [vocabulary[int(rng.integers(0, len(vocabulary)))]]
        tokens[index : index + int(rng.integers(0, 2))] = new if rng.random() < 0.7 else []
    return " ".join(tokens)


def synthetic(labels: list[str], passes: int, make: Callable[[str, np.random.Generator], str | None]) -> list[Pair]:
    """Synthetic predictions of the labels, ``passes`` per label, without failed ones."""
    drawn = [(label, make(label, rng_for(k, label, "bench"))) for k in range(passes) for label in labels]
    return [(label, text) for label, text in drawn if text]


def judged(name: str, fitted: list[Pair], channel: Channel, rows: list[Pair], passes: int) -> list[Figure]:
    """Divergences from real predictions: of the channel's, and of two references; and the channel's speed."""
    real = wrong(rows)
    labels = [label for label, _ in real]
    vocabulary = sorted({token for label, _ in fitted for token in label.split()})
    ours: list[Pair] = []
    seconds = cpu_seconds(lambda: ours.extend(synthetic(labels, passes, channel.corrupt)))
    random = synthetic(labels, passes, lambda label, rng: naive(label, rng, vocabulary))
    divergences = compared(real, ours)
    figures = [Figure(f"{name}: synthetic predictions", len(ours) / seconds, "predictions/s")]
    for reference, pairs in (("random edits", wrong(random)), ("real predictions, those of the fit", wrong(fitted))):
        for what, value, other in zip(
            ("edit distances", f"{TOP} most frequent confusions"), divergences, compared(real, pairs), strict=True
        ):
            figures.append(Figure(f"{name}: {what}", value, "bit", reference, other, smaller_is_better=True))
    return figures


def pairs_of(path: Path) -> list[Pair]:
    return [(row["gt"], row["pred"]) for row in json.loads(path.read_text(encoding="utf-8"))]


def all_judged(rows: list[Pair], others: list[Pair], passes: int) -> list[Figure]:
    """Held-out rows of the same model, and another model."""
    channel = fit(rows[::2])
    return [
        *judged("other half of the same model", rows[::2], channel, rows[1::2], passes),
        *judged("another model", rows[::2], channel, others, passes),
    ]


def measure(data: Data) -> list[Figure]:
    """Fitted to the 7B model's predictions, judged on the 3B model's too."""
    rows, others = pairs_of(data.predictions("7b")), pairs_of(data.predictions("3b"))
    return all_judged(rows, others[: data.size(len(others), 100)], data.size(20, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fit", type=Path)
    parser.add_argument("judge", type=Path)
    parser.add_argument("--passes", type=int, default=20)
    options = parser.parse_args()
    show(all_judged(pairs_of(options.fit), pairs_of(options.judge), options.passes))


if __name__ == "__main__":
    main()
