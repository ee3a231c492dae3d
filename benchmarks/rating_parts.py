"""The rating on rated pairs: cross-validated figures, other scores of the same pairs, each part alone, time per pair.

Usage: python benchmarks/rating_parts.py PAIRS.jsonl [--out docs/data/rating.json]; not for the fit, see
`mumer_data.metrics.rating.fit`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from timing import cpu_seconds

from mumer_data.latex.parser import try_parse
from mumer_data.metrics.cdm import cdm_score
from mumer_data.metrics.pairs import pair_up
from mumer_data.metrics.rating import explain, rate, weights
from mumer_data.metrics.rating.edits import KINDS
from mumer_data.metrics.rating.fit import (
    REPEATS,
    SEED,
    Rated,
    agreement,
    cross_validated,
    data_hash,
    intervals,
    load,
    predicted,
)
from mumer_data.metrics.rating.prepare import prepared
from mumer_data.metrics.tree_distance import tree_distance
from mumer_data.records import Prediction
from mumer_data.typeset.raw import shown_label

Floats = NDArray[np.float64]
NAMES = ("pearson", "spearman", "auc")
GROUPS = {
    "fonts": ("style", "font"),
    "look-alikes": ("alike",),
    "punctuation, brackets": ("punctuation", "delimiter"),
    "accents": ("accent_changed", "accent"),
    "another letter, digit or operator": ("letter", "digit", "operator"),
    "symbols missing or extra": ("missing", "extra"),
    "structures and relations": ("structure", "relation"),
}
STORED = {
    "official CDM": "official_cdm",
    "GPT-5 as judge": "judge_gpt_5",
    "Gemini 2.5 Flash as judge": "judge_gemini_2_5_flash",
}


def figures(ratings: Floats, scores: Floats) -> dict[str, list[float]]:
    """Each figure with the ends of its 95% interval."""
    low, high = intervals(ratings, scores)
    return {
        name: [round(float(one), 3) for one in values]
        for name, *values in zip(NAMES, agreement(ratings, scores), low, high, strict=True)
    }


def other_scores(rows: Sequence[dict[str, Any]]) -> dict[str, Floats]:
    """Other scores of the pairs, both sides normalised without fonts, and the scores that came with the pairs."""
    sides = [(_label(row["reference"]), _label(row["prediction"])) for row in rows]
    pairs = pair_up([Prediction(str(n), label, text) for n, (label, text) in enumerate(sides)])
    cdm = [cdm_score(label, text) for label, text in sides]
    longest = np.maximum(np.maximum(pairs.label_lengths, pairs.prediction_lengths), 1)
    scores = {
        "ExpRate": pairs.exact.astype(float),
        "VisEq": np.array([float(score.viseq) for score in cdm]),
        "CDM": np.array([score.f1 or 0.0 for score in cdm]),
        "edit similarity of tokens": 1 - pairs.token_distances / longest,
        "edit similarity of trees": np.array([_tree_similarity(*side) for side in sides]),
    }
    return scores | {title: np.array([float(row[key] or 0) for row in rows]) for title, key in STORED.items()}


def _label(text: str) -> str:
    plain, read = prepared(text)
    return shown_label(plain) if read else plain


def _tree_similarity(label: str, text: str) -> float:
    one, two = try_parse(label.split()), try_parse(text.split())
    if one is None or two is None:
        return 0.0
    size = max(sum(1 for _ in tree.walk()) for tree in (one, two))
    return 1 - min(1.0, tree_distance(one, two) / max(size, 1))


def parts_alone(pairs: Rated) -> dict[str, Floats]:
    """The frozen model with the differences of one group only."""
    model = weights()
    known = np.array([*(model.kinds[kind] for kind in KINDS), model.top])
    scores = {}
    for title, kinds in GROUPS.items():
        chosen = pairs.amounts * np.isin(KINDS, kinds)
        scores[title] = predicted(known, replace(pairs, amounts=chosen), model.exponent)
    return scores


def milliseconds(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Processor time of one pair, nothing cached: mean, and the largest."""
    rate(predictions=["x"], references=["y"])
    taken = [cpu_seconds(lambda row=row: explain(row["prediction"], row["reference"])) for row in rows]  # type: ignore[misc]
    return {"mean": round(1000 * float(np.mean(taken)), 2), "largest": round(1000 * max(taken), 1)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, help="JSON Lines: reference, prediction, ratings, scores of others.")
    parser.add_argument("--out", type=Path, help="JSON file of the results.")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.pairs.read_text(encoding="utf-8").splitlines()]
    time = milliseconds(rows)
    pairs = load(options.pairs)
    unseen = [cross_validated(pairs, number) for number in range(REPEATS)]
    results = {
        "pairs": len(rows),
        "sha256": data_hash(options.pairs),
        "seed": SEED,
        "cross_validated": [figures(pairs.ratings, scores) for scores in unseen],
        "other_scores": {name: figures(pairs.ratings, scores) for name, scores in other_scores(rows).items()},
        "parts_alone": {name: figures(pairs.ratings, scores) for name, scores in parts_alone(pairs).items()},
        "from_text": sum(explain(row["prediction"], row["reference"]).basis == "text" for row in rows),
        "not_typeset": sum(bool(cdm_score(row["reference"], row["prediction"]).unrenderable) for row in rows),
        "milliseconds": time,
    }
    text = json.dumps(results, indent=1) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
