"""Which rows a run learns from: each is checked and measured once, and what is too long is named.

Not for reading files: `shards` gives the rows, before any weight is loaded.
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

from mumer_train.data import ChatExample, Encoder, turn_of
from mumer_train.dependencies import TrainingError

if TYPE_CHECKING:
    import datasets

_SMALL = 1_000  # rows for which starting more processes takes longer than it saves
_VERSION = 1  # of what is kept of a measurement; another number measures again


@dataclass(frozen=True)
class Measured:
    """Rows within the cutoff.

    Attributes:
        rows: them.
        lengths: tokens of each.
        left_out: task -> ids of rows beyond the cutoff.
    """

    rows: datasets.Dataset
    lengths: list[int]
    left_out: dict[str, list[str]]


def measure(rows: datasets.Dataset, encoder: Encoder, cutoff: int, workers: int) -> Measured:
    """Check every row and count its tokens; images are not decoded. What was measured before is not measured again.

    Raises:
        TrainingError: a row that nothing can be learned from, by name; or no row within the cutoff.
    """
    found = rows.map(
        _Measure(encoder),
        remove_columns=rows.column_names,
        num_proc=workers if workers > 1 and len(rows) > _SMALL else None,
        new_fingerprint=_fingerprint(rows, encoder),
        desc="measuring",
    )
    problems = [(place, text) for place, text in enumerate(found["problem"]) if text]
    if problems:
        more = f" (and {len(problems) - 1:,} rows more)" if len(problems) > 1 else ""
        raise TrainingError(f"{problems[0][1]}{more}")
    lengths = list(found["length"])
    kept = [place for place, length in enumerate(lengths) if length <= cutoff]
    if not kept:
        raise TrainingError(f"no row has at most {cutoff} tokens: raise cutoff or lower max_pixels")
    names = rows.select([place for place, length in enumerate(lengths) if length > cutoff])
    left_out: dict[str, list[str]] = defaultdict(list)
    for task, name in zip(names["task"], names["id"], strict=True):
        left_out[task].append(name)
    return Measured(rows.select(kept), [lengths[place] for place in kept], dict(left_out))


@dataclass(frozen=True)
class _Measure:
    encoder: Encoder

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"length": self.encoder.length(turn_of(row)), "problem": ""}
        except TrainingError as error:  # an exception would lose its class on the way out of a worker process
            return {"length": 0, "problem": str(error)}


def _fingerprint(rows: datasets.Dataset, encoder: Encoder) -> str:
    """Of the measurement: the same in every process of a run, so that one measures and the others read."""
    parts = [_VERSION, rows._fingerprint, encoder.fingerprint()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class Stream(IterableDataset[ChatExample]):
    """Endless chat examples from a stream of rows, epoch after epoch; a row beyond the cutoff is replaced by the next.

    A run that is resumed reads again from the start what it had before.
    """

    def __init__(self, rows: datasets.IterableDataset, encoder: Encoder, cutoff: int) -> None:
        self._rows, self._encoder, self._cutoff = rows, encoder, cutoff

    def __iter__(self) -> Iterator[ChatExample]:
        for epoch in count():
            self._rows.set_epoch(epoch)
            kept = False
            for turn in self._once():
                kept = True
                yield turn
            if not kept and get_worker_info() is not None:
                return  # there are more workers than shards
            if not kept:
                raise TrainingError(f"no row has at most {self._cutoff} tokens: raise cutoff or lower max_pixels")

    def _once(self) -> Iterator[ChatExample]:
        held: ChatExample | None = None
        names: list[tuple[str, str]] = []
        for row in self._rows:
            turn = turn_of(row)
            if self._encoder.length(turn) > self._cutoff:
                names.append((turn.task, turn.id))
                continue
            if held is not None:
                yield replace(held, left_out=tuple(names))
                names = []
            held = turn
        if held is not None:
            yield replace(held, left_out=tuple(names))
