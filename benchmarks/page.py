"""The page of results, from the figures of the benchmarks and the notes in NOTES.md. Not for measuring."""

from __future__ import annotations

import ast
import datetime
import importlib.util
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from figures import HEADINGS, Outcome, cells

HERE = Path(__file__).parent


def machine() -> str:
    """Processor, cores, Python and load; nothing that identifies the machine."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        told = ""
    match = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    model = re.sub(r"\s+", " ", match[1] if match else platform.processor() or platform.machine())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{model}, {cores} core{'s' if cores > 1 else ''}, {platform.system()} {platform.machine()}, {python}{busy}"


def about(module: str) -> str:
    """The first line of a module's docstring. The module is not imported: it may need packages that are absent."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    return (ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or "").split("\n")[0]


def notes(file: Path = HERE / "NOTES.md") -> dict[str, str]:
    """Benchmark -> its notes: the sections of the file by their headings."""
    parts = re.split(r"^## (\S+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def tally(outcomes: Sequence[Outcome]) -> str:
    """The number of met targets, and the benchmarks that were not measured."""
    judged = [figure for outcome in outcomes for figure in outcome.figures if figure.target is not None]
    met = sum(not figure.missed for figure in judged)
    parts = [f"{met} of {len(judged)} targets met"]
    for what in ("skipped", "broken"):
        names = [outcome.name for outcome in outcomes if getattr(outcome, what)]
        parts += [f"{what}: {', '.join(names)}"] if names else []
    return "; ".join(parts) + "."


def row(texts: Sequence[str]) -> str:
    """One row of a table in Markdown."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def section(outcome: Outcome, title: str, note: str) -> list[str]:
    """Heading, what is measured, table, notes."""
    module = f"bench_{outcome.name}"
    lines = [f"## {title}: `{module}.py`", "", about(module), ""]
    if outcome.figures:
        lines += [row(HEADINGS), row(["---"] * len(HEADINGS)), *(row(cells(figure)) for figure in outcome.figures), ""]
    if outcome.skipped:
        lines += [f"Skipped: {outcome.skipped}.", ""]
    if outcome.broken:
        lines += [f"Broken: `{outcome.broken}`", ""]
    return [*lines, note, ""] if note else lines


def results(outcomes: Sequence[Outcome], titles: Mapping[str, str], where: str, quick: bool) -> str:
    """The page; ``where`` is the result of `machine` before the first benchmark."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    written = notes()
    lines = [
        "# Results",
        "",
        f"Measured by `make bench` on {today}: {where}. {tally(outcomes)}",
        "",
        "A ratio says how many times as good as its reference a figure is; the target is the smallest ratio that",
        "passes. Rates and times are processor time on one core unless a note says otherwise. A reference program of",
        "another project ran in the same process. Where the reference is a stated number, the target is 1.",
        "",
    ]
    if quick:
        lines += ["**A quick run on small sizes: it shows that everything works, not the speed.**", ""]
    for outcome in outcomes:
        lines += section(outcome, titles[outcome.name], written.get(outcome.name, ""))
    return "\n".join(lines).rstrip() + "\n"
