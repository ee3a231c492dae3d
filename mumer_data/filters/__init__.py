"""Quality gates: what keeps an example out of a build though nothing is wrong with it.

A new gate is one module with a class of the shape of `RowFilter` or `DatasetFilter`, and one line in `FILTERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from mumer_data.latex.expression import Expression
from mumer_data.records import Example
from mumer_data.registry import registered

if TYPE_CHECKING:
    from mumer_data.filters.row_index import RowIndex


class FilterOptions(BaseModel):
    """What the options of all gates have in common: an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row stays out: a short name for the rejects table, and one line for a person."""

    reason: str
    message: str


class Filter(Protocol):
    """What every gate has; paths in its options are looked up in ``base`` first, then here."""

    Options: type[FilterOptions]

    def __init__(self, options: FilterOptions, base: Path) -> None:
        """Take the options of the pipeline."""


@runtime_checkable
class RowFilter(Protocol):
    """A gate that looks at one row at a time."""

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Why this example stays out; ``None`` where it may pass."""


@runtime_checkable
class DatasetFilter(Protocol):
    """A gate that must have seen all rows: it runs between planning and building."""

    images: bool  # whether it wants to see the images too

    def files(self) -> list[Path]:
        """The files beside the source that decide what it refuses."""

    def reject(self, rows: RowIndex, workers: int | None) -> Iterator[tuple[int, Rejection]]:
        """Places in the build_row_index, each with the reason why that row stays out."""


# name in a pipeline file -> "module:class"
FILTERS = {
    "depth": "mumer_data.filters.depth:DepthFilter",
    "duplicates": "mumer_data.filters.duplicates:DuplicatesFilter",
    "folds": "mumer_data.filters.folds:FoldsFilter",
    "leakage": "mumer_data.filters.leakage:LeakageFilter",
    "length": "mumer_data.filters.length:LengthFilter",
    "part": "mumer_data.filters.split:SplitFilter",
    "symbols": "mumer_data.filters.symbols:SymbolsFilter",
}


def filter_class(name: str) -> type[Filter]:
    """The gate registered under ``name``; raises ``KeyError`` where there is none."""
    found: type[Filter] = registered(FILTERS, name)
    return found
