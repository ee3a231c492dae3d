"""Tasks: label -> one training sample each, the prompt beside the answer that it asks for.

A new task is one module with a class of the shape of `Task` (or, about a prediction, of `ErrorTask`), and one line in
`TASKS` (or `ERROR_TASKS`).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from mumer_data.records import Correction, Sample
from mumer_data.registry import registered


class Task(BaseModel):
    """One kind of question about an image; its fields are the options that a pipeline may set.

    Attributes:
        suffix: what the task adds to the name of a config, as in the published data.
        prompt: the user turn, to the byte, without the image placeholder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suffix: ClassVar[str]
    prompt: ClassVar[str]

    def answer(self, label: str) -> str:
        """The assistant turn for a label that parses."""
        raise NotImplementedError

    def sample(self, example_id: str, label: str) -> Sample:
        """The sample of one example."""
        return Sample(example_id, self.prompt, self.answer(label))


class ErrorTask(BaseModel):
    """One kind of question about an image and what a model read in it.

    Attributes:
        suffix: what the task adds to the name of a config, as in the published data.
        instruction: the first part of the user turn, to the byte, without the image placeholder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suffix: ClassVar[str]
    instruction: ClassVar[str]

    def prompt(self, found: Correction) -> str:
        """The user turn about one prediction, without the image placeholder."""
        raise NotImplementedError

    def answer(self, found: Correction) -> str:
        """The assistant turn."""
        raise NotImplementedError

    def sample(self, example_id: str, found: Correction) -> Sample:
        """The sample of one prediction."""
        return Sample(example_id, self.prompt(found), self.answer(found))


# name in a pipeline file -> "module:class".
TASKS = {
    "recognition": "mumer_data.tasks.recognition:Recognition",
    "tree_cot": "mumer_data.tasks.tree_cot:TreeCot",
    "symbol_count": "mumer_data.tasks.symbol_count:SymbolCount",
}

# tasks about predictions: `mumer mine` and `mumer corrupt` write them, pipelines over labels cannot.
ERROR_TASKS = {
    "error_find": "mumer_data.tasks.error_find:ErrorFind",
    "error_fix": "mumer_data.tasks.error_fix:ErrorFix",
}


def error_tasks() -> dict[str, ErrorTask]:
    """Every task about predictions, by name."""
    return {name: registered(ERROR_TASKS, name)() for name in ERROR_TASKS}


def task_class(name: str) -> type[Task]:
    """The task registered under ``name``; raises ``KeyError`` where there is none."""
    found: type[Task] = registered(TASKS, name)
    return found
