"""Planted label errors: how many of them an audit ranks first, beside the naive rule and Consensus Entropy.

    python benchmarks/bench_audit.py a_pred.json b_pred.json [--images FOLDER] [--score-with mini] [--seeds 5]

With --score-with the audit is shown with and without that model; --json writes the figures to a file. --corrections
applies decisions about real wrong labels first and leaves dropped rows out, so that they are not false alarms.

2% of the labels are replaced: by a realistic misreading (`slip`), by the label of another row (`swap`), by a look-alike
symbol (`lookalike`), or by slips and swaps in turn. A figure is the share of them among the first 2 k rows, where
k were planted, and the number of rows to review for 70% of them; equal scores are in random order.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from figures import Data, Figure

from mumer_data.error_model.channel import Channel
from mumer_data.jobs.audit import AuditSource, labelled_rows, load_rows
from mumer_data.jobs.label_scorer import image_scorer
from mumer_data.label_audit.baselines import consensus_entropy, naive_scores
from mumer_data.label_audit.likelihood import Scorer
from mumer_data.label_audit.planting import channel_of, planted_label
from mumer_data.label_audit.rank import rank
from mumer_data.label_audit.rows import AuditRow, Tokens
from mumer_data.readers.corrections import LabelCorrection, read_corrections

SHARE = 0.02
EQUAL_RECALL = 0.7
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
    """A label with one symbol replaced by a similar one; ``None`` if it has none."""
    positions = [position for position, token in enumerate(row.label) if token in SWAPPED]
    if not positions:
        return None
    position = int(rng.choice(positions))
    return (*row.label[:position], SWAPPED[row.label[position]], *row.label[position + 1 :])


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


def audit_scores(rows: Sequence[AuditRow], scorer: Scorer | None = None) -> list[float]:
    """The probabilities of an audit, in the order of the rows."""
    scores = [0.0] * len(rows)
    for finding in rank(rows, scorer=scorer):
        scores[finding.row] = finding.probability
    return scores


Scores = dict[str, Callable[[Sequence[AuditRow]], list[float]]]
SCORES: Scores = {
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
        recalls = {name: 100 * float(np.mean([draw[name] for draw in draws])) for name in SCORES}
        target = 1.0 if kind in ("swap", "slip or swap") else None
        figures.append(Figure(f"{kind}: share found", recalls["audit"], "%", "naive rule", recalls["naive"], target))
    return figures


def rows_to_find(scores: Sequence[float], planted: set[int], share: float, rng: np.random.Generator) -> int:
    """Number of rows with the highest scores that have this share of the planted ones."""
    order = np.lexsort((rng.random(len(scores)), -np.asarray(scores))).tolist()
    positions = sorted(position for position, number in enumerate(order, 1) if number in planted)
    return positions[ceil(share * len(planted)) - 1]


def cached(scorer: Scorer) -> Scorer:
    """The same scores; each text of an image is scored once for all draws."""
    known: dict[tuple[str, Tokens], float | None] = {}

    def scores(row_id: str, texts: Sequence[Tokens]) -> list[float | None]:
        missing = [text for text in texts if (row_id, text) not in known]
        if missing:
            known.update(zip(((row_id, text) for text in missing), scorer(row_id, missing), strict=True))
        return [known[row_id, text] for text in texts]

    return scores


def corrected(rows: Sequence[AuditRow], decisions: Mapping[str, LabelCorrection]) -> Iterator[AuditRow]:
    """The rows with corrected labels, without those that were dropped."""
    for row in rows:
        decision = decisions.get(row.id)
        if decision is None or decision.verdict in ("keep", "unsure"):
            yield row
        elif decision.verdict != "drop":
            yield replace(row, label=tuple(decision.new.split()))


def methods(source: AuditSource) -> Scores:
    """Name -> scores of rows; of the audit without the model, and with it where one is named."""
    images = {row.id: row.image for row in labelled_rows(source) if row.image is not None}
    scorer = image_scorer(images, source.score_with)
    if scorer is None:
        return SCORES
    return {f"audit, {source.score_with}": partial(audit_scores, scorer=cached(scorer)), **SCORES}


def table_row(kind: str, rows: Sequence[AuditRow], channel: Channel, scores: Scores, seeds: int) -> dict[str, Any]:
    """The figures of one kind of mistake, means over draws."""
    recalls: dict[str, list[float]] = {name: [] for name in scores}
    needed: dict[str, list[int]] = {name: [] for name in scores}
    sizes = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 19])
        changed, planted = plant(rows, kind, channel, rng)
        sizes.append(len(planted))
        for name, score in scores.items():
            values = score(changed)
            recalls[name].append(recall(values, planted, rng))
            needed[name].append(rows_to_find(values, planted, EQUAL_RECALL, rng))
    return {
        "planted": float(np.mean(sizes)),
        "found": {name: round(100 * float(np.mean(values)), 1) for name, values in recalls.items()},
        "rows_for_70": {name: round(float(np.mean(values)), 1) for name, values in needed.items()},
    }


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", nargs="+", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--score-with")
    parser.add_argument("--corrections", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    options = parser.parse_args()
    source = AuditSource(options.predictions, images=options.images, score_with=options.score_with)
    rows, _ = load_rows(source)
    rows = [replace(row, components=None) for row in rows]  # what the recogniser adds, without what ink adds
    if options.corrections is not None:
        rows = list(corrected(rows, read_corrections(options.corrections)))
    channel, scores = channel_of(rows), methods(source)
    result: dict[str, Any] = {"rows": len(rows), "seeds": options.seeds, "kinds": {}}
    print(f"{len(rows)} rows; the naive rule names {sum(map(bool, naive_scores(rows)))} before anything is planted")
    print(f"| mistakes | {' | '.join(scores)} |\n| --- |{' ---: |' * len(scores)}")
    for kind in options.kinds:
        row = table_row(kind, rows, channel, scores, options.seeds)
        result["kinds"][kind] = row
        cells = [f"{row['found'][name]:.0f}% ({row['rows_for_70'][name]:.0f} rows)" for name in scores]
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)
        if options.json is not None:
            options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
