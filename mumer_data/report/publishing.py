"""Console output of `mumer push`. Layout only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mumer_data.hub.checks import Finding
from mumer_data.hub.folder import Build
from mumer_data.hub.publication import Upload, not_uploaded

if TYPE_CHECKING:
    from mumer_data.hub.push import Pushed

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


class _ProgressCallback(Protocol):
    def __call__(self, done: int, total: int, /) -> None: ...


@contextmanager
def sending_progress(title: str) -> Iterator[_ProgressCallback]:
    """A bar of bytes on stderr, where that is a terminal; the client's own bars are off meanwhile."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    were_off = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(title, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
    finally:
        if not were_off:
            enable_progress_bars()


def print_findings(findings: Sequence[Finding]) -> None:
    """One line each, on stderr, so that they are shown when stdout is redirected."""
    console = Console(stderr=True)
    for finding in findings:
        line = Text(f"{finding.level}: ", style=_STYLES[finding.level])
        console.print(line.append(f"{finding.check}: {finding.message}", style="default"), soft_wrap=True)


def print_plan(build: Build, uploads: Sequence[Upload], repo: str) -> None:
    """Every config and file that a push would send."""
    console = Console()
    table = Table("file", title=f"to {repo}", title_justify="left")
    for title in ("files", "size"):
        table.add_column(title, justify="right")
    for config in build.configs:
        table.add_row(Text(config.pattern), f"{len(config.shards):,}", decimal(config.size))
    shards = {shard.file for config in build.configs for shard in config.shards}
    for upload in uploads:
        if upload.path not in shards:
            table.add_row(Text(upload.path), "1", decimal(upload.size))
    console.print(table)
    local = not_uploaded(build, uploads)
    console.print(Text(f"stays here: {', '.join(local)}" if local else "nothing stays here"))
    total = sum(upload.size for upload in uploads)
    console.print(Text(f"{len(uploads):,} files, {decimal(total)}; nothing was sent (--dry-run)"))


def print_pushed(build: Build, pushed: Pushed) -> None:
    """The repository, what was sent, and the line that loads it."""
    console = Console()
    visibility = "private" if pushed.private else "public"
    console.print(Text(f"{pushed.repo} ({visibility}), branch {pushed.revision}, commit {pushed.commit}"))
    counts = f"files: {pushed.sent:,} changed ({decimal(pushed.size)}), {pushed.unchanged:,} there already"
    console.print(Text(counts + (f", {pushed.removed:,} removed" if pushed.removed else "")))
    console.print(Text(f"{pushed.verified:,} checksums on the Hub compared with the files here: all the same"))
    first = build.configs[0].name
    branch = "" if pushed.revision == "main" else f", revision={pushed.revision!r}"
    console.print(Text(f"load it:  datasets.load_dataset({pushed.repo!r}, {first!r}{branch})"), soft_wrap=True)
