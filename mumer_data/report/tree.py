"""A symbol layout tree drawn for the terminal."""

from __future__ import annotations

from rich.text import Text
from rich.tree import Tree

from mumer_data.latex.tree import SymbolTree

# Rich draws a tree by recursion; a deeper one is cut, which no one could read anyway.
MAX_DEPTH = 60


def rich_tree(tree: SymbolTree) -> Tree:
    """The tree for Rich: one symbol a line with its relation; blanks show as ``∅``."""
    root = Tree(Text("expression", style="dim"))
    levels = [root]
    for depth, symbol in tree.walk():
        if depth > MAX_DEPTH:
            continue
        line = Text(symbol.token or "∅", style="bold" if symbol.token else "dim")
        if symbol.relation:
            line.append(f"  {symbol.relation}", style="cyan" if symbol.relation not in ("right", "") else "dim")
        del levels[depth + 1 :]
        cut = depth == MAX_DEPTH and symbol.children
        levels.append(levels[depth].add(line.append(" …", style="dim") if cut else line))
    return root
