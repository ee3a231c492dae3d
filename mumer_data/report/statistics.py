"""Dataset statistics: label lengths, symbols, depth, relations, image sizes.

Not for judging predictions; counts from slices add up, so several processes can read one source.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from mumer_data.filters.validation import RowValidator
from mumer_data.io.processes import parallel_map
from mumer_data.latex.expression import Expression
from mumer_data.readers import Reader
from mumer_data.records import Reject, Slice

QUANTILES = (0, 5, 25, 50, 75, 95, 100)
_MAX_EXAMPLES = 3  # ids listed for each symbol outside a vocabulary


@dataclass(slots=True)
class Statistics:
    """Counts of a dataset.

    Attributes:
        examples: rows whose label and image can be used.
        rejected: reason -> rows that cannot.
        length: tokens of a label, braces counted -> labels.
        depth: levels of the symbol layout tree, 0 for a single baseline -> labels.
        symbols: token -> occurrences, braces left out.
        labels_with: token -> labels that have it.
        relations: relation of the tree -> occurrences.
        width, height: size in pixels -> images.
        unknown: token outside the vocabulary -> ids of the first labels that have it.
    """

    examples: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    length: Counter[int] = field(default_factory=Counter)
    depth: Counter[int] = field(default_factory=Counter)
    symbols: Counter[str] = field(default_factory=Counter)
    labels_with: Counter[str] = field(default_factory=Counter)
    relations: Counter[str] = field(default_factory=Counter)
    width: Counter[int] = field(default_factory=Counter)
    height: Counter[int] = field(default_factory=Counter)
    unknown: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: Statistics) -> None:
        """Add the counts of another part, which comes after this one."""
        self.examples += other.examples
        for name in ("rejected", "length", "depth", "symbols", "labels_with", "relations", "width", "height"):
            getattr(self, name).update(getattr(other, name))
        for token, ids in other.unknown.items():
            self.unknown[token] = (self.unknown.get(token, []) + ids)[:_MAX_EXAMPLES]

    def to_json(self) -> dict[str, Any]:
        """Plain data: numbers as value -> count and quantiles, symbols by frequency."""
        return {
            "examples": self.examples,
            "rejected": dict(sorted(self.rejected.items())),
            **{
                name: {"quantiles": quantiles(counts), "counts": {str(k): counts[k] for k in sorted(counts)}}
                for name, counts in self.numbers().items()
            },
            "symbols": {t: {"count": n, "labels": self.labels_with[t]} for t, n in by_frequency(self.symbols)},
            "relations": dict(by_frequency(self.relations)),
            "unknown_symbols": {
                token: {"count": self.symbols[token], "labels": self.labels_with[token], "first": ids}
                for token, ids in sorted(self.unknown.items(), key=lambda item: (-self.symbols[item[0]], item[0]))
            },
        }

    def numbers(self) -> dict[str, Counter[int]]:
        """The distributions of numbers, by name."""
        return {"length": self.length, "depth": self.depth, "width": self.width, "height": self.height}


def by_frequency(counts: Counter[str]) -> list[tuple[str, int]]:
    """Most frequent first; equal ones by name, so that the order never depends on the workers."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def quantiles(counts: Counter[int]) -> dict[str, float]:
    """``mean`` and the percentiles of `QUANTILES`, as ``p5`` and so on; empty where nothing was counted."""
    if not counts:
        return {}
    values = np.array(sorted(counts))
    weights = np.array([counts[value] for value in values.tolist()])
    ends = np.cumsum(weights)
    percentiles = {f"p{q}": int(values[np.searchsorted(ends, max(1, np.ceil(ends[-1] * q / 100)))]) for q in QUANTILES}
    return {"mean": round(float((values * weights).sum() / ends[-1]), 3), **percentiles}


def statistics(
    reader: Reader,
    slices: Sequence[Slice],
    validator: RowValidator,
    *,
    vocabulary: Iterable[str] | None = None,
    images: bool = True,
    workers: int | None = None,
) -> Statistics:
    """Count over a source.

    Args:
        reader: reader of the source.
        slices: slices of the source.
        validator: decides which rows can be used.
        vocabulary: tokens that are known; others are listed with ids. ``None`` lists nothing.
        images: whether to read the images (for their sizes).
        workers: processes; the result does not depend on it.
    """
    known = None if vocabulary is None else frozenset(vocabulary) | {"{", "}"}
    total = Statistics()
    for counts in parallel_map(partial(_of_slice, reader, validator, known, images), slices, workers, ordered=True):
        total.add(counts)
    return total


def _of_slice(
    reader: Reader, validator: RowValidator, known: frozenset[str] | None, images: bool, part: Slice
) -> Statistics:
    counts = Statistics()
    for row in reader.read(part):
        expression = row if isinstance(row, Reject) else validator.expression(row)
        data: bytes | Reject = b""
        if images and not isinstance(row, Reject) and not isinstance(expression, Reject):
            data = validator.image(row)
        failed = next((value for value in (expression, data) if isinstance(value, Reject)), None)
        if failed is not None:
            counts.rejected[failed.reason] += 1
        elif not isinstance(row, Reject) and not isinstance(expression, Reject) and isinstance(data, bytes):
            _count(counts, row.id, expression, data, known)
    return counts


def _count(
    counts: Statistics, example_id: str, expression: Expression, data: bytes, known: frozenset[str] | None
) -> None:
    tokens = expression.tokens
    visible = [token for token in tokens if token not in ("{", "}")]
    counts.examples += 1
    counts.length[len(tokens)] += 1
    counts.symbols.update(visible)
    counts.labels_with.update(set(visible))
    deepest = 0
    for depth, symbol in expression.tree.walk():
        deepest = max(deepest, depth)
        if symbol.relation:
            counts.relations[symbol.relation] += 1
    counts.depth[deepest] += 1
    if data:
        from PIL import Image

        with Image.open(io.BytesIO(data)) as image:
            counts.width[image.width] += 1
            counts.height[image.height] += 1
    for token in dict.fromkeys(tokens) if known is not None else ():
        if known is not None and token not in known:
            counts.unknown.setdefault(token, [])
            counts.unknown[token] = [*counts.unknown[token], example_id][:_MAX_EXAMPLES]
