"""Constrained decoding: a model can only write what the grammar reads.

The grammar of the text is derived from ``grammars/``; there is no second copy to keep.
"""

from __future__ import annotations

from mumer_train.constrained.grammar import label_grammar, tree_grammar
from mumer_train.constrained.mask import Constraint
from mumer_train.dependencies import TrainingError


def grammar_of(task: str) -> str:
    """The grammar of a task's answers; raises `TrainingError` where there is none."""
    if task == "recognition":
        return label_grammar()
    if task == "tree_cot":
        return tree_grammar()
    raise TrainingError(f"there is no grammar for answers of {task}: choose recognition or tree_cot")


__all__ = ["Constraint", "grammar_of", "label_grammar", "tree_grammar"]
