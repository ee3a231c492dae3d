"""Self-consistency of answers: whether the tree or counts at the start of an answer match the label after them.

Not for correctness: see `mumer_data.metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mumer_data.exceptions import MumerError
from mumer_data.latex.counts import read_counts, symbol_counts
from mumer_data.latex.deserialize import read_label
from mumer_data.latex.serialize import Dialect, label_text
from mumer_data.recognizers import RecognizerError
from mumer_data.recognizers.journal import final_line

TASKS = ("tree_cot", "symbol_count")
UNNAMED: tuple[Dialect, ...] = ("published", "slt")


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """Counts of self-consistent answers.

    Attributes:
        n: number of answers.
        readable: answers whose tree or counts can be read.
        agree: answers whose tree or counts are those of their label; a label that cannot be read does not agree.
    """

    n: int
    readable: int
    agree: int


def self_check(answers: Iterable[str], task: str, dialect: Dialect | None = None) -> SelfCheck:
    """Parse the first part of each answer, and compare it with the last line.

    Args:
        answers: answers of one task.
        task: ``tree_cot`` or ``symbol_count``.
        dialect: dialect of the trees; ``None`` for ``published`` or ``slt``.

    Raises:
        RecognizerError: answers of the task have only one part.
    """
    check_task(task)
    verdicts = [agrees(answer, task, dialect) for answer in answers]
    readable = sum(verdict is not None for verdict in verdicts)
    return SelfCheck(len(verdicts), readable, sum(verdict is True for verdict in verdicts))


def check_task(task: str) -> None:
    """Raise `RecognizerError` if answers of a task have only one part."""
    if task not in TASKS:
        raise RecognizerError(f"answers of {task} have one part: choose {' or '.join(TASKS)}")


def agrees(answer: str, task: str, dialect: Dialect | None = None) -> bool | None:
    """Whether the first part matches the label after it; ``None`` if the first part cannot be read.

    ``compact`` must be named: its tree of a label without branches is the label itself, as is a repeated answer.
    """
    first, _, _ = answer.rstrip().rpartition("\n")
    label = final_line(answer)
    if task != "tree_cot":
        return _counts_agree(first, label)
    verdicts = [_tree_agrees(first, label, candidate) for candidate in ([dialect] if dialect else UNNAMED)]
    return True if True in verdicts else False if False in verdicts else None


def _tree_agrees(text: str, label: str, dialect: Dialect) -> bool | None:
    try:
        read_label(text, dialect)
    except MumerError:
        return None
    try:
        return text == label_text(label, dialect)
    except MumerError:
        return False


def _counts_agree(text: str, label: str) -> bool | None:
    try:
        return read_counts(text) == symbol_counts(label)
    except MumerError:
        return None
