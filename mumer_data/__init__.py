"""mumer-data: instruction data for handwritten mathematical expression recognition.

The public API on one screen; every name is imported from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mumer_data.data import Example, Reject, Sample
    from mumer_data.errors.align import align
    from mumer_data.errors.samples import apply_log, correction
    from mumer_data.exceptions import LatexSyntaxError, MumerError, TreeTextError
    from mumer_data.latex.counts import read_counts, symbol_count_text, symbol_counts
    from mumer_data.latex.parser import parse
    from mumer_data.latex.read_text import read_label, read_tree
    from mumer_data.latex.text import label_text, tree_text
    from mumer_data.latex.to_latex import to_latex
    from mumer_data.latex.tree import Symbol, SymbolTree
    from mumer_data.mining.run import mine
    from mumer_data.pipeline import Pipeline, build, load_pipeline

_HOME = {
    "Example": "data",
    "Reject": "data",
    "Sample": "data",
    "LatexSyntaxError": "exceptions",
    "MumerError": "exceptions",
    "TreeTextError": "exceptions",
    "parse": "latex.parser",  # label -> SymbolTree
    "to_latex": "latex.to_latex",  # SymbolTree -> label
    "label_text": "latex.text",  # label -> Tree-CoT text
    "tree_text": "latex.text",  # SymbolTree -> Tree-CoT text
    "read_tree": "latex.read_text",  # Tree-CoT text -> SymbolTree
    "read_label": "latex.read_text",  # Tree-CoT text -> label
    "symbol_counts": "latex.counts",  # label -> {token: count}
    "symbol_count_text": "latex.counts",  # label -> symbol-count text
    "read_counts": "latex.counts",  # symbol-count text -> {token: count}
    "Symbol": "latex.tree",
    "SymbolTree": "latex.tree",
    "Pipeline": "pipeline",
    "build": "pipeline",  # a pipeline -> shards
    "load_pipeline": "pipeline",
    "align": "errors.align",  # label, prediction -> edit script
    "correction": "errors.samples",  # label, prediction -> marked formula and correction log
    "apply_log": "errors.samples",  # marked formula, correction log -> label
    "mine": "mining.run",  # prediction files -> shards of corrections
}

__all__ = [
    "Example",
    "LatexSyntaxError",
    "MumerError",
    "Pipeline",
    "Reject",
    "Sample",
    "Symbol",
    "SymbolTree",
    "TreeTextError",
    "align",
    "apply_log",
    "build",
    "correction",
    "label_text",
    "load_pipeline",
    "mine",
    "parse",
    "read_counts",
    "read_label",
    "read_tree",
    "symbol_count_text",
    "symbol_counts",
    "to_latex",
    "tree_text",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'mumer_data' has no attribute '{name}'")
    return getattr(import_module(f"mumer_data.{_HOME[name]}"), name)
