"""Rewards from symbol layout trees: `tree_similarity`, `structure`, `self_consistent`.

Not for the distance itself: see `mumer_data.metrics.tree_distance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from mumer_data.latex.parser import try_parse
from mumer_data.latex.serialize import DIALECTS
from mumer_data.latex.tree import SymbolTree
from mumer_data.metrics.tree_distance import bounded_tree_distance
from mumer_data.recognizers.self_check import TASKS, agrees
from mumer_data.rewards.compared import Compared, column_value, per_completion
from mumer_data.rewards.textual import edit_similarity_of

MAX_CELLS = 60_000
"""Work for one tree distance, about 50 ms; for larger trees that differ in most symbols, tokens are compared."""


def tree_similarity(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 - tree edits / symbols of the reference, at least 0, after normalisation; see `parses` for the arguments.

    ``None`` where the reference cannot be parsed. Of trees too large to compare (see `MAX_CELLS`), the similarity of
    their tokens is returned.
    """
    return per_completion(_tree_similarity, completions, label, kwargs)


def _tree_similarity(pair: Compared) -> float | None:
    tree, verdict = _trees(pair)
    if tree is None or pair.reference is None:
        return verdict
    symbols = sum(1 for _ in pair.reference.tree.walk())
    distance = bounded_tree_distance(pair.reference.tree, tree, max_cells=MAX_CELLS)
    return max(0.0, 1 - distance.edits / symbols) if distance.exact else edit_similarity_of(pair)


def structure(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 where both trees have the same shape, whatever their symbols, else 0; see `parses` for the arguments.

    ``None`` where the reference cannot be parsed.
    """
    return per_completion(_structure, completions, label, kwargs)


def _structure(pair: Compared) -> float | None:
    tree, verdict = _trees(pair)
    if tree is None or pair.reference is None:
        return verdict
    return float(_shape(tree) == _shape(pair.reference.tree))


def _trees(pair: Compared) -> tuple[SymbolTree | None, float | None]:
    """The tree of the answer; or none, and the value that follows without it."""
    if pair.reference is None or not pair.earns:
        return None, None if pair.reference is None else 0.0
    if pair.exact:
        return None, 1.0
    return try_parse(pair.tokens), 0.0


def _shape(tree: SymbolTree) -> list[tuple[int, str]]:
    return [(depth, symbol.relation) for depth, symbol in tree.walk()]


def self_consistent(completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
    """1 where the tree or the counts that a completion begins with are those of its own last line, else 0.

    Says nothing about the reference: weigh it below the others, or a policy learns to describe a wrong label well.

    Args:
        completions, label: see `parses`; the label only serves to notice exploits.
        kwargs: ``task``: one task per completion or one for all; rows of other tasks than ``tree_cot`` and
            ``symbol_count`` earn ``None``. Without it, the form of the completion decides. ``dialect``: likewise, of
            the trees; without it, ``published`` or ``slt``. An unknown one earns 0.
    """
    rows = count()

    def one(pair: Compared) -> float | None:
        row = next(rows)
        task, dialect = column_value(kwargs, "task", row), column_value(kwargs, "dialect", row)
        if isinstance(task, str) and task not in TASKS:
            return None
        if not pair.earns:
            return 0.0
        if dialect is not None and dialect not in DIALECTS:
            return 0.0
        tasks = [task] if isinstance(task, str) else TASKS
        return float(any(agrees(pair.completion, name, dialect) is True for name in tasks))

    return per_completion(one, completions, label, kwargs)
