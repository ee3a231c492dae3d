"""A symbol layout tree as a drawing: indented text, a Rich tree for the terminal, an SVG for notebooks.

Not for typesetting the formula: see `mumer_data.typeset`.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Protocol

from mumer_data.latex.symbol import RIGHT, Symbol

if TYPE_CHECKING:
    from rich.tree import Tree

# Rich and the SVG layout recurse; a deeper tree is cut, nobody could read it anyway.
MAX_DEPTH = 60
BLANK = "∅"
_ROW, _GAP, _CHARACTER, _BOX = 64, 14, 9, 26  # pixels: level to level, box to box, width of a letter, height of a box


class DrawableTree(Protocol):
    """What is drawn: a `SymbolTree`, which imports this module for its own methods."""

    symbols: list[Symbol]

    def walk(self) -> Iterator[tuple[int, Symbol]]:
        """Every symbol with its depth."""


def pretty(tree: DrawableTree) -> str:
    """The tree as text: one symbol per line with its relation, two spaces per level; blanks are shown as ``∅``."""
    lines = []
    for depth, symbol in tree.walk():
        relation = f"  ({symbol.relation})" if symbol.relation else ""
        lines.append(f"{'  ' * depth}{symbol.token or BLANK}{relation}\n")
    return "".join(lines)


def rich_tree(tree: DrawableTree) -> Tree:
    """The tree for Rich: one symbol per line with its relation; blanks are shown as ``∅``."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text("expression", style="dim"))
    levels = [root]
    for depth, symbol in tree.walk():
        if depth > MAX_DEPTH:
            continue
        line = Text(symbol.token or BLANK, style="bold" if symbol.token else "dim")
        if symbol.relation:
            line.append(f"  {symbol.relation}", style="cyan" if symbol.relation not in (RIGHT, "") else "dim")
        del levels[depth + 1 :]
        cut = depth == MAX_DEPTH and symbol.children
        levels.append(levels[depth].add(line.append(" …", style="dim") if cut else line))
    return root


def svg(tree: DrawableTree) -> str:
    """The tree as SVG: baselines are rows of boxes, a branch hangs below its symbol with the relation on the edge."""
    parts: list[str] = []
    width, levels = _draw_row(tree.symbols, 0.0, 0, parts)
    height = (levels - 1) * _ROW + _BOX + 2 * _GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2 * _GAP:.0f}" height="{height:.0f}" '
    style = 'font-family="monospace" font-size="14" text-anchor="middle"'
    return f'{head}{style}><g transform="translate({_GAP},{_GAP})">{"".join(parts)}</g></svg>'


def _draw_row(symbols: list[Symbol], left: float, level: int, parts: list[str]) -> tuple[float, int]:
    """Draw one baseline from ``left``; returns its width in pixels and the last level below it, counted from 1."""
    x, levels = left, level + 1
    previous: float | None = None
    for symbol in symbols:
        box = max(_BOX, _CHARACTER * len(symbol.token or BLANK) + 10)
        branches = symbol.branches if level < MAX_DEPTH else []
        below: list[tuple[str, float]] = []
        inner = x
        for relation, branch in branches:
            lead = max(0.0, _CHARACTER * 0.9 * len(relation) - _BOX)
            width, deepest = _draw_row(branch, inner + lead, level + 1, parts)
            below.append((relation, inner + lead + _first_box(branch[0]) / 2))
            inner += lead + width + _GAP
            levels = max(levels, deepest)
        center = x + box / 2
        y = level * _ROW
        for relation, target in below:
            parts.append(_edge(center, y + _BOX, target, y + _ROW, relation))
        if previous is not None:
            parts.append(f'<path d="M{previous:.0f} {y + _BOX / 2:.0f}H{x:.0f}" stroke="#8c959f"/>')
        parts.append(_box(symbol.token or BLANK, x, y, box))
        previous = x + box
        x = max(x + box + _GAP, inner)
    return x - _GAP - left, levels


def _first_box(symbol: Symbol) -> float:
    return max(_BOX, _CHARACTER * len(symbol.token or BLANK) + 10)


def _box(token: str, x: float, y: float, width: float) -> str:
    frame = (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_BOX}" rx="5" fill="#f6f8fa" stroke="#57606a"/>'
    )
    return f'{frame}<text x="{x + width / 2:.0f}" y="{y + 18:.0f}">{escape(token)}</text>'


def _edge(x1: float, y1: float, x2: float, y2: float, relation: str) -> str:
    line = f'<path d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}" stroke="#8c959f"/>'
    text = f'<text x="{x2:.0f}" y="{y2 - 5:.0f}" font-size="11" fill="#0969da">{escape(relation)}</text>'
    return line + text
