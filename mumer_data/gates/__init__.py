"""Quality gates: what keeps an example out of a build though nothing is wrong with it.

A new gate is one module with a class of the shape of `RowGate` or `SetGate`, and one line in `GATES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from mumer_data.data import Example
from mumer_data.latex.tree import SymbolTree
from mumer_data.registry import registered

if TYPE_CHECKING:
    from mumer_data.gates.survey import Survey


class GateOptions(BaseModel):
    """What the options of all gates have in common: an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row stays out: a short name for the rejects table, and one line for a person."""

    reason: str
    message: str


class Gate(Protocol):
    """What every gate has; paths in its options are looked up in ``base`` first, then here."""

    Options: type[GateOptions]

    def __init__(self, options: GateOptions, base: Path) -> None:
        """Take the options of the pipeline."""


@runtime_checkable
class RowGate(Protocol):
    """A gate that looks at one row at a time."""

    def check(self, example: Example, label: str, tree: SymbolTree) -> Refusal | None:
        """Why this example stays out; ``None`` where it may pass."""


@runtime_checkable
class SetGate(Protocol):
    """A gate that must have seen all rows: it runs between planning and building."""

    images: bool  # whether it wants to see the images too

    def files(self) -> list[Path]:
        """The files beside the source that decide what it refuses."""

    def refuse(self, rows: Survey, workers: int | None) -> Iterator[tuple[int, Refusal]]:
        """Places in the survey, each with the reason why that row stays out."""


# name in a pipeline file -> "module:class"
GATES = {
    "depth": "mumer_data.gates.depth:DepthGate",
    "duplicates": "mumer_data.gates.duplicates:DuplicatesGate",
    "folds": "mumer_data.gates.folds:FoldsGate",
    "leakage": "mumer_data.gates.leakage:LeakageGate",
    "length": "mumer_data.gates.length:LengthGate",
    "part": "mumer_data.gates.part:PartGate",
    "symbols": "mumer_data.gates.symbols:SymbolsGate",
}


def gate_class(name: str) -> type[Gate]:
    """The gate registered under ``name``; raises ``KeyError`` where there is none."""
    found: type[Gate] = registered(GATES, name)
    return found
