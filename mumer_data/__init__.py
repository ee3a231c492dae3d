"""mumer-data: instruction data for handwritten mathematical expression recognition.

The public API on one screen; every name is imported from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mumer_data.alignment.align import align
    from mumer_data.alignment.corrections import apply_log, correction
    from mumer_data.exceptions import LatexSyntaxError, MumerError, TreeTextError
    from mumer_data.jobs.build import Pipeline, build, load_pipeline
    from mumer_data.jobs.mine import mine
    from mumer_data.latex.counts import read_counts, symbol_count_text, symbol_counts
    from mumer_data.latex.deserialize import read_label, read_tree
    from mumer_data.latex.parser import parse
    from mumer_data.latex.serialize import label_text, tree_text
    from mumer_data.latex.to_latex import to_latex
    from mumer_data.latex.tree import Symbol, SymbolTree
    from mumer_data.records import Example, Reject, Sample

_HOME = {
    "Example": "records",
    "Reject": "records",
    "Sample": "records",
    "LatexSyntaxError": "exceptions",
    "MumerError": "exceptions",
    "TreeTextError": "exceptions",
    "parse": "latex.parser",  # label -> SymbolTree
    "to_latex": "latex.to_latex",  # SymbolTree -> label
    "label_text": "latex.serialize",  # label -> Tree-CoT text
    "tree_text": "latex.serialize",  # SymbolTree -> Tree-CoT text
    "read_tree": "latex.deserialize",  # Tree-CoT text -> SymbolTree
    "read_label": "latex.deserialize",  # Tree-CoT text -> label
    "symbol_counts": "latex.counts",  # label -> {token: count}
    "symbol_count_text": "latex.counts",  # label -> symbol-count text
    "read_counts": "latex.counts",  # symbol-count text -> {token: count}
    "Symbol": "latex.tree",
    "SymbolTree": "latex.tree",
    "Pipeline": "jobs.build",
    "build": "jobs.build",  # a pipeline -> shards
    "load_pipeline": "jobs.build",
    "align": "alignment.align",  # label, prediction -> edit script
    "correction": "alignment.corrections",  # label, prediction -> marked formula and correction log
    "apply_log": "alignment.corrections",  # marked formula, correction log -> label
    "mine": "jobs.mine",  # prediction files -> shards of corrections
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
