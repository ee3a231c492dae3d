"""Constrained decoding: a model can only generate text that the grammar accepts.

The text grammar is derived from ``grammars/``; there is no second copy.
"""

from __future__ import annotations

from mumer_data.latex.serialize import Dialect
from mumer_train.constrained.grammar import label_grammar, tree_grammar
from mumer_train.constrained.mask import Constraint
from mumer_train.dependencies import TrainingError


def grammar_of(task: str, dialect: Dialect = "published") -> str:
    """The grammar of the answers of a task, trees in a dialect; raises `TrainingError` for a task without a grammar."""
    if task == "recognition":
        return label_grammar()
    if task == "tree_cot":
        return tree_grammar(dialect)
    raise TrainingError(f"there is no grammar for answers of {task}: choose recognition or tree_cot")


__all__ = ["Constraint", "grammar_of", "label_grammar", "tree_grammar"]
