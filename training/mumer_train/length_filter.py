"""Length filter: count the tokens of every row once, and skip rows above ``max_length``.

Not for reading files: `shards`. It runs before any weight is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from torch.utils.data import IterableDataset, get_worker_info

from mumer_train.data import ChatExample, Encoder, chat_example
from mumer_train.dependencies import TrainingError

if TYPE_CHECKING:
    import datasets

_SMALL = 1_000  # rows; below this, starting processes takes longer than it saves
_VERSION = 1  # of the cached lengths; a new number invalidates the cache


@dataclass(frozen=True)
class FilteredRows:
    """Rows of at most ``max_length`` tokens.

    Attributes:
        rows: the rows that are kept.
        lengths: tokens of each.
        left_out: task -> ids of the rows that are skipped.
    """

    rows: datasets.Dataset
    lengths: list[int]
    left_out: dict[str, list[str]]


def filter_by_length(rows: datasets.Dataset, encoder: Encoder, max_length: int, workers: int) -> FilteredRows:
    """Check every row and count its tokens. Images are not decoded; lengths are cached by `datasets`.

    Raises:
        TrainingError: a row is malformed (the message names it), or no row has at most ``max_length`` tokens.
    """
    measured = rows.map(
        _MeasureLength(encoder),
        remove_columns=rows.column_names,
        num_proc=workers if workers > 1 and len(rows) > _SMALL else None,
        new_fingerprint=_fingerprint(rows, encoder),
        desc="measuring",
    )
    problems = [text for text in measured["problem"] if text]
    if problems:
        more = f" (and {len(problems) - 1:,} rows more)" if len(problems) > 1 else ""
        raise TrainingError(f"{problems[0]}{more}")
    lengths = list(measured["length"])
    kept = [index for index, length in enumerate(lengths) if length <= max_length]
    if not kept:
        raise _no_rows(max_length)
    skipped = rows.select([index for index, length in enumerate(lengths) if length > max_length])
    left_out: dict[str, list[str]] = defaultdict(list)
    for task, name in zip(skipped["task"], skipped["id"], strict=True):
        left_out[task].append(name)
    return FilteredRows(rows.select(kept), [lengths[index] for index in kept], dict(left_out))


def _no_rows(max_length: int) -> TrainingError:
    return TrainingError(f"no row has at most {max_length} tokens: raise max_length or lower max_pixels")


@dataclass(frozen=True)
class _MeasureLength:
    encoder: Encoder

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"length": self.encoder.length(chat_example(row)), "problem": ""}
        except TrainingError as error:  # an exception loses its class between processes
            return {"length": 0, "problem": str(error)}


def _fingerprint(rows: datasets.Dataset, encoder: Encoder) -> str:
    """Cache key of the lengths: equal in every process of a run, so that one process measures and the others read."""
    parts = [_VERSION, rows._fingerprint, encoder.fingerprint()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class LengthFilteredStream(IterableDataset[ChatExample]):
    """Endless stream of chat examples, epoch after epoch, without rows above ``max_length``.

    A resumed run reads the stream from its start again.
    """

    def __init__(self, rows: datasets.IterableDataset, encoder: Encoder, max_length: int) -> None:
        self._rows, self._encoder, self._max_length = rows, encoder, max_length

    def __iter__(self) -> Iterator[ChatExample]:
        for epoch in count():
            self._rows.set_epoch(epoch)
            kept = False
            for example in self._one_epoch():
                kept = True
                yield example
            if not kept and get_worker_info() is not None:
                return  # more workers than shards: this one has no rows
            if not kept:
                raise TrainingError(
                    f"no row has at most {self._max_length} tokens: raise max_length or lower max_pixels"
                )

    def _one_epoch(self) -> Iterator[ChatExample]:
        previous: ChatExample | None = None
        skipped: list[tuple[str, str]] = []
        for row in self._rows:
            example = chat_example(row)
            if self._encoder.length(example) > self._max_length:
                skipped.append((example.task, example.id))
                continue
            if previous is not None:
                yield replace(previous, left_out=tuple(skipped))
                skipped = []
            previous = example
        if previous is not None:
            yield replace(previous, left_out=tuple(skipped))
