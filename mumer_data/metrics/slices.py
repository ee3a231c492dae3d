"""Divide rows into slices by length, depth, structure, symbol and dataset of the label.

Not for figures: a slice is only the positions of its rows. Slices by structure and by symbol overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.parser import parse
from mumer_data.metrics.pairs import Ints, Pairs

_LENGTHS = ((1, 5), (6, 10), (11, 20), (21, 40), (41, 80), (81, None))  # tokens, braces included
_DEEPEST = 5
_NO_NAMES = ("", ".", "..", "data", "images", "image", "img")  # folders that do not name a data set
_MARKS = {
    "_": "script",
    "^": "script",
    "\\\\": "line break",
    "\\limits": "limits",
}
_CLASSES = {
    "FRACTION": "fraction",
    "ACCENT": "accent",
    "RADICAL": "radical",
    "OPERATOR": "big operator",
}


def slices_of(key: str, pairs: Pairs) -> dict[str, Ints]:
    """Slice -> positions of its rows; raises ``KeyError``."""
    groups: dict[str, list[int]] = {}
    for i, names in enumerate(map(SLICES[key], range(len(pairs)), [pairs] * len(pairs))):
        for name in names:
            groups.setdefault(name, []).append(i)
    return {name: np.array(positions, np.int64) for name, positions in groups.items()}


def in_order(key: str, sizes: Mapping[str, int]) -> list[str]:
    """The slices in the order in which a table shows them; ``sizes`` holds the number of rows of each."""
    order = _ORDERS.get(key)
    return sorted(sizes, key=order.index) if order else sorted(sizes, key=lambda name: (-sizes[name], name))


def _length(i: int, pairs: Pairs) -> list[str]:
    tokens = int(pairs.label_lengths[i])
    return [next(_span(low, high) for low, high in _LENGTHS if high is None or tokens <= high)]


def _span(low: int, high: int | None) -> str:
    return f"{low}+" if high is None else f"{low}-{high}"


def _depth(i: int, pairs: Pairs) -> list[str]:
    try:
        depth = parse(pairs.labels[i]).depth
    except LatexSyntaxError:
        return ["unparsed"]
    return [f"{_DEEPEST}+" if depth >= _DEEPEST else str(depth)]


def _structure(i: int, pairs: Pairs) -> list[str]:
    exact = load_grammar().exact
    structures = set()
    for token in pairs.label_tokens[i]:
        if token in _MARKS:
            structures.add(_MARKS[token])
        elif token.startswith("\\begin"):
            structures.add("environment")
        elif exact.get(token) in _CLASSES:
            structures.add(_CLASSES[exact[token]])
    return sorted(structures) or ["plain"]


def _symbol(i: int, pairs: Pairs) -> Iterable[str]:
    return dict.fromkeys(token for token in pairs.label_tokens[i] if token not in ("{", "}"))


def _dataset(i: int, pairs: Pairs) -> list[str]:
    row = pairs.rows[i]
    return [row.dataset or _folder(row.image) or "unnamed"]


def _folder(image: str) -> str:
    """``CROHME/2014`` of ``./data/CROHME/2014/images/x.jpg``: the data set named in the path of an image."""
    parts = image.replace("\\", "/").split("/")[:-1]
    return "/".join([part for part in parts if part not in _NO_NAMES][-2:])


SLICES: dict[str, Callable[[int, Pairs], Iterable[str]]] = {
    "length": _length,
    "depth": _depth,
    "structure": _structure,
    "symbol": _symbol,
    "dataset": _dataset,
}
# Fixed order of slices; all others are sorted by size, largest first.
_ORDERS = {
    "length": [_span(low, high) for low, high in _LENGTHS],
    "depth": [*map(str, range(_DEEPEST)), f"{_DEEPEST}+", "unparsed"],
}
