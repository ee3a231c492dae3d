"""Fit the weights of `rating`, with cross-validated figures: ``python -m mumer_data.metrics.rating.fit``.

Not needed to rate: the weights are frozen in ``weights.toml``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mumer_data.metrics.rating import compared
from mumer_data.metrics.rating.edits import KINDS

Floats = NDArray[np.float64]

# Start of the fit and mean of its prior: round estimates of the cost of each kind of difference.
PRIOR = {
    "style": 0.05, "font": 0.1, "alike": 0.2, "punctuation": 0.1, "delimiter": 0.25, "accent_changed": 0.4,
    "accent": 0.55, "letter": 0.7, "digit": 1.0, "operator": 0.8, "missing": 0.6, "extra": 0.6, "structure": 1.0,
    "relation": 0.8,
}  # fmt: skip
LENGTH = 15.0
STRENGTHS, EXPONENTS = (4.0, 16.0, 64.0), (0.0, 0.15, 0.3)  # strength of the prior; exponent of the length
SEED, FOLDS, INNER, REPEATS, RESAMPLES = 0, 8, 4, 4, 2_000
SAME = 9.0  # at this mean rating or above, people judge the formulas to be the same


@dataclass(frozen=True)
class Rated:
    """Rated pairs: amounts of each kind (pairs, kinds), symbols of the references, and mean ratings (pairs,)."""

    amounts: Floats
    symbols: Floats
    ratings: Floats

    def at(self, rows: NDArray[np.bool_]) -> Rated:
        """Some of the pairs."""
        return Rated(self.amounts[rows], self.symbols[rows], self.ratings[rows])


def load(path: Path) -> Rated:
    """Pairs of a JSON Lines file with ``reference``, ``prediction`` and a list of ``ratings``."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    comparisons = [compared(row["prediction"], row["reference"]) for row in rows]
    amounts = [[sum(d.amount for d in ds if d.kind == kind) for kind in KINDS] for ds, _, _ in comparisons]
    symbols = np.array([max(count, 1) for _, count, _ in comparisons], float)
    return Rated(np.array(amounts), symbols, np.array([np.mean(row["ratings"]) for row in rows]))


def predicted(model: Floats, pairs: Rated, exponent: float) -> Floats:
    """Ratings by weights (kinds, then the best rating)."""
    damage = pairs.amounts @ model[:-1] / (pairs.symbols / LENGTH) ** exponent
    return np.asarray(model[-1] * np.exp(-damage))


def fitted(pairs: Rated, strength: float, exponent: float) -> Floats:
    """Least-squares weights, regularised towards `PRIOR` on a logarithmic scale; all are positive."""
    from scipy.optimize import minimize

    prior = np.log([PRIOR[kind] for kind in KINDS])

    amounts = pairs.amounts / ((pairs.symbols / LENGTH) ** exponent)[:, None]

    def loss(logarithms: Floats) -> tuple[float, Floats]:
        """Squared errors plus the regularisation, and the gradient."""
        model = np.exp(logarithms)
        ratings = model[-1] * np.exp(-amounts @ model[:-1])
        errors, deviation = ratings - pairs.ratings, logarithms[:-1] - prior
        slope = np.append(-(errors * ratings) @ amounts * model[:-1], (errors * ratings).sum()) / 2
        slope[:-1] += 2 * strength * deviation
        return float((errors**2).sum() / 4 + strength * (deviation**2).sum()), slope

    bounds = [(-6.0, 2.0)] * len(KINDS) + [(np.log(9), np.log(10))]
    start = np.append(prior, np.log(9.6))
    return np.asarray(np.exp(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x))


def chosen(pairs: Rated, seed: int) -> tuple[float, float]:
    """The strength and exponent with the least squared error in an inner cross-validation."""
    fold = np.random.default_rng([SEED, seed]).permutation(len(pairs.ratings)) % INNER

    def error(strength: float, exponent: float) -> float:
        total = 0.0
        for number in range(INNER):
            outside = pairs.at(fold == number)
            model = fitted(pairs.at(fold != number), strength, exponent)
            total += float(((predicted(model, outside, exponent) - outside.ratings) ** 2).sum())
        return total

    return min(((s, e) for s in STRENGTHS for e in EXPONENTS), key=lambda setting: error(*setting))


def cross_validated(pairs: Rated, repeat: int) -> Floats:
    """Out-of-fold predictions for all pairs (nested cross-validation: settings are chosen on the training folds)."""
    fold = np.random.default_rng([SEED, 100 + repeat]).permutation(len(pairs.ratings)) % FOLDS
    out = np.zeros(len(pairs.ratings))
    for number in range(FOLDS):
        inside = pairs.at(fold != number)
        strength, exponent = chosen(inside, repeat * FOLDS + number)
        out[fold == number] = predicted(fitted(inside, strength, exponent), pairs.at(fold == number), exponent)
    return out


def agreement(ratings: Floats, predictions: Floats) -> Floats:
    """Pearson, Spearman, and the area under the curve for a mean rating of at least `SAME`."""
    from scipy.stats import pearsonr, spearmanr

    same, other = predictions[ratings >= SAME], predictions[ratings < SAME]
    above = (same[:, None] > other).mean() + 0.5 * (same[:, None] == other).mean()
    return np.array([pearsonr(ratings, predictions)[0], spearmanr(ratings, predictions)[0], above])


def intervals(ratings: Floats, predictions: Floats) -> Floats:
    """95% percentile bootstrap of `agreement` over pairs: shape (2, 3)."""
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(len(ratings), size=len(ratings)) for _ in range(RESAMPLES)]
    return np.asarray(
        np.percentile([agreement(ratings[rows], predictions[rows]) for rows in drawn], [2.5, 97.5], axis=0)
    )


def toml(model: Floats, exponent: float, strength: float, path: Path, pairs: int) -> str:
    """``weights.toml``: the weights, with the data and the seed that made them."""
    lines = ["# Weights of `rating`, made by `python -m mumer_data.metrics.rating.fit`."]
    lines += ["# Data: formula_judgements (arXiv 2512.09874, MIT licence).", ""]
    lines += [f"top = {model[-1]:.4f}", f"length = {LENGTH}", f"exponent = {exponent}", "", "[fit]", f"pairs = {pairs}"]
    lines += [f'sha256 = "{data_hash(path)}"', f"seed = {SEED}", f"pull = {strength:g}", "", "[weights]"]
    return "\n".join([*lines, *(f"{k} = {w:.4f}" for k, w in zip(KINDS, model[:-1], strict=True))]) + "\n"


def data_hash(path: Path) -> str:
    """sha256 of the rated pairs."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Fit, print the figures, write the weights."""
    parser = argparse.ArgumentParser(description="Fit the weights of the rating to rated pairs.")
    parser.add_argument("pairs", type=Path, help="JSON Lines: reference, prediction, ratings.")
    parser.add_argument("--output", type=Path, help="Where to write the weights (TOML).")
    options = parser.parse_args()
    pairs = load(options.pairs)
    for number in range(REPEATS):
        out = cross_validated(pairs, number)
        low, high = intervals(pairs.ratings, out)
        figures = zip(("Pearson", "Spearman", "AUC"), agreement(pairs.ratings, out), low, high, strict=True)
        print(f"cross-validation {number}: " + ", ".join(f"{n} {v:.3f} [{a:.3f}, {b:.3f}]" for n, v, a, b in figures))
    strength, exponent = chosen(pairs, 0)
    model = fitted(pairs, strength, exponent)
    text = toml(model, exponent, strength, options.pairs, len(pairs.ratings))
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
