"""Tables (matrices, cases, several lines), frames around a row and lines through it.

Not for the brackets of a matrix: the enclosing row stretches them.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

import numpy as np

from mumer_data.handwriting.layout.boxes import AXIS, Box
from mumer_data.handwriting.layout.context import LayoutContext
from mumer_data.typeset.elements import MARK

_SHARES = {"left": 0.0, "center": 0.5, "right": 1.0}


def table_box(layout: LayoutContext, element: Element) -> Box:
    """Cells in rows and columns; the table is centred on the axis."""
    writer, result = layout.writer, Box()
    rows = [[layout.box(cell) for cell in row] for row in element]
    columns = max(len(row) for row in rows)
    widths = [max([0.2, *(row[index].width for row in rows if index < len(row))]) for index in range(columns)]
    shares = [_SHARES.get(name, 0.5) for name in element.get("columnalign", "center").split()] or [0.5]
    heights = [(max(0.8, *(cell.up for cell in row)), max(0.1, *(cell.down for cell in row))) for row in rows]
    between = 0.35 * writer.vary(0.5)
    total = sum(up + down for up, down in heights) + between * (len(rows) - 1)
    top = y = -AXIS - total / 2
    edges = [0.0] * (columns + 1)  # right of each column, and left of the first
    for row, (up, down) in zip(rows, heights, strict=True):
        x = 0.0
        for index, cell in enumerate(row):
            share = shares[min(index, len(shares) - 1)]
            loose = (widths[index] - cell.width) * share + (0.3 * writer.shift(0.5) if share == 0.5 else 0.0)
            result.put(cell, max(0.0, x + loose), y + up)
            x += widths[index] + 0.9 * writer.vary(0.5)
            edges[index + 1] = max(edges[index + 1], x - 0.45)
        y += up + down + between
    _ruled(layout, element, result, [top - between / 2, *_bottoms(heights, top, between)], edges)
    return result


def _bottoms(heights: list[tuple[float, float]], top: float, between: float) -> list[float]:
    """Vertical position of a rule under each row."""
    ends = np.cumsum([up + down + between for up, down in heights])
    return [top + float(end) - between / 2 for end in ends]


def _ruled(layout: LayoutContext, element: Element, result: Box, across: list[float], edges: list[float]) -> None:
    """Draw the rules of a table; ``across`` holds y between rows, ``edges`` x between columns."""
    writer, rules = layout.writer, [rule.partition(":") for rule in element.get("rules", "").split()]
    edges = [-0.12, *edges[1:-1], result.width + 0.12]
    begin, end = (edges[0], edges[-1]) if rules else (0.0, result.width)
    lines = [(mark, across[number]) for number, row in enumerate(element) for mark in row.get("over", "").split()]
    lines += [(mark, across[-1]) for mark in element[-1].get("under", "").split()]
    for index, (mark, y) in enumerate(lines):
        again = 0.12 if index and lines[index - 1][1] == y else 0.0
        y += again + writer.shift(0.04)
        result.draw(int(mark), [writer.line((begin, y), (end, y + writer.shift(0.06)))])
    for column, _, mark in rules:
        x = edges[min(int(column), len(edges) - 1)] + writer.shift(0.06)
        result.draw(int(mark), [writer.line((x, across[0]), (x, across[-1]))])


def enclosure_box(layout: LayoutContext, element: Element) -> Box:
    """A frame around a row, or lines through it."""
    inner, writer, result = layout.row(element), layout.writer, Box()
    notation = element.get("notation", "")
    white = 0.2 if notation in ("box", "circle") else 0.05
    left, right, top, bottom = 0.0, inner.width + 2 * white, -inner.up - white, inner.down + white
    result.put(inner, white, 0.0)
    lines = []
    if notation == "box":
        lines.append(writer.line((left, top), (right, top), (right, bottom), (left, bottom), (left, top + 0.02)))
    if notation == "circle":
        around = np.linspace(0.3, 2 * np.pi + 0.3, 33)
        radius = 0.5 * np.hypot(right - left, bottom - top)
        middle = ((left + right) / 2, (top + bottom) / 2)
        lines.append(np.stack((np.sin(around), -np.cos(around)), axis=1) * radius + middle)
    if "updiagonalstrike" in notation:
        lines.append(writer.line((left, bottom), (right, top)))
    if "downdiagonalstrike" in notation:
        lines.append(writer.line((left, top), (right, bottom)))
    if "horizontalstrike" in notation:
        lines.append(writer.line((left, (top + bottom) / 2), (right, (top + bottom) / 2)))
    least = min(0.0, *(float(line[:, 0].min()) for line in lines))
    result.draw(int(element.get(MARK, -1)), lines)
    shifted = Box()
    shifted.put(result, -least, 0.0)
    return shifted
