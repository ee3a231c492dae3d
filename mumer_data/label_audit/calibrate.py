"""From evidence to a probability: logistic models fitted to the set's own rows and to mistakes planted in them.

Assumptions: most labels of the set are right, and wrong ones resemble the planted ones (see `planting`). The base is
confident learning (Northcutt, Jiang and Chuang 2021): counts of other rows judge each row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_RIDGE = 1.0
_SHARE = 0.05  # weight of all planted rows together, against the real ones
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Logistic:
    """A ridge logistic regression on standardised columns.

    Attributes:
        mean, scale: of the columns.
        weights: intercept first.
    """

    mean: Floats
    scale: Floats
    weights: Floats

    @classmethod
    def fit(cls, right: Floats, wrong: Floats, trust: Floats | None = None) -> Logistic:
        """Fit to the set's own rows and to planted rows, by Newton's method.

        Args:
            right: features of the set's own rows.
            wrong: features of planted rows.
            trust: probability that each own label is right; 1 if left out.
        """
        trust = np.ones(len(right)) if trust is None else trust
        columns = np.vstack([right, wrong])
        target = np.concatenate([np.zeros(len(right)), np.ones(len(wrong))])
        weight = np.concatenate([trust, np.full(len(wrong), _SHARE * trust.sum() / max(len(wrong), 1))])
        mean, scale = columns.mean(axis=0), columns.std(axis=0)
        scale[scale < 1e-9] = 1.0
        model = cls(mean, scale, np.zeros(columns.shape[1] + 1))
        design = model._design(columns)
        ridge = _RIDGE * np.eye(design.shape[1])
        ridge[0, 0] = 0.0
        values = np.zeros(design.shape[1])
        for _ in range(_STEPS):
            probability = 1.0 / (1.0 + np.exp(-np.clip(design @ values, -30, 30)))
            gradient = design.T @ (weight * (target - probability)) - ridge @ values
            curvature = (design * (weight * probability * (1 - probability))[:, None]).T @ design + ridge
            step = np.linalg.solve(curvature + 1e-9 * np.eye(len(values)), gradient)
            values = values + step
            if np.abs(step).max() < 1e-6:
                break
        return cls(mean, scale, values)

    def log_ratio(self, columns: Floats) -> Floats:
        """Logarithm of the likelihood ratio of wrong against right, row by row."""
        ratio: Floats = self._design(columns) @ self.weights - np.log(_SHARE)
        return ratio

    def _design(self, columns: Floats) -> Floats:
        return np.column_stack([np.ones(len(columns)), (columns - self.mean) / self.scale])


def posterior(ratios: list[Floats], priors: list[float]) -> list[Floats]:
    """The probability of each kind of mistake, from its log likelihood ratio against right labels and its prior."""
    odds = [np.exp(np.clip(ratio, -40, 40)) * prior for ratio, prior in zip(ratios, priors, strict=True)]
    total = sum(odds, np.full(len(odds[0]), 1.0 - sum(priors)))
    return [one / total for one in odds]
