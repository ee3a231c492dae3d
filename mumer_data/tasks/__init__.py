"""Tasks: expression -> training sample, i.e. a prompt about the image and the answer to learn.

A new task is one module with a subclass of `Task` (or, about a prediction, of `ErrorTask`), and one line in
`TASKS` (or `ERROR_TASKS`).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from mumer_data.latex.expression import Expression
from mumer_data.records import Correction, Sample
from mumer_data.registry import Registry


class Task(BaseModel):
    """One kind of question about an image; its fields are the options that a pipeline may set.

    Attributes:
        suffix: appended to the name of a config, as in the published data.
        prompt: the user turn, byte for byte, without the image placeholder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suffix: ClassVar[str]
    prompt: ClassVar[str]

    def answer(self, expression: Expression) -> str:
        """The assistant turn for an expression that parses."""
        raise NotImplementedError

    def sample(self, label: str | Expression, id: str = "") -> Sample:
        """The sample of one example.

        Args:
            label: a tokenised label, or its expression if it is parsed already.
            id: of the example.

        Raises:
            LatexSyntaxError: the label does not parse.
        """
        expression = Expression.of(label)
        expression.validate()
        return Sample(id, self.prompt, self.answer(expression))


class ErrorTask(BaseModel):
    """One kind of question about an image and the prediction of a model.

    Attributes:
        suffix: appended to the name of a config, as in the published data.
        instruction: the first part of the user turn, byte for byte, without the image placeholder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suffix: ClassVar[str]
    instruction: ClassVar[str]

    def prompt(self, correction: Correction) -> str:
        """The user turn about one prediction, without the image placeholder."""
        raise NotImplementedError

    def answer(self, correction: Correction) -> str:
        """The assistant turn."""
        raise NotImplementedError

    def sample(self, correction: Correction, id: str = "") -> Sample:
        """The sample of one prediction of the image ``id``."""
        return Sample(id, self.prompt(correction), self.answer(correction))


# name in a pipeline file -> "module:class".
TASKS = Registry(
    "task",
    "mumer.tasks",
    {
        "recognition": "mumer_data.tasks.recognition:Recognition",
        "tree_cot": "mumer_data.tasks.tree_cot:TreeCot",
        "symbol_count": "mumer_data.tasks.symbol_count:SymbolCount",
    },
)

# tasks about predictions: written by `mumer mine` and `mumer corrupt`, not available in pipelines over labels
ERROR_TASKS = Registry(
    "error task",
    "mumer.error_tasks",
    {
        "error_find": "mumer_data.tasks.error_find:ErrorFind",
        "error_fix": "mumer_data.tasks.error_fix:ErrorFix",
    },
)


def error_tasks() -> dict[str, ErrorTask]:
    """Every task about predictions, by name."""
    return {name: ERROR_TASKS.load(name)() for name in ERROR_TASKS}


def task_class(name: str) -> type[Task]:
    """The task registered under ``name``; raises ``KeyError`` for an unknown name."""
    task: type[Task] = TASKS.load(name)
    return task
