"""Console output of `mumer mine`. Layout only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_mining(out: Path, counts: dict[str, Any], configs: list[str]) -> None:
    """Print the counts of a mining run and the next commands."""
    console = Console()
    malformed = f" + {counts['malformed']:,} malformed" if counts["malformed"] else ""
    console.print(Text(f"{counts['read']:,} read = {counts['correct']:,} right + {counts['wrong']:,} wrong{malformed}"))
    console.print(Text(f"{counts['wrong']:,} wrong = {counts['sampled']:,} sampled + {counts['rejected']:,} rejected"))
    copied, rejected = counts["nothing_to_fix"], counts["correct_rejected"]
    if copied or rejected:
        line = f"{counts['correct']:,} right = {copied:,} with nothing to fix + {counts['correct_unused']:,} left"
        console.print(Text(line + (f" + {rejected:,} rejected" if rejected else "")))
    if counts["reasons"]:
        table = Table("rejected for", "rows")
        table.columns[1].justify = "right"
        for reason, count in counts["reasons"].items():
            table.add_row(reason, f"{count:,}")
        console.print(table)
    if doubtful := counts["reasons"].get("label_doubtful"):
        where = f", listed in {out / 'doubts.parquet'}" if (out / "doubts.parquet").is_file() else ""
        console.print(Text(f"{doubtful:,} wrong predictions were not used: their label is probably wrong{where}"))
    console.print(Text(f"look at it:  mumer inspect {out}; {out}/confusions.png"))
    console.print(Text(f"load it:     datasets.load_dataset({str(out)!r}, {configs[0]!r})"))
