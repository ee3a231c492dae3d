"""Console output: tables, samples and progress bars. Layout only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from mumer_data.report.summary import BuildSummary, ConfigSummary


class _Rate(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        """The current speed."""
        return Text(f"{task.speed:,.1f}/s" if task.speed else "")


@contextmanager
def build_progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr if that is a terminal; yields the function that sets it to (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def reading_progress(title: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar over ``size`` bytes on stderr if only that is a terminal; yields the function that adds bytes."""
    console = Console(stderr=True)
    if sys.stdout.isatty() or not console.is_terminal:
        yield lambda count: None
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console) as progress:
        task = progress.add_task(title, total=size)
        yield lambda count: progress.advance(task, count)


def print_build(out: Path, manifest: dict[str, Any]) -> None:
    """Print the counts of a build, its rejects, and the next commands."""
    console = Console()
    console.print(
        _configs([(n, c["task"], c["rows"], len(c["shards"]), c["size"]) for n, c in manifest["configs"].items()])
    )
    _print_counts(console, manifest["counts"])
    console.print(Text(f"look at it:  mumer inspect {out}"))
    first = next(iter(manifest["configs"]))
    console.print(Text(f"load it:     datasets.load_dataset({str(out)!r}, {first!r})"))


def print_summary(summary: BuildSummary) -> None:
    """A finished build: configs, counts, rejects, and a sample of each config."""
    console = Console()
    console.print(_configs([(c.name, c.task, c.rows, c.shards, c.size) for c in summary.configs]))
    counts = {"read": summary.read, "accepted": summary.accepted, "rejected": summary.rejected}
    _print_counts(console, {**counts, "reasons": summary.reasons})
    for reject in summary.rejects:
        line = f"row {reject['row']} {reject['id']}: {reject['reason']}: {reject['message']}"
        console.print(Text(f"  {line}", style="yellow"))
    for config in summary.configs:
        console.print(_sample(config))


def _configs(rows: list[tuple[str, str, int, int, int]]) -> Table:
    table = Table("config", "task")
    for title in ("rows", "shards", "size"):
        table.add_column(title, justify="right")
    for name, task, count, shards, size in rows:
        table.add_row(Text(name), task, f"{count:,}", str(shards), decimal(size))
    return table


def _print_counts(console: Console, counts: dict[str, Any]) -> None:
    line = f"{counts['read']:,} rows read = {counts['accepted']:,} accepted + {counts['rejected']:,} rejected"
    if unused := counts["read"] - counts["accepted"] - counts["rejected"]:
        line += f" + {unused:,} not needed"
    reasons = ", ".join(f"{name} {count:,}" for name, count in counts["reasons"].items())
    console.print(Text(f"{line} ({reasons}; see rejects.parquet)" if reasons else line))


def _sample(config: ConfigSummary) -> Panel:
    sample = config.sample
    if sample is None:
        return Panel(Text("no rows"), title=Text(config.name))
    size = f" {sample.image_size[0]} x {sample.image_size[1]} px" if sample.image_size else ""
    body = Text(f"{sample.id}  image {sample.image}{size}\n", style="dim")
    for role, content in sample.messages:
        body.append(f"\n{role}: ", style="bold cyan")
        body.append(content.replace("\t", "    ") + "\n", style="default")
    return Panel(body, title=Text(config.name), title_align="left")
