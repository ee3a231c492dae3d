"""Types of the benchmarks: figures with their references and targets, and the real data.

Not for timing (see `timing`), nor for the page (see `page`). A benchmark is a file ``bench_NAME.py`` with a function
``measure(data: Data) -> list[Figure]`` and a line in `run.BENCHES`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured.
        value: the measured value.
        unit: of the value and of the reference.
        reference: what the value is compared with: another program in the same run, or a stated number.
        reference_value: the value of the reference.
        target: the smallest ratio that passes; ``None`` for no target.
        smaller_is_better: whether the ratio is reference to value, as for seconds, and not value to reference.
        note: conditions of this figure.
    """

    name: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    target: float | None = None
    smaller_is_better: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if self.target is not None and self.reference_value is None:
            raise ValueError(f"the figure {self.name!r} has a target for its ratio, but no reference")

    @property
    def ratio(self) -> float | None:
        """How many times as good as the reference."""
        if self.reference_value is None:
            return None
        above, below = (self.value, self.reference_value)[:: -1 if self.smaller_is_better else 1]
        return above / below if below else math.inf

    @property
    def missed(self) -> bool:
        """Whether the ratio is below its target, or is not a number."""
        return self.target is not None and not (self.ratio or 0.0) >= self.target


def at_least(name: str, value: float, unit: str, stated: float, reference: str = "stated", note: str = "") -> Figure:
    """A figure that must reach a stated value."""
    return Figure(name, value, unit, reference, stated, 1.0, note=note)


def at_most(name: str, value: float, unit: str, stated: float, reference: str = "stated", note: str = "") -> Figure:
    """A figure that must not exceed a stated value."""
    return Figure(name, value, unit, reference, stated, 1.0, smaller_is_better=True, note=note)


def bounded(name: str, peak: float, reference: str, reference_peak: float) -> Figure:
    """Peak memory in MiB of a large run against that of a small one: at most twice as much."""
    return Figure(name, peak, "MiB", reference, reference_peak, 0.5, smaller_is_better=True)


class AbsentError(Exception):
    """Data or a program that a benchmark needs is not on this machine."""


@dataclass(frozen=True, slots=True)
class Data:
    """The data and size of a run.

    Attributes:
        shared: the folder of real data; ``None`` where there is none.
        quick: whether to use small sizes, which only show that everything works.
    """

    shared: Path | None = None
    quick: bool = False

    def has(self, name: str) -> bool:
        """Whether the real data have this file or folder."""
        return self.shared is not None and (self.shared / name).exists()

    def need(self, name: str) -> Path:
        """A file or folder of the real data.

        Raises:
            AbsentError: it is not there.
        """
        if self.shared is None or not self.has(name):
            raise AbsentError(f"needs `{name}` of the real data (`make bench SHARED=FOLDER`)")
        return self.shared / name

    def predictions(self, model: str) -> Path:
        """The real predictions of ``3b`` or ``7b`` on CROHME 2014."""
        return self.need(f"golden/predictions/crohme_2014_{model}_pred.json")

    def size(self, full: int, quick: int) -> int:
        """The size of the work: ``full``, or ``quick`` in a quick run."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one benchmark: figures, or why there are none."""

    name: str
    figures: tuple[Figure, ...] = ()
    skipped: str = ""
    broken: str = ""


def spoken(value: float) -> str:
    """A number as text, with three significant digits."""
    if not math.isfinite(value):
        return "∞" if value > 0 else str(value)
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.4f}" if 0.9 < value < 0.99995 else f"{value:#.3g}"


def cells(figure: Figure) -> tuple[str, str, str, str, str, str]:
    """Name, value, reference, ratio, target, note."""
    value = figure.reference_value
    return (
        figure.name,
        f"{spoken(figure.value)} {figure.unit}",
        "" if value is None else f"{figure.reference}: {spoken(value)}",
        "" if figure.ratio is None else spoken(figure.ratio),
        "" if figure.target is None else spoken(figure.target) + (" (missed)" if figure.missed else ""),
        figure.note,
    )


HEADINGS = ("figure", "measured", "reference", "ratio", "target", "note")


def show(figures: Sequence[Figure], title: str | None = None, console: Console | None = None) -> None:
    """A table for the terminal, notes left out."""
    table = Table(*HEADINGS[:-1], title=title, title_justify="left")
    for figure in figures:
        style = "bold red" if figure.missed else None
        table.add_row(*(escape(cell) for cell in cells(figure)[:-1]), style=style)
    (console or Console()).print(table)
