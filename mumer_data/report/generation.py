"""Console output of `mumer generate labels`. Layout only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

_WORDS = {
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
    """Where the labels are, what was drawn, and the bins that others had to stand in for."""
    console = Console()
    counts = record["counts"]
    dropped = ", ".join(f"{counts[fate]:,} {words}" for fate, words in _WORDS.items() if counts[fate])
    console.print(
        Text(f"{counts['kept']:,} labels in {out}, of {record['drawn']:,} drawn ({dropped or 'none dropped'})")
    )
    if "corpus" in record:
        corpus = record["corpus"]
        used = corpus["different"] - corpus["unbalanced"]
        text = f"learned from {used:,} different labels of {corpus['labels']:,}"
        passed = f"{corpus['unbalanced']:,} unbalanced, {corpus['unreadable']:,} unreadable rows"
        console.print(Text(f"{text}; passed over: {passed}"))
    else:
        console.print(Text(", ".join(f"{count:,} {kind}" for kind, count in record["kinds"].items())))
    missing = sum(max(one["asked"] - one["kept"], 0) for one in record["bins"])
    if missing:
        console.print(
            Text(f"{missing:,} labels of lengths that have no more new ones were replaced by others", style="yellow")
        )
