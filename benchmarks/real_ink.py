"""Real ink of CROHME train cut into symbols, and what is measured of ink: shape descriptors, sizes, gaps, scripts.

Not for comparing it with synthetic ink: see `bench_handwriting`. Lengths are in median heights of a letter or digit.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mumer_data.handwriting.glyphs.components import Component, assign
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.handwriting.glyphs.outliers import LabelledGlyph, drop_outliers
from mumer_data.handwriting.glyphs.segment_image import segment_symbols
from mumer_data.images.skeleton import Mask
from mumer_data.jobs.glyphs import ink_of
from mumer_data.latex.parser import parse
from mumer_data.latex.tree import SymbolTree

Row = tuple[str, str]  # id and label
Values = dict[str, list[float]]

SIDE = 16  # of the pictures of glyphs, in pixels
_SIZE_WEIGHT = 0.3  # of the logarithms of width and height beside a picture of norm 1
_CAP = 75  # glyphs that are cut per symbol; fewer are kept


def rows_of(folder: Path) -> list[Row]:
    """(id, label) of a folder with ``caption.txt``, in a fixed random order."""
    lines = [line.split("\t") for line in (folder / "caption.txt").read_text("utf-8").splitlines()]
    return [(lines[index][0], lines[index][1]) for index in np.random.default_rng(0).permutation(len(lines))]


def writer_of(name: str) -> str:
    """The writer of an image by its id: the recording session; for MfrDB, a block of 100 consecutive ids."""
    if name.startswith("MfrDB"):
        return name[:-2]
    return re.sub(r"(-?equation|_sub_|_em_|[-_])?\d+$", "", name) or name


def cut_glyphs(folder: Path, rows: Sequence[Row]) -> list[LabelledGlyph]:
    """(symbol, glyph, writer); rows are skipped once there are enough glyphs of all their symbols."""
    cut: list[LabelledGlyph] = []
    counts: Counter[str] = Counter()
    for name, label in rows:
        if all(counts[token] >= _CAP for token in label.split() if token not in "{}^_\\frac\\sqrt"):
            continue
        for symbol in segment_symbols(ink_of((folder / "images" / f"{name}.png").read_bytes()), parse(label)):
            if counts[symbol.token] < _CAP:
                counts[symbol.token] += 1
                cut.append((symbol.token, symbol.glyph, writer_of(name)))
    return drop_outliers(cut)


def balanced(glyphs: Iterable[LabelledGlyph], fewest: int, most: int) -> list[LabelledGlyph]:
    """At most ``most`` glyphs of each symbol that has at least ``fewest``."""
    by_token: dict[str, list[LabelledGlyph]] = defaultdict(list)
    for row in glyphs:
        by_token[row[0]].append(row)
    return [row for token in sorted(by_token) if len(by_token[token]) >= fewest for row in by_token[token][:most]]


def descriptors(glyphs: Sequence[Glyph]) -> NDArray[np.float32]:
    """Per glyph: its image scaled to the longer side, blurred and of norm 1, and its weighted log size.

    Returns:
        shape (glyphs, SIDE * SIDE + 2).
    """
    pictures = np.zeros((len(glyphs), SIDE, SIDE), dtype=np.float32)
    sizes = np.empty((len(glyphs), 2), dtype=np.float32)
    for index, glyph in enumerate(glyphs):
        left, top, right, bottom = glyph.box
        scale = (SIDE - 4) / max(right - left, bottom - top, 0.1)
        points = np.concatenate([_dense(stroke, 0.4 / scale) for stroke in glyph.strokes])
        spots = (points - ((left + right) / 2, (top + bottom) / 2)) * scale + SIDE / 2
        columns, lines = np.clip(spots.astype(int), 0, SIDE - 1).T
        pictures[index, lines, columns] = 1.0
        sizes[index] = (np.log(right - left + 0.15), np.log(bottom - top + 0.15))
    flat = ndimage.gaussian_filter(pictures, (0, 1.1, 1.1)).reshape(len(glyphs), -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    return np.concatenate((flat, _SIZE_WEIGHT * sizes), axis=1)


def _dense(stroke: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    if len(stroke) < 2:
        return stroke
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))))
    distances = np.linspace(0.0, along[-1], max(2, int(along[-1] / step) + 1))
    return np.stack([np.interp(distances, along, stroke[:, axis]) for axis in (0, 1)], axis=1)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Measurements of many expressions: name -> values, and for sizes (name, symbol) -> values."""

    lines: Values
    sizes: dict[tuple[str, str], list[float]]

    @classmethod
    def empty(cls) -> Statistics:
        """Nothing measured yet."""
        return cls(defaultdict(list), defaultdict(list))

    def add(self, mask: Mask, tree: SymbolTree) -> None:
        """Measure one expression, as far as its ink can be given to its symbols."""
        labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
        boxes = ndimage.find_objects(labels)
        parts = [Component(n + 1, x.start, y.start, x.stop, y.stop) for n, (y, x) in enumerate(boxes)]
        owned = assign(tree.symbols, parts)
        rows = [[(token, _box(own)) for token, own in row] for row in owned if row]
        if not rows:
            return
        for row in rows:
            self._row(row)
        numbers = {part.number for row in owned for _, own in row for part in own}
        self._line(rows, [part for part in parts if part.number not in numbers], tree)
        scale = _scale(rows[-1])
        if scale:
            self.lines["stroke width"].append(_stroke_width(mask) / scale)
            self.lines["slant"].append(_slant(mask))
            self._scripts(rows, tree, scale)

    def _row(self, row: Sequence[tuple[str, Component]]) -> None:
        scale, letters = _scale(row), [box for token, box in row if _standing(token)]
        if not scale:
            return
        for token, box in row:
            self.sizes["width", token].append(float(np.log((box.right - box.left) / scale)))
            self.sizes["height", token].append(float(np.log((box.bottom - box.top) / scale)))
        pairs = pairwise(row)
        self.lines["gap"] += [(after.left - box.right) / scale for (_, box), (_, after) in pairs]
        if len(letters) > 1:
            bottoms = np.array([box.bottom for box in letters]) / scale
            heights = np.log([(box.bottom - box.top) / scale for box in letters])
            self.lines["baseline"] += (bottoms - np.median(bottoms)).tolist()
            self.lines["size within a line"] += (heights - np.median(heights)).tolist()

    def _line(
        self, rows: Sequence[Sequence[tuple[str, Component]]], others: Sequence[Component], tree: SymbolTree
    ) -> None:
        """Of expressions whose only branches are those of one fraction or root: how its line covers the content."""
        branching = [symbol for symbol in tree.symbols if symbol.branches]
        scale = _scale([box for row in rows for box in row])
        if tree.depth != 1 or len(branching) != 1 or len(others) != 1 or not scale:
            return
        (line,), token, relations = others, branching[0].token, [name for name, _ in branching[0].branches]
        inner = [_box([box for _, box in row]) for row in rows[: len(relations)]]
        content = _box(inner)
        if token == "\\frac" and len(inner) == 2:
            upper, lower = sorted(inner, key=lambda box: box.middle)
            self.lines["fraction bar beyond the left"].append((content.left - line.left) / scale)
            self.lines["fraction bar beyond the right"].append((line.right - content.right) / scale)
            self.lines["numerator above the bar"].append((line.top - upper.bottom) / scale)
            self.lines["denominator below the bar"].append((lower.top - line.bottom) / scale)
        elif token == "\\sqrt" and relations == ["above"]:
            self.lines["root beyond the right"].append((line.right - content.right) / scale)
            self.lines["root above the content"].append((content.top - line.top) / scale)

    def _scripts(self, rows: Sequence[Sequence[tuple[str, Component]]], tree: SymbolTree, scale: float) -> None:
        """Script sizes and offsets, of expressions whose only branches are scripts of one kind."""
        kinds = {symbol.relation for depth, symbol in tree.walk() if depth}
        if len(kinds) != 1 or not kinds <= {"sup", "sub"} or tree.depth > 1:
            return
        kind = kinds.pop()
        for row in rows[:-1]:
            token, box = row[0]
            before = [base for name, base in rows[-1] if base.left < box.left and name.isalnum()]
            if _standing(token) and before:
                base = max(before, key=lambda one: one.right)
                self.lines["script size"].append(float(np.log((box.bottom - box.top) / scale)))
                self.lines[f"{kind} offset"].append((base.bottom - box.bottom) / scale)


