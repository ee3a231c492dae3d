"""Self-consistency of answers: does the tree, or do the counts, that a model writes first match the label after them?

Not for correctness: see `mumer_data.metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mumer_data.exceptions import MumerError
from mumer_data.latex.counts import read_counts, symbol_counts
from mumer_data.latex.deserialize import read_label
from mumer_data.latex.serialize import DIALECTS, label_text
from mumer_data.recognizers import RecognizerError
from mumer_data.recognizers.journal import final_line

TASKS = ("tree_cot", "symbol_count")


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """How often answers agree with themselves.

    Attributes:
        n: answers.
        readable: whose tree or counts can be read.
        agree: whose tree or counts are those of their own label; where that cannot be read, they are not.
    """

    n: int
    readable: int
    agree: int


def self_check(answers: Iterable[str], task: str) -> SelfCheck:
    """Read the first part of each answer back, and compare it with the last line.

    Raises:
        RecognizerError: answers of the task have only one part.
    """
    check_task(task)
    verdicts = [agrees(answer, task) for answer in answers]
    readable = sum(verdict is not None for verdict in verdicts)
    return SelfCheck(len(verdicts), readable, sum(verdict is True for verdict in verdicts))


def check_task(task: str) -> None:
    """Raise `RecognizerError` where answers of a task have only one part."""
    if task not in TASKS:
        raise RecognizerError(f"answers of {task} have one part: choose {' or '.join(TASKS)}")


def agrees(answer: str, task: str) -> bool | None:
    """Whether the first part is what the label after it gives; ``None`` where the first part cannot be read."""
    first, _, _ = answer.rstrip().rpartition("\n")
    label = final_line(answer)
    try:
        read = read_label(first) if task == "tree_cot" else read_counts(first)
    except MumerError:
        return None
    try:
        if task == "tree_cot":
            return first in [label_text(label, dialect) for dialect in DIALECTS]
        return symbol_counts(label) == read
    except MumerError:
        return False
