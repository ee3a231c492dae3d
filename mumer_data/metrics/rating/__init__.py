"""`rating`: how a person would rate a predicted formula, 0 (useless) to 10 (the same), from its visible differences.

A small monotone model with fixed weights (``weights.toml``, fitted by `fit`); no images, no language model, no network.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mumer_data.exceptions import MumerError
from mumer_data.metrics.rating.edits import Difference, differences
from mumer_data.metrics.rating.prepare import prepared
from mumer_data.metrics.rating.symbols import nodes_of
from mumer_data.records import Prediction

MAX_CHARACTERS = 20_000
"""Longer texts are truncated to this length (characters) before they are compared."""


class RatingError(MumerError):
    """Predictions and references of different length."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The model: ``rating = top * exp(-sum(weight * amount) / (symbols / length) ** exponent)``.

    Attributes:
        top: rating of a prediction without visible differences.
        kinds: non-negative weight of each kind of difference.
        length, exponent: a difference weighs less in a longer reference.
    """

    top: float
    kinds: dict[str, float]
    length: float
    exponent: float


@dataclass(frozen=True, slots=True)
class Rating:
    """The predicted rating of one pair.

    Attributes:
        value: 0-10.
        basis: ``tree``, or ``text`` if a side cannot be parsed and the tokens are compared.
        costs: each difference with the points that it subtracts from the best rating; their sum is the total loss.
    """

    value: float
    basis: str
    costs: tuple[tuple[Difference, float], ...]


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The fixed weights."""
    table = tomllib.loads((Path(__file__).parent / "weights.toml").read_text(encoding="utf-8"))
    return Weights(table["top"], dict(table["weights"]), table["length"], table["exponent"])


def rate(*, predictions: Sequence[str], references: Sequence[str]) -> list[float]:
    """The predicted rating (0-10) of each prediction, raw LaTeX or labels.

    Raises:
        RatingError: the two lists differ in length.
    """
    return [one.value for one in ratings(predictions=predictions, references=references)]


def ratings(*, predictions: Sequence[str], references: Sequence[str]) -> list[Rating]:
    """`rate` with the basis and the costs of each rating.

    Raises:
        RatingError: the two lists differ in length.
    """
    if len(predictions) != len(references):
        raise RatingError(
            f"{len(predictions):,} predictions and {len(references):,} references: give one reference per prediction"
        )
    return [explain(prediction, reference) for prediction, reference in zip(predictions, references, strict=True)]


def explain(prediction: str, reference: str) -> Rating:
    """The predicted rating of one pair and what each difference costs."""
    diffs, symbols, basis = compared(prediction, reference)
    model = weights()
    damage = severity(diffs, symbols, model)
    value = model.top * math.exp(-damage)
    if not nodes_of(_label(prediction)[0])[0] and symbols:
        value = 0.0  # the prediction has no visible symbol
    total = sum(model.kinds[one.kind] * one.amount for one in diffs)
    points = [(one, (model.top - value) * model.kinds[one.kind] * one.amount / total) for one in diffs] if total else []
    return Rating(value, basis, tuple(sorted(points, key=lambda pair: -pair[1])))


def explain_row(row: Prediction) -> Rating:
    """`explain` of one row, with the fonts of both sides if known."""
    label, text = row.seen or (row.label, row.prediction)
    return explain(text, label)


def compared(prediction: str, reference: str) -> tuple[list[Difference], int, str]:
    """Differences of a pair, symbols in its reference, and the basis of the comparison."""
    (label, label_parsed), (text, text_parsed) = _label(reference), _label(prediction)
    (label_nodes, label_tree), (text_nodes, text_tree) = nodes_of(label), nodes_of(text)
    trees = label_parsed and text_parsed and label_tree and text_tree
    return differences(label_nodes, text_nodes), len(label_nodes), "tree" if trees else "text"


def severity(diffs: Sequence[Difference], symbols: int, model: Weights) -> float:
    """The exponent of the model: weighted differences, in proportion to the length of the reference."""
    total = sum(model.kinds[one.kind] * one.amount for one in diffs)
    return float(total / (max(symbols, 1) / model.length) ** model.exponent)


def _label(text: str) -> tuple[str, bool]:
    return prepared(text[:MAX_CHARACTERS])
