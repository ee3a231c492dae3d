"""Presentation of confusions: console tables, JSON, Parquet and a heat map. No counting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mumer_data.alignment.confusions import ConfusionRow, Confusions
from mumer_data.io.atomic import atomic_write

SECTIONS = {
    "confusions": "symbols read as others",
    "insertions": "symbols that the model adds",
    "deletions": "symbols that the model leaves out",
    "structure": "wrong relations and structure",
}
CONFUSION_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("kind", pa.string()),
        ("label_symbol", pa.string()),
        ("predicted_symbol", pa.string()),
        ("count", pa.int64()),
        ("rate", pa.float64()),
        ("examples", pa.list_(pa.struct([("id", pa.string()), ("label", pa.string()), ("prediction", pa.string())]))),
    ]
)
_MAX_PAIRS = 60  # the most frequent confusions; their symbols are the rows and columns of the heat map
_MISSING = "(nothing)"


def section_of(row: ConfusionRow) -> str:
    """Which of `SECTIONS` a confusion belongs to; insertion and deletion are the model's, as in error rates."""
    if row.confusion.kind != "symbol":
        return "structure"
    return "confusions" if row.confusion.label and row.confusion.prediction else _one_sided(row)


def _one_sided(row: ConfusionRow) -> str:
    return "deletions" if row.confusion.label else "insertions"


def confusions_json(confusions: Confusions) -> dict[str, Any]:
    """The counts, and the rows of each section, the most frequent first."""
    sections: dict[str, list[dict[str, Any]]] = {name: [] for name in SECTIONS}
    for row in confusions.rows():
        sections[section_of(row)].append(_record(row))
    counts = {"predictions": confusions.predictions, "wrong": confusions.wrong, "degenerate": confusions.degenerate}
    return {**counts, "dropped": confusions.dropped, **sections}


def _record(row: ConfusionRow) -> dict[str, Any]:
    return {
        "dataset": row.confusion.dataset,
        "kind": row.confusion.kind,
        "label_symbol": row.confusion.label,
        "predicted_symbol": row.confusion.prediction,
        "count": row.count,
        "rate": row.rate,
        "examples": [{"id": e.id, "label": e.label, "prediction": e.prediction} for e in row.examples],
    }


def write_confusions(path: Path, confusions: Confusions) -> None:
    """All confusions as Parquet, whole or not at all; raises ``OutputError``."""
    table = pa.Table.from_pylist([_record(row) for row in confusions.rows()], CONFUSION_SCHEMA)
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def print_confusions(confusions: Confusions, top: int) -> None:
    """One table per section with its ``top`` rows."""
    console = Console()
    console.print(
        Text(
            f"{confusions.predictions + confusions.degenerate:,} predictions: "
            f"{confusions.predictions - confusions.wrong:,} right, "
            f"{confusions.wrong:,} wrong, {confusions.degenerate:,} degenerate (not counted below)"
        )
    )
    rows = confusions.rows()
    for name, title in SECTIONS.items():
        chosen = [row for row in rows if section_of(row) == name]
        if chosen:
            console.print(_table(title, chosen, top))
    if confusions.dropped:
        console.print(Text(f"{confusions.dropped:,} occurrences of rare confusions were not kept", style="yellow"))


def _table(title: str, rows: list[ConfusionRow], top: int) -> Table:
    more = f", the first {top}" if len(rows) > top else ""
    table = Table(title=f"{title}: {len(rows):,} kinds{more}", title_justify="left")
    kinds = any(row.confusion.kind != "symbol" for row in rows)
    datasets = any(row.confusion.dataset for row in rows)
    names = ["label", "prediction", *(["kind"] if kinds else []), *(["data set"] if datasets else [])]
    for name in names:
        table.add_column(name, overflow="fold")
    for name in ("count", "rate"):
        table.add_column(name, justify="right")
    table.add_column("examples", overflow="fold")
    for row in rows[:top]:
        cells = [row.confusion.label or _MISSING, row.confusion.prediction or _MISSING]
        cells += [row.confusion.kind] * kinds + [row.confusion.dataset] * datasets
        ids = " ".join(example.id for example in row.examples)
        table.add_row(*map(Text, [*cells, f"{row.count:,}", f"{row.rate:.2%}", ids]))
    return table


def plot_confusions(path: Path, confusions: Confusions) -> Path:
    """A heat map of the most frequent confusions as PNG: label symbols down, predicted symbols across.

    Colour is the share of the label symbol's occurrences, the number in a cell the count.

    Raises:
        OutputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    chosen = [row for row in confusions.all_datasets().rows() if row.confusion.label][:_MAX_PAIRS]
    down = sorted({row.confusion.label for row in chosen}, key=_by_name)
    across = sorted({row.confusion.prediction or _MISSING for row in chosen}, key=_by_name)
    size = (2 + 0.28 * max(len(across), 8), 1.6 + 0.24 * max(len(down), 4))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    rates = [[0.0] * len(across) for _ in down] or [[0.0]]
    for row in chosen:
        cell = down.index(row.confusion.label), across.index(row.confusion.prediction or _MISSING)
        rates[cell[0]][cell[1]] += row.rate
    largest = max(map(max, rates)) or 1.0
    shades = axes.imshow(rates, cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    for (y, x), count in _counts(chosen, down, across).items():
        colour = "white" if rates[y][x] > 0.6 * largest else "black"
        axes.text(x, y, str(count), ha="center", va="center", fontsize=6, color=colour)
    for axis, names in ((axes.xaxis, across), (axes.yaxis, down)):
        axis.set_ticks(range(len(names)), [name.replace("$", r"\$") for name in names])
    axes.tick_params(axis="x", rotation=90)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set(fontsize=7, family="monospace")
    axes.set(xlabel="prediction", ylabel="label", title=f"the {len(chosen)} most frequent confusions")
    figure.colorbar(shades, label="share of the label symbol's occurrences")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    return path


def _counts(rows: list[ConfusionRow], down: list[str], across: list[str]) -> dict[tuple[int, int], int]:
    """Cell -> count; one pair of symbols may occur with several kinds."""
    counts: dict[tuple[int, int], int] = {}
    for row in rows:
        cell = down.index(row.confusion.label), across.index(row.confusion.prediction or _MISSING)
        counts[cell] = counts.get(cell, 0) + row.count
    return counts


def _by_name(name: str) -> tuple[bool, str, str]:
    return name == _MISSING, name.lstrip("\\").casefold(), name
