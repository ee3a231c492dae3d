"""Console output of `mumer generate labels`. Layout only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

_DROPPED = {
    "duplicate": "drawn before",
    "known": "known from the corpus",
    "excluded": "excluded",
    "length": "of another length",
    "depth": "of another depth",
    "surplus": "of lengths that were full",
    "unreadable": "not canonical",
    "too_large": "too large",
    "untrue": "not true",
}


def print_generation(out: Path, record: dict[str, Any]) -> None:
    """Where the labels are, the counts, and how many labels have another length than requested."""
    console = Console()
    counts = record["counts"]
    dropped = ", ".join(
        f"{counts[reason]:,} {description}" for reason, description in _DROPPED.items() if counts[reason]
    )
    console.print(
        Text(f"{counts['kept']:,} labels in {out}, of {record['drawn']:,} drawn ({dropped or 'none dropped'})")
    )
    if "corpus" in record:
        corpus = record["corpus"]
        used = corpus["different"] - corpus["unbalanced"]
        text = f"learned from {used:,} different labels of {corpus['labels']:,}"
        skipped = f"{corpus['unbalanced']:,} unbalanced, {corpus['unreadable']:,} unreadable rows"
        console.print(Text(f"{text}; passed over: {skipped}"))
    else:
        console.print(Text(", ".join(f"{count:,} {kind}" for kind, count in record["kinds"].items())))
    missing = sum(max(length_bin["asked"] - length_bin["kept"], 0) for length_bin in record["bins"])
    if missing:
        console.print(
            Text(f"{missing:,} labels of lengths that have no more new ones were replaced by others", style="yellow")
        )
