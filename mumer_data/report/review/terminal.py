"""Review of doubtful labels in the terminal: one question per row, each decision is saved at once.

Not for the page: see `write`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.label_audit.rank import Finding
from mumer_data.latex.parser import parse
from mumer_data.readers.corrections import LabelCorrection, read_corrections, write_corrections

_QUESTION = "[k]eep, [t]ake the proposal, [e]dit, [d]rop, [u]nsure, [q]uit: "
_VERDICTS = {"k": "keep", "t": "take", "e": "edit", "d": "drop", "u": "unsure"}


def review_in_terminal(
    findings: Sequence[Finding],
    path: Path,
    *,
    who: str = "",
    ask: Callable[[str], str] = input,
    show: Callable[[str], None] = print,
) -> int:
    """Ask about every row that has no decision yet; the end of the input stops the review.

    Args:
        findings: the rows to review, in order.
        path: corrections; decisions that it holds are kept, and their rows are skipped.
        who: name of the reviewer.
        ask: shows a question and returns the answer.
        show: prints a line.

    Returns:
        The number of decisions made now.

    Raises:
        SourceError: ``path`` exists and is not a file of corrections.
    """
    decisions = read_corrections(path) if path.exists() else {}
    before = len(decisions)
    for finding in findings:
        if finding.id in decisions:
            continue
        show(f"\n{finding.rank}. {finding.id}   P(wrong) {finding.probability:.2f}")
        show(f"label:    {finding.label}")
        show(f"proposal: {finding.proposal or '(none)'}")
        try:
            decision = _ask(finding, who, ask, show)
        except EOFError:
            break
        if decision is None:
            break
        decisions[finding.id] = decision
        write_corrections(path, decisions.values())
    return len(decisions) - before


def _ask(finding: Finding, who: str, ask: Callable[[str], str], show: Callable[[str], None]) -> LabelCorrection | None:
    """The decision about one row; ``None`` to stop."""
    while True:
        key = ask(_QUESTION).strip().lower()[:1]
        if key == "q":
            return None
        verdict = _VERDICTS.get(key)
        if verdict is None or (verdict == "take" and not finding.proposal):
            show("there is no proposal to take" if verdict else "answer with one of the letters in brackets")
            continue
        new = {"take": finding.proposal, "drop": ""}.get(verdict, finding.label)
        if verdict == "edit":
            new = " ".join(ask("new label: ").split())
            try:
                parse(new)
            except LatexSyntaxError as error:
                show(str(error))
                continue
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return LabelCorrection(finding.id, finding.label, new, verdict, who, when)
