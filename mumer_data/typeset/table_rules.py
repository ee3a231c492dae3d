"""Positions of table lines (``\\hline`` and ``|`` of the columns), from the cells laid out by ziamath.

Not for fractions and roots, whose lines ziamath draws.
"""

from __future__ import annotations

from typing import Any

Box = tuple[float, float, float, float]

_THICK, _GAP = 0.04, 0.12  # of a line, and between the middles of two, in em


def table_rules(node: Any, x: float, y: float) -> list[Box]:
    """Left, top, right, bottom of each line of a table at ``x``, ``y``; ``[]`` if it has none.

    Lines are centred in the gap between two rows or columns.
    """
    element = node.element
    horizontal = [row.get("over", "").split() for row in element]
    after = element[-1].get("under", "").split() if len(element) else []
    vertical = [int(rule.split(":")[0]) for rule in element.get("rules", "").split()]
    if not vertical and not after and not any(horizontal):
        return []
    em = node.glyphsize
    rows = _rows(node, x, y)
    left, right = min(row[0][0] for row in rows) - em / 4, max(row[-1][2] for row in rows) + em / 4
    top = min(box[1] for box in rows[0]) - em / 4
    bottom = max(box[3] for box in rows[-1]) + em / 4
    lines: list[Box] = []
    for i, marks in enumerate([*horizontal, after]):
        above = max(box[3] for box in rows[i - 1]) if i else top - em / 4
        below = min(box[1] for box in rows[i]) if i < len(rows) else bottom + em / 4
        for number in range(len(marks)):
            middle = (above + below) / 2 + (number - (len(marks) - 1) / 2) * _GAP * em
            lines.append((left, middle - _THICK * em / 2, right, middle + _THICK * em / 2))
    for number, columns in enumerate(vertical):
        middle = _between(rows, columns, left, right) + vertical[:number].count(columns) * _GAP * em
        lines.append((middle - _THICK * em / 2, top, middle + _THICK * em / 2, bottom))
    return lines


def _rows(node: Any, x: float, y: float) -> list[list[Box]]:
    """The boxes of the cells, row by row."""
    cells = iter(zip(node.nodexy, node.nodes, strict=True))
    rows = []
    for row in node.element:
        boxes = []
        for (dx, dy), cell in (next(cells) for _ in row):
            box = cell.bbox
            boxes.append((x + dx + box.xmin, y + dy - box.ymax, x + dx + box.xmax, y + dy - box.ymin))
        rows.append(boxes)
    return rows


def _between(rows: list[list[Box]], columns: int, left: float, right: float) -> float:
    """The x position of a vertical line after ``columns`` columns."""
    ends = [row[columns - 1][2] for row in rows if 0 < columns <= len(row)]
    begins = [row[columns][0] for row in rows if columns < len(row)]
    if not columns or not ends:
        return left
    return (max(ends) + min(begins)) / 2 if begins else right
