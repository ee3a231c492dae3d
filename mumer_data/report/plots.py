"""Plots of distributions with matplotlib. Layout only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mumer_data.io.atomic import atomic_write
from mumer_data.report.statistics import Statistics, by_frequency

_TITLES = {
    "length": "tokens of a label, braces counted",
    "depth": "depth of the symbol layout tree",
    "width": "width of an image, pixels",
    "height": "height of an image, pixels",
}
_MAX_SYMBOLS = 60
_BINS = 60
_INK = "#1f4e79"


def plot_statistics(statistics: Statistics, folder: Path) -> list[Path]:
    """One PNG for each distribution of numbers, and ``symbols.png``; returns the paths.

    Raises:
        OutputError: the folder cannot be written.
    """
    paths = [_histogram(folder / f"{name}.png", _TITLES[name], counts) for name, counts in statistics.numbers().items()]
    return [*paths, _symbols(folder / "symbols.png", statistics)]


def _histogram(path: Path, title: str, counts: Counter[int]) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    values = sorted(counts)
    if values:
        step = -(
            -(values[-1] - values[0] + 1) // _BINS
        )  # an integer: otherwise some bins would hold more values than others
        edges = [edge - 0.5 for edge in range(values[0], values[-1] + step + 1, step)]
        axes.hist(values, bins=edges, weights=[counts[value] for value in values], color=_INK)
    axes.set(xlabel=title, ylabel="examples")
    axes.spines[["top", "right"]].set_visible(False)
    return _save(figure, path)


def _symbols(path: Path, statistics: Statistics) -> Path:
    from matplotlib.figure import Figure

    shown = by_frequency(statistics.symbols)[:_MAX_SYMBOLS]
    figure = Figure(figsize=(max(6, 0.2 * len(shown)), 3.5), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(len(shown)), [count for _, count in shown], color=_INK)
    axes.set_yscale("log")
    axes.set_xticks(range(len(shown)))
    axes.set_xticklabels([name.replace("$", r"\$") for name, _ in shown], rotation=90, fontsize=7, family="monospace")
    axes.set(ylabel="occurrences", title=f"the {len(shown)} most frequent of {len(statistics.symbols)} symbols")
    axes.margins(x=0.01)
    axes.spines[["top", "right"]].set_visible(False)
    return _save(figure, path)


def _save(figure: object, path: Path) -> Path:
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)  # type: ignore[attr-defined]
    return path
