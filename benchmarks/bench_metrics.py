"""Published and standard figures of 20,000 pairs: ours against editdistance, NLTK and sacreBLEU, in one process.

Usage: python benchmarks/bench_metrics.py PREDICTIONS [--pairs 20000]; the file's rows are repeated with small changes.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path

import editdistance
from figures import Data, Figure, at_least, show
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
from timing import alternating

from mumer_data.metrics.pairs import pair_up
from mumer_data.metrics.published import Published
from mumer_data.readers.predictions import load_predictions
from mumer_data.records import Prediction

TARGET = 5.0


def varied(rows: list[Prediction], count: int) -> list[Prediction]:
    """``count`` rows: the file repeated; in about one fifth of them one token of the prediction is deleted."""
    rng = random.Random(0)
    rows_changed = []
    for number in range(count):
        row = rows[number % len(rows)]
        tokens = row.prediction.split()
        if tokens and rng.random() < 0.2:
            del tokens[rng.randrange(len(tokens))]
        rows_changed.append(replace(row, prediction=" ".join(tokens), row=number))
    return rows_changed


def reference(rows: list[Prediction]) -> dict[str, float]:
    """The figures as the published evaluation computes them."""
    labels, texts = [row.label.split() for row in rows], [row.prediction.split() for row in rows]
    edits = [editdistance.eval(label, text) for label, text in zip(labels, texts, strict=True)]
    bleu = corpus_bleu([[label] for label in labels], texts, smoothing_function=SmoothingFunction().method4)
    scores = [(1 - edit / max(len(a), len(b), 1)) * 100 for edit, a, b in zip(edits, labels, texts, strict=True)]
    within = {
        name: sum(edit <= most for edit in edits) / len(rows) * 100
        for most, name in enumerate(("exprate", "le1", "le2", "le3"))
    }
    return {
        **within,
        "edit_score": sum(scores) / len(rows),
        "bleu4": float(bleu) * 100,
        "cer_published": sum(edits) / sum(len(row.label) for row in rows),
    }


def ours(rows: list[Prediction]) -> dict[str, float]:
    """The same by this library, without intervals, which the reference does not have."""
    metric = Published()
    return {name: float(value) for name, value in metric.scores(metric.statistics(pair_up(rows)).sum(axis=0)).items()}


def compared(name: str, predictions: list[Prediction], pairs: int, rounds: int) -> list[Figure]:
    """Seconds of both, and how many of the figures are the same to four decimals."""
    rows = varied(predictions, pairs)
    theirs, mine = reference(rows), ours(rows)
    same = sum(abs(mine[key] - value) < 5e-5 for key, value in theirs.items())
    runs = {"ours": lambda: ours(rows), "theirs": lambda: reference(rows)}
    fast, slow = alternating(runs, rounds).values()
    pairs_of = f"{pairs:,} pairs of {name}"
    return [
        Figure(f"all figures of {pairs_of}", fast, "s", "editdistance + NLTK", slow, TARGET, smaller_is_better=True),
        at_least(f"figures of {pairs_of}, the same to 4 decimals", same, "figures", len(theirs), "all"),
    ]


def measure(data: Data) -> list[Figure]:
    """Predictions of both models."""
    files = {f"the {model.upper()} model": data.predictions(model) for model in ("7b", "3b")}
    groups = [
        compared(name, load_predictions(file), data.size(20_000, 1_000), data.size(3, 1))
        for name, file in files.items()
    ]
    return [figure for figures in groups for figure in figures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    show(compared("the file", load_predictions(options.predictions), options.pairs, options.rounds))


if __name__ == "__main__":
    main()
