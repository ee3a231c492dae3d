"""Planted mistakes: how many of them an audit ranks first, beside the naive rule and Consensus Entropy.

    python benchmarks/bench_audit.py a_pred.json b_pred.json [--images FOLDER] [--seeds 5]

2% of the labels are replaced: by a realistic misreading (`slip`), by the label of another row (`swap`), by a look-alike
symbol (`lookalike`), or by slips and swaps in turn. A figure is the share of them among the first 2 k rows, where
k were planted; equal scores are in random order.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from figures import Data, Figure

from mumer_data.error_model.channel import Channel
from mumer_data.jobs.audit import AuditSource, load_rows
from mumer_data.label_audit.baselines import consensus_entropy, naive_scores
from mumer_data.label_audit.planting import channel_of, planted_label
from mumer_data.label_audit.rank import rank
from mumer_data.label_audit.rows import AuditRow

SHARE = 0.02
KINDS = ("slip", "swap", "slip or swap", "lookalike")
LOOKALIKES = (
    "1 l",
    "1 i",
    "0 o",
    "5 s",
    "2 z",
    "9 g",
    "9 q",
    "6 b",
    "x \\times",
    "u v",
    "a \\alpha",
    "c C",
    "p P",
    "v V",
)
SWAPPED = {a: b for pair in LOOKALIKES for one, other in [pair.split()] for a, b in ((one, other), (other, one))}


def lookalike(row: AuditRow, rng: np.random.Generator) -> tuple[str, ...] | None:
    """A label with one symbol replaced by one that looks like it."""
    places = [place for place, token in enumerate(row.label) if token in SWAPPED]
    if not places:
        return None
    place = int(rng.choice(places))
    return (*row.label[:place], SWAPPED[row.label[place]], *row.label[place + 1 :])


def plant(
    rows: Sequence[AuditRow], kind: str, channel: Channel, rng: np.random.Generator
) -> tuple[list[AuditRow], set[int]]:
    """The rows with wrong labels, and the numbers of the rows that got one."""
    changed, planted = list(rows), set[int]()
    for number in rng.permutation(len(rows)).tolist():
        if len(planted) == round(SHARE * len(rows)):
            break
        how = KINDS[len(planted) % 2] if kind == "slip or swap" else kind
        row = rows[number]
        label = lookalike(row, rng) if how == "lookalike" else planted_label(row, how, rows, channel, rng)  # type: ignore[arg-type]
        if label is not None and label != row.label:
            changed[number] = replace(row, label=label)
            planted.add(number)
    return changed, planted


def recall(scores: Sequence[float], planted: set[int], rng: np.random.Generator) -> float:
    """Share of the planted rows among twice as many rows with the highest scores."""
    order = np.lexsort((rng.random(len(scores)), -np.asarray(scores)))
    return len(planted & set(order[: 2 * len(planted)].tolist())) / len(planted)


def audit_scores(rows: Sequence[AuditRow]) -> list[float]:
    """The probabilities of an audit, in the order of the rows."""
    scores = [0.0] * len(rows)
    for finding in rank(rows):
        scores[finding.row] = finding.probability
    return scores


SCORES: dict[str, Callable[[Sequence[AuditRow]], list[float]]] = {
    "audit": audit_scores,
    "naive": naive_scores,
    "consensus entropy": consensus_entropy,
}


def shares(rows: Sequence[AuditRow], kind: str, channel: Channel, seed: int) -> dict[str, float]:
    """Score -> share of the planted rows that it ranks first, for one draw."""
    rng = np.random.default_rng([seed, 19])
    changed, planted = plant(rows, kind, channel, rng)
    return {name: recall(score(changed), planted, rng) for name, score in SCORES.items()}


def measure(data: Data) -> list[Figure]:
    """Two published models on CROHME 2014, without the images."""
    rows, _ = load_rows(AuditSource([data.predictions("3b"), data.predictions("7b")], images=None))
    channel, seeds = channel_of(rows), range(data.size(5, 1))
    figures = []
    for kind in KINDS:
        draws = [shares(rows, kind, channel, seed) for seed in seeds]
        found = {name: 100 * float(np.mean([draw[name] for draw in draws])) for name in SCORES}
        target = 1.0 if kind in ("swap", "slip or swap") else None
        figures.append(Figure(f"{kind}: share found", found["audit"], "%", "naive rule", found["naive"], target))
    return figures


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", nargs="+", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    options = parser.parse_args()
    rows, _ = load_rows(AuditSource(options.predictions, images=options.images))
    channel = channel_of(rows)
    print(f"{len(rows)} rows, {len(options.predictions)} models, images: {options.images is not None}")
    print(f"the naive rule names {sum(map(bool, naive_scores(rows)))} rows before anything is planted")
    print(
        f"| mistakes | {' | '.join(SCORES)} | planted, expected wrong (audit) |\n| --- |{' ---: |' * (len(SCORES) + 1)}"
    )
    for kind in options.kinds:
        figures: dict[str, list[float]] = {name: [] for name in SCORES}
        sizes, expected = [], []
        for seed in range(options.seeds):
            rng = np.random.default_rng([seed, 19])
            changed, planted = plant(rows, kind, channel, rng)
            for name, score in SCORES.items():
                values = score(changed)
                figures[name].append(recall(values, planted, rng))
                if name == "audit":
                    expected.append(sum(values))
            sizes.append(len(planted))
        cells = [f"{np.mean(one):.1%} ({min(one):.0%} to {max(one):.0%})" for one in figures.values()]
        print(f"| {kind} | {' | '.join(cells)} | {np.mean(sizes):.0f}, {np.mean(expected):.1f} |", flush=True)


if __name__ == "__main__":
    main()