def _box(parts: Sequence[Component]) -> Component:
    sides = np.array([(part.left, part.top, part.right, part.bottom) for part in parts])
    return Component(parts[0].number, *sides[:, :2].min(axis=0).tolist(), *sides[:, 2:].max(axis=0).tolist())


def _standing(token: str) -> bool:
    """A digit or capital: it stands on the baseline and is as high as a capital."""
    return len(token) == 1 and (token in "0123456789" or ("A" <= token <= "Z" and token not in "JQ"))


def _scale(row: Sequence[tuple[str, Component]]) -> float:
    sizes = [box.bottom - box.top for token, box in row if len(token) == 1 and token.isalnum() and token not in "ijl"]
    return float(np.median(sizes)) if sizes else 0.0


def _stroke_width(mask: Mask) -> float:
    """In pixels: twice the area over the length of the edge."""
    edge = mask & ~ndimage.binary_erosion(mask)
    return float(2 * mask.sum() / max(1, edge.sum()))


def _slant(mask: Mask) -> float:
    """The mean shear of edges that are less than 35 degrees from upright, positive to the right."""
    soft = ndimage.gaussian_filter(mask.astype(np.float32), 1.0)
    down, right = np.gradient(soft)
    strong = (np.abs(down) < 0.7 * np.abs(right)) & (np.hypot(down, right) > 0.05)
    if not strong.any():
        return 0.0
    return float(np.average(down[strong] / right[strong], weights=np.abs(right[strong])))
