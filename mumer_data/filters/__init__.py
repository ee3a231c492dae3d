"""Filters: exclude valid rows by policy (length, depth, duplicates, leakage, splits).

A new filter is one module with a class that has the interface of `RowFilter` or `DatasetFilter`, and one line in
`FILTERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from mumer_data.latex.expression import Expression
from mumer_data.records import Example
from mumer_data.registry import Registry

if TYPE_CHECKING:
    from mumer_data.filters.row_index import RowIndex


class FilterOptions(BaseModel):
    """Base of the options of all filters: an unknown option is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row is excluded: a short name for the rejects table, and one line for the user."""

    reason: str
    message: str


class Filter(Protocol):
    """Common interface of all filters; paths in the options are relative to ``base``, or to the working directory."""

    Options: type[FilterOptions]

    def __init__(self, options: FilterOptions, base: Path) -> None:
        """Take the options of the pipeline."""


@runtime_checkable
class RowFilter(Protocol):
    """A filter that checks each row separately."""

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """The reason why this example is excluded; ``None`` to keep it."""


@runtime_checkable
class DatasetFilter(Protocol):
    """A filter that compares rows: it runs between planning and building."""

    images: bool  # whether it needs image features too

    def files(self) -> list[Path]:
        """The files beside the source on which its decisions depend."""

    def reject(self, rows: RowIndex, workers: int | None) -> Iterator[tuple[int, Rejection]]:
        """Indices into ``rows``, each with the reason why that row is excluded."""


# name in a pipeline file -> "module:class"
FILTERS = Registry(
    "filter",
    "mumer.filters",
    {
        "depth": "mumer_data.filters.depth:DepthFilter",
        "duplicates": "mumer_data.filters.duplicates:DuplicatesFilter",
        "folds": "mumer_data.filters.folds:FoldsFilter",
        "leakage": "mumer_data.filters.leakage:LeakageFilter",
        "length": "mumer_data.filters.length:LengthFilter",
        "split": "mumer_data.filters.split:SplitFilter",
        "symbols": "mumer_data.filters.symbols:SymbolsFilter",
    },
    aliases={"part": "split"},
)


def filter_class(name: str) -> type[Filter]:
    """The filter registered under ``name``; raises ``KeyError`` for an unknown name."""
    filter_type: type[Filter] = FILTERS.load(name)
    return filter_type
