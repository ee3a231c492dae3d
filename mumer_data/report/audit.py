"""Console output of `mumer audit`. Layout only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from mumer_data.label_audit.rank import Finding

_MAX_ROWS = 20
_SIGNALS = {
    "syntax": "does not parse",
    "raw_label": "released label differs",
    "duplicate_of": "duplicate image",
    "neighbour": "label of a neighbour",
    "segmentation": "marked symbols differ",
}


def print_audit(out: Path, summary: dict[str, Any], findings: Sequence[Finding]) -> None:
    """Counts, the most doubtful rows, and where the rest is."""
    console = Console()
    for finding in findings[:_MAX_ROWS]:
        signals = [text for name, text in _SIGNALS.items() if getattr(finding.signals, name)]
        if finding.evidence["ink_misfit"] >= 3:
            signals.append("ink does not fit")
        note = f" ({', '.join(signals)})" if signals else ""
        console.print(Text(f"{finding.rank:>3}. {finding.probability:.2f}  {finding.id}{note}"))
        console.print(Text(f"     label     {finding.label}"), soft_wrap=True)
        console.print(Text(f"     proposal  {finding.proposal or '-'}"), soft_wrap=True)
    console.print(
        Text(
            f"{summary['rows']:,} rows, {len(summary['predictions'])} prediction files; "
            f"{summary['expected_wrong']:g} wrong labels expected with a prior of {summary['prior']:.1%}, "
            f"{summary['probability_over_half']:,} rows are more likely wrong than right"
        )
    )
    console.print(Text(f"all rows: {out / 'audit.parquet'}; to review: {out / 'index.html'}"))
