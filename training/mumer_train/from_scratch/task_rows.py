"""Rows of several tasks over stored images: prefix of the decoder input, and answer, as tokens.

A row begins with the token of its task (`<tree_cot>`; recognition with the start token), then the formula
in the prompt (`error_find`: the prediction; `error_fix`: the marked prediction) and `<separator>`, then the answer.
Not for the texts of the tasks: see `mumer_data.tasks`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.io.atomic import atomic_write
from mumer_train.from_scratch.image_store import ImageStore

RECOGNITION = "recognition"
SEPARATOR = "<separator>"
# The words of correction logs, needed in the vocabulary for the task error_fix.
LOG_TOKENS = ("REPLACE:", "INSERT:", "DELETE:", "->", "after")
_QUOTED = re.compile(r"formula: (.*)\n[^\n]*: \Z", re.DOTALL)
_OPERATION = re.compile(r"(?<!\S)(REPLACE:|INSERT:|DELETE:)(?=\S)")
_SPACED = {"\n": " <newline> ", "\t": " <tab> ", ": ": " : ", ", ": " , "}


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One training row.

    Attributes:
        store: number of the folder of images, in the order of the settings.
        index: index of the image in it.
        task: name of the task.
        prompt: tokens of the formula in the prompt; empty for tasks about the image alone.
        answer: tokens of the answer.
    """

    store: int
    index: int
    task: str
    prompt: tuple[str, ...]
    answer: tuple[str, ...]


def answer_tokens(text: str) -> tuple[str, ...]:
    """The tokens of an answer; line breaks, tabs, and the colons and commas of task formats are separate tokens.

    Numbers of symbol counts are not split.
    """
    for part, spaced in _SPACED.items():
        text = text.replace(part, spaced)
    return tuple(_OPERATION.sub(r"\1 ", text).split())


def prompt_tokens(prompt: str) -> tuple[str, ...]:
    """The tokens of the formula in a prompt; empty if it has none."""
    quoted = _QUOTED.search(prompt)
    return tuple(quoted[1].split()) if quoted else ()


def write_rows(path: Path, rows: Iterable[TaskRow]) -> int:
    """Write rows as JSON lines; returns their number."""
    lines = [
        json.dumps([row.store, row.index, row.task, " ".join(row.prompt), " ".join(row.answer)], ensure_ascii=False)
        for row in rows
    ]
    with atomic_write(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def read_rows(path: Path, stores: Sequence[ImageStore]) -> list[TaskRow]:
    """The rows of a file written by `write_rows`.

    Raises:
        SourceError: the file cannot be read, or names an image that the stores do not have.
    """
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            store, index, task, prompt, answer = json.loads(line)
            if not (0 <= store < len(stores) and 0 <= index < len(stores[store])):
                raise ValueError(f"line {number} names image {index} of folder {store}, which does not exist")
            rows.append(TaskRow(store, index, str(task), tuple(prompt.split()), tuple(answer.split())))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SourceError(f"{path} is not a file of training rows ({error})") from None
    return rows
