"""Console output of `mumer evaluate` and `mumer compare`. Layout only."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mumer_data.metrics.compare import Comparison
from mumer_data.metrics.evaluate import Evaluation, Figure

_TITLES = {
    "exprate": "ExpRate",
    "le1": "≤ 1 edit",
    "le2": "≤ 2 edits",
    "le3": "≤ 3 edits",
    "edit_score": "edit score",
    "bleu4": "BLEU-4 (NLTK)",
    "cer_published": "CER as published",
    "cer": "CER",
    "token_error_rate": "token error rate",
    "sacrebleu": "BLEU-4 (sacreBLEU)",
    "struct_rate": "StructRate",
    "symbol_rate": "SymbolRate",
    "valid_rate": "parses",
    "bracket_rate": "brackets close",
    "tree_edit_distance": "tree edits per node",
    "semantic_rate": "proved equal",
    "cdm_f1": "CDM F1",
    "exprate_cdm": "ExpRate@CDM",
    "viseq": "VisEq",
    "rating": "rating (0-10)",
}
_COUNTS = {
    "semantic_proved": "proved equal though the tokens differ",
    "semantic_not_convertible": "no algebra, not tried",
    "semantic_timeout": "out of time, not proved",
    "cdm_unrenderable": "predictions that cannot be typeset (CDM 0)",
    "cdm_unrenderable_labels": "labels that cannot be typeset (left out of CDM)",
    "rating_from_text": "rated from their tokens, since a side does not parse",
    "labels_changed": "labels changed",
    "labels_dropped": "rows dropped",
}
# Columns of a table with one row per file or slice, and their short titles.
_COLUMNS = {
    "exprate": "ExpRate",
    "le1": "≤ 1",
    "le2": "≤ 2",
    "struct_rate": "Struct",
    "cdm_f1": "CDM",
    "exprate_cdm": "@CDM",
    "viseq": "VisEq",
    "rating": "rating",
    "semantic_rate": "proved",
}
_EXTRA_COLUMNS = {
    "le3": "≤ 3",
    "edit_score": "edit",
    "bleu4": "BLEU",
    "cer_published": "CER pub.",
}  # where there is room
_MAX_COLUMNS = 7  # figures that fit into 80 columns
_DECIMALS = {"rating": 2}  # of a figure in a table of several files; otherwise 1
_WIDE_SCREEN = 110  # columns from which on the extra columns are shown
_RATIOS = {"cer_published", "cer", "token_error_rate", "tree_edit_distance", "cdm_f1"}
_DEFAULT_WIDTH = 120  # columns when the width is unknown, as in a file
_MAX_SLICES = 40  # rows shown for one key
_MAX_CHANGES = 20


def title(name: str) -> str:
    """The usual name of a figure."""
    return _TITLES.get(name, name)


def written(name: str, value: float) -> str:
    """A figure with the number of decimals of its metric."""
    return f"{value:.4f}" if name in _RATIOS else f"{value:.2f}"


def with_interval(name: str, figure: Figure) -> str:
    """Value and interval."""
    return f"{written(name, figure.value)} [{written(name, figure.low)}, {written(name, figure.high)}]"


def print_evaluation(path: str, evaluation: Evaluation) -> None:
    """Print all figures of one file."""
    console = _console()
    console.print(Text(f"{path}: {evaluation.n:,} rows", style="italic"))
    table = Table("", "value", "95% interval")
    for name, figure in evaluation.figures.items():
        interval = f"{written(name, figure.low)} - {written(name, figure.high)}"
        table.add_row(title(name), written(name, figure.value), interval)
    console.print(table)
    for name, count in evaluation.counts.items():
        console.print(Text(f"{count:,} {_COUNTS.get(name, name)}"))
    _print_signatures(console, [evaluation])
    _print_slices(console, evaluation)


def _console() -> Console:
    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=_DEFAULT_WIDTH)


def _print_signatures(console: Console, evaluations: Sequence[Evaluation]) -> None:
    """Each distinct signature of the figures, once."""
    all_figures = (figure for evaluation in evaluations for figure in evaluation.figures.values())
    for signature in dict.fromkeys(figure.signature.partition("|")[2] for figure in all_figures):
        console.print(Text(signature, style="dim"), soft_wrap=True)


def print_evaluations(evaluations: Sequence[tuple[str, Evaluation]]) -> None:
    """Print one row per file."""
    console = _console()
    columns = _columns(console, evaluations[0][1].figures)
    table = _table("file", columns)
    for path, evaluation in evaluations:
        _add(table, columns, path, evaluation.n, evaluation.figures)
    console.print(table)
    for path, evaluation in evaluations:
        if evaluation.counts:
            counts = "; ".join(f"{count:,} {_COUNTS.get(name, name)}" for name, count in evaluation.counts.items())
            console.print(Text(f"{path}: {counts}"))
    _print_signatures(console, [evaluation for _, evaluation in evaluations])
    for path, evaluation in evaluations:
        if evaluation.slices:
            console.print(Text(path, style="bold"))
            _print_slices(console, evaluation)


def _columns(console: Console, figures: dict[str, Figure]) -> dict[str, str]:
    """The figures of a table, and their short titles."""
    columns = _COLUMNS | (_EXTRA_COLUMNS if console.width >= _WIDE_SCREEN else {})
    present = {key: name for key, name in columns.items() if key in figures}
    if len(present) > _MAX_COLUMNS and not _EXTRA_COLUMNS.keys() <= present.keys():
        del present["le2"], present["struct_rate"]
    return present


def _table(first: str, columns: dict[str, str]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, min_width=12, overflow="fold")
    titles = list(columns.values())
    for name in ("rows", titles[0], "95%", *titles[1:]):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _add(table: Table, columns: dict[str, str], name: str, n: int, figures: dict[str, Figure]) -> None:
    """Add a row; only the first figure has its interval: JSON has the others."""
    first, *others = columns
    interval = f"{figures[first].low:.1f}-{figures[first].high:.1f}"
    values = [f"{figures[key].value:.{3 if key in _RATIOS else _DECIMALS.get(key, 1)}f}" for key in (first, *others)]
    table.add_row(Text(name), f"{n:,}", values[0], interval, *values[1:])


def _print_slices(console: Console, evaluation: Evaluation) -> None:
    for key, slices in evaluation.slices.items():
        columns = _columns(console, evaluation.figures)
        table = _table(key, columns)
        for group, (n, figures) in list(slices.items())[:_MAX_SLICES]:
            _add(table, columns, group, n, figures)
        console.print(table)
        if len(slices) > _MAX_SLICES:
            console.print(Text(f"and {len(slices) - _MAX_SLICES:,} more: --json has all"))


def print_comparison(one: str, two: str, comparison: Comparison) -> None:
    """Two files: rates, difference, tests, and the first rows that changed."""
    console = _console()
    console.print(Text(f"{comparison.n:,} rows", style="italic"))
    table = Table("", "ExpRate", "right here only")
    for side, path, rate in (("a", one, comparison.exprate_a), ("b", two, comparison.exprate_b)):
        table.add_row(Text(f"{side} {path}"), f"{rate:.2f}", f"{sum(c.better == side for c in comparison.changes):,}")
    console.print(table)
    console.print(
        Text(
            f"b - a: {comparison.difference:+.2f} points, 95% interval "
            f"{comparison.low:+.2f} to {comparison.high:+.2f}; "
            f"p = {comparison.bootstrap_p:.3g} (paired bootstrap), {comparison.mcnemar_p:.3g} (exact McNemar)"
        )
    )
    for change in comparison.changes[:_MAX_CHANGES]:
        texts = (f"label {change.label}", f"a     {change.a}", f"b     {change.b}")
        console.print(Text("\n  ".join([f"{change.better} is right: {change.id}", *texts])))
    if len(comparison.changes) > _MAX_CHANGES:
        console.print(Text(f"and {len(comparison.changes) - _MAX_CHANGES:,} more rows changed: --json has all"))
    console.print(Text(comparison.signature, style="dim"), soft_wrap=True)
