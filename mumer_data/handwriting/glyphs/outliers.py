"""Which of many cut glyphs are what they are said to be: those of usual size that look like others of their token.

Not for cutting: see `cut` and `segmented`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mumer_data.handwriting.glyphs.glyph import Glyph

Named = tuple[str, Glyph, str]
"""Token, glyph, source."""

_FEWEST = 3  # shapes of a symbol, below which none can be told to be odd
_ODD = 3.0  # deviations from the median beyond which a shape is taken for a wrong cut
_SIDE = 14  # of the pictures that are compared, in pixels
_NEIGHBOURS = 10
_SUPPORT = 0.3  # of its neighbours that must have its token; less where the token is rare
_CHUNK = 1000


def drop_outliers(glyphs: Iterable[Named]) -> list[Named]:
    """Those of the size and place that most with their token have, and whose shape has kin among them.

    A wrong cut looks like another symbol, so its nearest neighbours have another token. Look-alikes (0 and O) are
    each other's neighbours, so a share of them is enough.
    """
    kept = list(_of_usual_size(glyphs))
    if len(kept) <= _NEIGHBOURS:
        return kept
    tokens = [token for token, _, _ in kept]
    counts = Counter(tokens)
    near = _nearest(_looks([glyph for _, glyph, _ in kept]))
    found = []
    for place, row in enumerate(kept):
        same = sum(tokens[other] == row[0] for other in near[place].tolist())
        if same >= min(_SUPPORT * _NEIGHBOURS, max(1, 0.2 * (counts[row[0]] - 1))):
            found.append(row)
    return found


def _of_usual_size(glyphs: Iterable[Named]) -> Iterable[Named]:
    by_token: dict[str, list[Named]] = {}
    for row in glyphs:
        by_token.setdefault(row[0], []).append(row)
    for token in sorted(by_token):
        rows = by_token[token]
        if len(rows) < _FEWEST:
            continue
        boxes = np.array([glyph.box for _, glyph, _ in rows])
        features = np.stack((boxes[:, 2], boxes[:, 3] - boxes[:, 1], boxes[:, 1] + boxes[:, 3]), axis=1)
        for row, usual_one in zip(rows, _near_median(features), strict=True):
            if usual_one:
                yield row


def _near_median(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    away = np.abs(features - np.median(features, axis=0))
    spread = 1.48 * np.median(away, axis=0) + 0.06
    return np.asarray((away < _ODD * spread).all(axis=1))


def _looks(glyphs: Sequence[Glyph]) -> NDArray[np.float32]:
    """A blurred picture of each, fitted into a square, beside its size and place; shape (glyphs, features)."""
    pictures = np.zeros((len(glyphs), _SIDE, _SIDE), dtype=np.float32)
    features = np.empty((len(glyphs), 3), dtype=np.float32)
    for place, glyph in enumerate(glyphs):
        left, top, right, bottom = glyph.box
        scale = (_SIDE - 3) / max(right - left, bottom - top, 0.1)
        points = np.concatenate([_dense(stroke) for stroke in glyph.strokes])
        spots = (points - ((left + right) / 2, (top + bottom) / 2)) * scale + _SIDE / 2
        columns, rows = np.clip(spots.astype(int), 0, _SIDE - 1).T
        pictures[place, rows, columns] = 1.0
        features[place] = (np.log(right - left + 0.15), np.log(bottom - top + 0.15), (top + bottom) / 2)
    blurred = ndimage.gaussian_filter(pictures, (0, 1.0, 1.0)).reshape(len(glyphs), -1)
    blurred /= np.linalg.norm(blurred, axis=1, keepdims=True) + 1e-6
    return np.concatenate((blurred, 0.3 * features), axis=1)


def _dense(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points so close that no pixel of a picture is passed over."""
    if len(stroke) < 2:
        return stroke
    between = np.linspace(0.0, 1.0, 8, endpoint=False)[None, :, None]
    return np.concatenate(
        ((stroke[:-1, None] + between * np.diff(stroke, axis=0)[:, None]).reshape(-1, 2), stroke[-1:])
    )


def _nearest(looks: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each, the places of its nearest others; shape (glyphs, neighbours)."""
    squares = (looks**2).sum(axis=1)
    found = np.empty((len(looks), _NEIGHBOURS), dtype=np.intp)
    for begin in range(0, len(looks), _CHUNK):
        part = looks[begin : begin + _CHUNK]
        distances = squares - 2 * part @ looks.T
        distances[np.arange(len(part)), np.arange(begin, begin + len(part))] = np.inf
        found[begin : begin + len(part)] = np.argpartition(distances, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
    return found
