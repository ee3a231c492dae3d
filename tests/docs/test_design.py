"""The design page: its trace of a label is what the code does, its list of folders is complete, in import order."""

from __future__ import annotations

import re

from mumer_data.latex.trace import trace
from tests.docs.pages import ROOT
from tests.test_package import MAX_FILE_LINES, MAX_FUNCTION_LINES, ORDER

PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
LABEL = r"\frac { a ^ { 2 } + 1 } { b }"


def trace_table(label: str) -> str:
    """The trace of a label as a Markdown table."""
    lines = ["| token | LR states of the branch | memory | open branches | op | payload | output |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for row in trace(label):
        states = " ".join(map(str, row.states))
        cells = [row.token or "end", states, row.memory, str(row.frames), row.op.name, row.payload, row.output.strip()]
        lines.append("| " + " | ".join(f"`{cell}`" if cell else "" for cell in cells) + " |")
    return "\n".join(lines)


def test_the_trace_is_that_of_the_code() -> None:
    table = trace_table(LABEL)
    assert table in PAGE, f"docs/design.md should contain\n{table}"


def test_the_folders_stand_in_import_order() -> None:
    rows = re.findall(r"^\| `([a-z_]+)(?:/|\.py)`", PAGE, re.M)
    assert rows == ORDER


def test_the_limits_are_those_of_the_check() -> None:
    assert f"at most {MAX_FILE_LINES} lines" in PAGE
    assert f"at most {MAX_FUNCTION_LINES} lines" in PAGE
