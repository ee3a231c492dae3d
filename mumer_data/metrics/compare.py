"""Compare two models on the same images: is the difference of their ExpRates significant?

Source: P. Koehn, Statistical Significance Tests for Machine Translation Evaluation, 2004 (paired bootstrap);
Q. McNemar, Note on the Sampling Error of the Difference Between Correlated Proportions, 1947.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mumer_data._version import __version__
from mumer_data.exceptions import SourceError
from mumer_data.io import html
from mumer_data.metrics.bootstrap import RESAMPLES, interval, resampled_sums
from mumer_data.metrics.pairs import Pairs, pair_up
from mumer_data.records import Prediction

_NAMED = 10  # ids that an error names
Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that only one of the two models recognises correctly: ``better`` is ``a`` or ``b``."""

    id: str
    better: str
    label: str
    a: str
    b: str


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two models, ``a`` and ``b``, on the same rows.

    Attributes:
        n: rows.
        exprate_a, exprate_b: percentages.
        difference: ``b`` - ``a``, in points, with its 95% interval ``low`` to ``high`` by paired bootstrap.
        bootstrap_p: twice the share of resamples in which the difference is 0 or has the other sign.
        mcnemar_p: exact, two-sided, on the rows that only one model recognises correctly.
        changes: those rows, in the order of the file.
        signature: the settings of the figures.
    """

    n: int
    exprate_a: float
    exprate_b: float
    difference: float
    low: float
    high: float
    bootstrap_p: float
    mcnemar_p: float
    changes: list[Change]
    signature: str

    def __repr__(self) -> str:
        interval = f"{self.low:+.2f} to {self.high:+.2f}"
        return f"Comparison(n={self.n}, difference={self.difference:+.2f} ({interval}), mcnemar_p={self.mcnemar_p:.3g})"

    def _repr_html_(self) -> str:
        rows = {"rows": self.n, "ExpRate a": f"{self.exprate_a:.2f}", "ExpRate b": f"{self.exprate_b:.2f}"}
        rows |= {"b - a (95% interval)": f"{self.difference:+.2f} ({self.low:+.2f} to {self.high:+.2f})"}
        rows |= {"bootstrap p": f"{self.bootstrap_p:.3g}", "McNemar p": f"{self.mcnemar_p:.3g}"}
        return html.fields(rows)

    def to_dict(self) -> dict[str, Any]:
        """The same as `to_json`."""
        return self.to_json()

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``only_a`` and ``only_b`` count the changes."""
        names = ("n", "exprate_a", "exprate_b", "difference", "bootstrap_p", "mcnemar_p")
        fields: dict[str, Any] = {name: round(getattr(self, name), 6) for name in names}
        fields["interval"] = [round(self.low, 6), round(self.high, 6)]
        fields |= {f"only_{side}": sum(change.better == side for change in self.changes) for side in "ab"}
        rows = [{"id": c.id, "better": c.better, "gt": c.label, "a": c.a, "b": c.b} for c in self.changes]
        return fields | {"changes": rows, "signature": self.signature}


def compare(
    one: Sequence[Prediction],
    two: Sequence[Prediction],
    *,
    normalizer: str = "none",
    seed: int = 0,
) -> Comparison:
    """Compare two lists of predictions, matched by dataset, id and sample number.

    Args:
        one, two: predictions of models a and b.
        normalizer: name of the preset that normalised all sides, for the signature.
        seed: of the bootstrap.

    Raises:
        SourceError: an id is missing on one side, is repeated, or has different labels.
    """
    from scipy.stats import binomtest

    first, second = _matched(one, two)
    a, b = pair_up(first), pair_up(second)
    _same_labels(a, b)
    gain = b.exact.astype(float) - a.exact.astype(float)
    sums = resampled_sums(gain[:, None], seed)[:, 0] * 100 / len(gain)
    low, high = interval(sums)
    won, lost = int((gain > 0).sum()), int((gain < 0).sum())
    tail = min(float((sums <= 0).mean()), float((sums >= 0).mean()))
    return Comparison(
        n=len(a),
        exprate_a=float(a.exact.mean()) * 100,
        exprate_b=float(b.exact.mean()) * 100,
        difference=float(gain.mean()) * 100,
        low=low,
        high=high,
        bootstrap_p=min(1.0, 2 * tail),
        mcnemar_p=float(binomtest(won, won + lost).pvalue) if won + lost else 1.0,
        changes=[_change(a, b, int(row)) for row in np.flatnonzero(gain)],
        signature=f"exprate|tok:whitespace|norm:{normalizer}|version:mumer-{__version__}"
        f"|test:paired-bootstrap-{RESAMPLES}-seed:{seed}+mcnemar-exact",
    )


def _change(a: Pairs, b: Pairs, row: int) -> Change:
    better = "a" if a.exact[row] else "b"
    return Change(a.rows[row].id, better, a.labels[row], a.predictions[row], b.predictions[row])


def _matched(one: Sequence[Prediction], two: Sequence[Prediction]) -> tuple[list[Prediction], list[Prediction]]:
    first, second = _by_key(one, "the first"), _by_key(two, "the second")
    for keys, side in ((second.keys() - first.keys(), "first"), (first.keys() - second.keys(), "second")):
        if keys:
            raise SourceError(f"the {side} file lacks {_named(keys)}: compare predictions of the same images")
    return list(first.values()), [second[key] for key in first]


def _by_key(rows: Sequence[Prediction], side: str) -> dict[Key, Prediction]:
    by_key: dict[Key, Prediction] = {}
    repeated = set()
    for row in rows:
        key = (row.dataset, row.id, row.sample)
        if key in by_key:
            repeated.add(key)
        by_key[key] = row
    if repeated:
        raise SourceError(f"{side} file has more than one row for {_named(repeated)}: give each image once per sample")
    return by_key


def _named(keys: set[Key]) -> str:
    shown = ", ".join(repr(example_id) for _, example_id, _ in sorted(keys)[:_NAMED])
    more = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return f"{len(keys):,} id{'s' if len(keys) > 1 else ''}: {shown}{more}"


def _same_labels(a: Pairs, b: Pairs) -> None:
    other = [row.id for row, x, y in zip(a.rows, a.label_tokens, b.label_tokens, strict=True) if x != y]
    if other:
        shown = ", ".join(map(repr, other[:_NAMED]))
        raise SourceError(f"{len(other):,} rows have a different label in the second file, the first of them {shown}")
