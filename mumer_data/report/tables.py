"""Console output of `mumer stats` and `mumer leakage`. Layout only."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mumer_data.filters.leakage import Leak
from mumer_data.io.atomic import atomic_write
from mumer_data.report.statistics import QUANTILES, Statistics, by_frequency, quantiles

_MAX_SYMBOLS = 20
_MAX_LEAKS = 10


def print_statistics(name: str, statistics: Statistics, out: Path | None, *, vocabulary: bool) -> None:
    """The distributions as tables."""
    console = Console()
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(statistics.rejected.items()))
    console.print(Text(f"{name}: {statistics.examples:,} examples" + (f", not usable: {reasons}" if reasons else "")))
    table = Table("", *(["mean"] + [{0: "min", 50: "median", 100: "max"}.get(q, f"{q}%") for q in QUANTILES]))
    for title, counts in statistics.numbers().items():
        row = quantiles(counts)
        if row:
            table.add_row(title, f"{row['mean']:.1f}", *[f"{row[f'p{q}']:,}" for q in QUANTILES])
    console.print(table)
    total = max(sum(statistics.symbols.values()), 1)
    symbols = Table(
        "symbol", "count", "share", "labels", title=f"{len(statistics.symbols)} symbols", title_justify="left"
    )
    for token, count in by_frequency(statistics.symbols)[:_MAX_SYMBOLS]:
        symbols.add_row(Text(token), f"{count:,}", f"{count / total:.1%}", f"{statistics.labels_with[token]:,}")
    console.print(symbols)
    rare = sum(1 for count in statistics.labels_with.values() if count < 10)
    console.print(Text(f"{rare} symbols stand in fewer than 10 labels"))
    relations = ", ".join(f"{relation} {count:,}" for relation, count in by_frequency(statistics.relations))
    console.print(Text(f"relations: {relations}"))
    if vocabulary:
        _print_unknown(console, statistics)
    if out is not None:
        console.print(Text(f"written: {out}/statistics.json and the plots beside it"))


def _print_unknown(console: Console, statistics: Statistics) -> None:
    if not statistics.unknown:
        console.print(Text("every symbol is in the vocabulary"))
        return
    table = Table("not in the vocabulary", "count", "labels", "first")
    for token in sorted(statistics.unknown, key=lambda token: (-statistics.symbols[token], token)):
        ids = " ".join(statistics.unknown[token])
        table.add_row(Text(token), f"{statistics.symbols[token]:,}", f"{statistics.labels_with[token]:,}", Text(ids))
    console.print(table)


def leakage_counts(leaks: list[Leak], train: int, test: int) -> dict[str, int]:
    """How many rows of the test set the training set has too, by what is the same."""
    images = Counter(leak.image for leak in leaks)
    return {
        "train": train,
        "test": test,
        "image_exact": images["exact"],
        "image_near": images["near"],
        "image_and_label": sum(1 for leak in leaks if leak.image and leak.label),
        "label": sum(1 for leak in leaks if leak.label),
    }


def print_leakage(counts: dict[str, int], leaks: list[Leak], out: Path | None) -> None:
    """The counts, and the first rows whose image is in both."""
    console = Console()
    console.print(Text(f"train: {counts['train']:,} rows, test: {counts['test']:,} rows"))
    table = Table("in the test set and in the training set", "rows", "of the test set")
    for key, title in (
        ("image_exact", "the same image, byte for byte"),
        ("image_near", "nearly the same image"),
        ("image_and_label", "image (either way) and label"),
        ("label", "the same label, whoever wrote it"),
    ):
        table.add_row(title, f"{counts[key]:,}", f"{counts[key] / max(counts['test'], 1):.1%}")
    console.print(table)
    for leak in [leak for leak in leaks if leak.image][:_MAX_LEAKS]:
        same = "same label" if leak.label else "another label"
        console.print(Text(f"  {leak.test_id} is {leak.train_id} ({leak.image}, {same})", style="yellow"))
    if out is not None:
        console.print(Text(f"all of them: {out}"))


def write_leaks(path: Path, leaks: list[Leak]) -> None:
    """The rows as Parquet: ``test_id``, ``train_id``, ``image``, ``label``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [("test_id", pa.string()), ("train_id", pa.string()), ("image", pa.string()), ("label", pa.bool_())]
    )
    with atomic_write(path) as temporary:
        pq.write_table(pa.Table.from_pylist([asdict(leak) for leak in leaks], schema), temporary)
