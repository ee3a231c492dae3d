"""Calibration: share of the votes -> probability that the label is correct, by isotonic regression on a labelled set.

Source: B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass probability estimates, 2002.
Not for the test set itself: fit on predictions of other images of the same kind.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mumer_data.voting.language_model import VoteError

_BINS = 10  # bins of `calibration_error`
_PRIOR = 1.0  # pseudo-votes added to every step, half of them correct


@dataclass(frozen=True, slots=True)
class Calibration:
    """A non-decreasing step function.

    Attributes:
        starts: confidence at which each step begins, ascending; the first step also applies below it.
        values: probability on each step.
        n: number of votes that it was fitted on.
    """

    starts: tuple[float, ...]
    values: tuple[float, ...]
    n: int

    def __call__(self, confidence: float) -> float:
        """The calibrated probability, 0-1."""
        return self.values[max(0, bisect_right(self.starts, confidence) - 1)]

    def write(self, path: Path) -> None:
        """Write a JSON file for `read_calibration`."""
        from mumer_data.io.atomic import write_json

        write_json(path, asdict(self))


def fit_calibration(confidences: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Pool adjacent violators: the non-decreasing function with the least squared error.

    Raises:
        VoteError: the two differ in length, or are empty.
    """
    if len(confidences) != len(right) or not confidences:
        raise VoteError(f"calibration needs labelled votes: {len(confidences)} confidences, {len(right)} labels")
    steps: list[list[float]] = []  # start, right, votes
    for confidence, is_right in sorted(zip(confidences, map(float, right), strict=True)):
        if steps and steps[-1][0] == confidence:
            steps[-1][1] += is_right
            steps[-1][2] += 1
        else:
            steps.append([confidence, is_right, 1.0])
    merged: list[list[float]] = []
    for step in steps:
        merged.append(step)
        while len(merged) > 1 and _value(merged[-2]) >= _value(merged[-1]):
            _, hits, votes = merged.pop()
            merged[-1][1] += hits
            merged[-1][2] += votes
    return Calibration(tuple(step[0] for step in merged), tuple(_value(step) for step in merged), len(right))


def _value(step: Sequence[float]) -> float:
    return (step[1] + _PRIOR / 2) / (step[2] + _PRIOR)


def read_calibration(path: Path) -> Calibration:
    """The calibration in a JSON file; raises `VoteError` if the file does not contain one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        starts, values = (tuple(float(value) for value in raw[key]) for key in ("starts", "values"))
        if not starts or len(starts) != len(values) or list(starts) != sorted(starts):
            raise ValueError("starts and values differ in length, or starts are not ascending")
        return Calibration(starts, values, int(raw["n"]))
    except OSError as error:
        raise VoteError(f"{path} cannot be read ({error.strerror or error}); check the path") from None
    except (ValueError, KeyError, TypeError) as error:
        raise VoteError(f"{path} is not a calibration written by mumer vote --fit-calibration: {error!r}") from None


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error: mean of |confidence - share of correct votes| over ten bins of width 0.1."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, is_right in zip(confidences, right, strict=True):
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, is_right))
    distances = (abs(sum(confidence - is_right for confidence, is_right in entries)) for entries in bins)
    return sum(distances) / max(len(confidences), 1)
