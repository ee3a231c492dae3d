"""What `mumer evaluate` and `mumer compare` print. Only layout, no figures of its own."""

from __future__ import annotations

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
}
_COUNTS = {
    "semantic_proved": "proved equal though the tokens differ",
    "semantic_not_convertible": "no algebra, not tried",
    "semantic_timeout": "out of time, not proved",
    "cdm_unrenderable": "predictions that cannot be typeset (CDM 0)",
    "cdm_unrenderable_labels": "labels that cannot be typeset (left out of CDM)",
}
# Columns where several files or slices stand below each other, with short titles.
_COLUMNS = {
    "exprate": "ExpRate",
    "le1": "≤ 1",
    "le2": "≤ 2",
    "struct_rate": "Struct",
    "cdm_f1": "CDM",
    "exprate_cdm": "@CDM",
    "viseq": "VisEq",
    "semantic_rate": "proved",
}
_RATIOS = {"cer_published", "cer", "token_error_rate", "tree_edit_distance", "cdm_f1"}
_SLICES = 40  # shown of one key
_CHANGES = 20


def title(name: str) -> str:
    """What people call a figure."""
    return _TITLES.get(name, name)


def written(name: str, value: float) -> str:
    """A figure with as many decimals as it deserves."""
    return f"{value:.4f}" if name in _RATIOS else f"{value:.2f}"


def with_interval(name: str, figure: Figure) -> str:
    """Value and interval."""
    return f"{written(name, figure.value)} [{written(name, figure.low)}, {written(name, figure.high)}]"


def print_evaluation(path: str, found: Evaluation) -> None:
    """Everything about one file."""
    console = Console()
    table = Table("", "value", "95% interval", title=f"{path}: {found.n:,} rows", title_justify="left")
    for name, figure in found.figures.items():
        interval = f"{written(name, figure.low)} - {written(name, figure.high)}"
        table.add_row(title(name), written(name, figure.value), interval)
    console.print(table)
    for name, count in found.counts.items():
        console.print(Text(f"{count:,} {_COUNTS.get(name, name)}"))
    for signature in dict.fromkeys(figure.signature.partition("|")[2] for figure in found.figures.values()):
        console.print(Text(signature, style="dim"))
    _print_slices(console, found)


def print_evaluations(found: Sequence[tuple[str, Evaluation]]) -> None:
    """Several files, a row each."""
    console = Console()
    table = _table("file", found[0][1].figures)
    for path, evaluation in found:
        _add(table, path, evaluation.n, evaluation.figures)
    console.print(table)
    for path, evaluation in found:
        if evaluation.counts:
            counts = "; ".join(f"{count:,} {_COUNTS.get(name, name)}" for name, count in evaluation.counts.items())
            console.print(Text(f"{path}: {counts}"))
    for path, evaluation in found:
        if evaluation.slices:
            console.print(Text(path, style="bold"))
            _print_slices(console, evaluation)


def _table(first: str, figures: dict[str, Figure]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, min_width=12, overflow="fold")
    titles = [name for key, name in _COLUMNS.items() if key in figures]
    for name in ("rows", titles[0], "95%", *titles[1:]):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _add(table: Table, name: str, n: int, figures: dict[str, Figure]) -> None:
    """A row; only the first figure with its interval: JSON has the others."""
    first, *others = [key for key in _COLUMNS if key in figures]
    interval = f"{figures[first].low:.1f}-{figures[first].high:.1f}"
    values = [f"{figures[key].value:{'.3f' if key in _RATIOS else '.1f'}}" for key in (first, *others)]
    table.add_row(Text(name), f"{n:,}", values[0], interval, *values[1:])


def _print_slices(console: Console, found: Evaluation) -> None:
    for key, slices in found.slices.items():
        table = _table(key, found.figures)
        for group, (n, figures) in list(slices.items())[:_SLICES]:
            _add(table, group, n, figures)
        console.print(table)
        if len(slices) > _SLICES:
            console.print(Text(f"and {len(slices) - _SLICES:,} more: --json has all"))


def print_comparison(one: str, two: str, found: Comparison) -> None:
    """Two files: rates, difference, tests, and the first rows that changed."""
    console = Console()
    table = Table("", "ExpRate", "right here only", title=f"{found.n:,} rows", title_justify="left")
    for side, path, rate in (("a", one, found.exprate_a), ("b", two, found.exprate_b)):
        table.add_row(Text(f"{side} {path}"), f"{rate:.2f}", f"{sum(c.better == side for c in found.changes):,}")
    console.print(table)
    console.print(
        Text(
            f"b - a: {found.difference:+.2f} points, 95% interval {found.low:+.2f} to {found.high:+.2f}; "
            f"p = {found.bootstrap_p:.3g} (paired bootstrap), {found.mcnemar_p:.3g} (exact McNemar)"
        )
    )
    for change in found.changes[:_CHANGES]:
        texts = (f"label {change.label}", f"a     {change.a}", f"b     {change.b}")
        console.print(Text("\n  ".join([f"{change.better} is right: {change.id}", *texts])))
    if len(found.changes) > _CHANGES:
        console.print(Text(f"and {len(found.changes) - _CHANGES:,} more rows changed: --json has all"))
    console.print(Text(found.signature, style="dim"))
