"""Drop mislabelled glyphs: size outliers, and glyphs whose nearest neighbours have another token.

Not for segmentation: see `segment_image` and `segment_ink`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mumer_data.handwriting.glyphs.glyph import Glyph

LabelledGlyph = tuple[str, Glyph, str]
"""Token, glyph, source."""

_MIN_GLYPHS = 3  # fewest glyphs of a token for which outliers can be detected
_MAX_DEVIATION = 3.0  # largest deviation from the median, in scaled median absolute deviations
_SIDE = 14  # side of the images that are compared, in pixels
_NEIGHBOURS = 10
_SUPPORT = 0.3  # share of the neighbours that must have the same token; less for rare tokens
_CHUNK = 1000


def drop_outliers(glyphs: Iterable[LabelledGlyph]) -> list[LabelledGlyph]:
    """The glyphs with the usual size and position of their token whose nearest neighbours share the token.

    A wrongly segmented glyph looks like another symbol, so its nearest neighbours have another token. Similar symbols
    (0 and O) are neighbours of each other, so a share of the neighbours is enough.
    """
    typical = list(_without_size_outliers(glyphs))
    if len(typical) <= _NEIGHBOURS:
        return typical
    tokens = [token for token, _, _ in typical]
    counts = Counter(tokens)
    neighbours = _nearest(_descriptors([glyph for _, glyph, _ in typical]))
    consistent = []
    for index, row in enumerate(typical):
        same = sum(tokens[other] == row[0] for other in neighbours[index].tolist())
        if same >= min(_SUPPORT * _NEIGHBOURS, max(1, 0.2 * (counts[row[0]] - 1))):
            consistent.append(row)
    return consistent


def _without_size_outliers(glyphs: Iterable[LabelledGlyph]) -> Iterable[LabelledGlyph]:
    by_token: dict[str, list[LabelledGlyph]] = {}
    for row in glyphs:
        by_token.setdefault(row[0], []).append(row)
    for token in sorted(by_token):
        rows = by_token[token]
        if len(rows) < _MIN_GLYPHS:
            continue
        boxes = np.array([glyph.box for _, glyph, _ in rows])
        features = np.stack((boxes[:, 2], boxes[:, 3] - boxes[:, 1], boxes[:, 1] + boxes[:, 3]), axis=1)
        for row, is_inlier in zip(rows, _inliers(features), strict=True):
            if is_inlier:
                yield row


def _inliers(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    deviation = np.abs(features - np.median(features, axis=0))
    spread = 1.48 * np.median(deviation, axis=0) + 0.06
    return np.asarray((deviation < _MAX_DEVIATION * spread).all(axis=1))


def _descriptors(glyphs: Sequence[Glyph]) -> NDArray[np.float32]:
    """A descriptor per glyph: a blurred image of fixed size, then size and position; shape (glyphs, features)."""
    pictures = np.zeros((len(glyphs), _SIDE, _SIDE), dtype=np.float32)
    features = np.empty((len(glyphs), 3), dtype=np.float32)
    for index, glyph in enumerate(glyphs):
        left, top, right, bottom = glyph.box
        scale = (_SIDE - 3) / max(right - left, bottom - top, 0.1)
        points = np.concatenate([_dense(stroke) for stroke in glyph.strokes])
        spots = (points - ((left + right) / 2, (top + bottom) / 2)) * scale + _SIDE / 2
        columns, rows = np.clip(spots.astype(int), 0, _SIDE - 1).T
        pictures[index, rows, columns] = 1.0
        features[index] = (np.log(right - left + 0.15), np.log(bottom - top + 0.15), (top + bottom) / 2)
    blurred = ndimage.gaussian_filter(pictures, (0, 1.0, 1.0)).reshape(len(glyphs), -1)
    blurred /= np.linalg.norm(blurred, axis=1, keepdims=True) + 1e-6
    return np.concatenate((blurred, 0.3 * features), axis=1)


def _dense(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """A stroke resampled so densely that it covers every pixel it crosses; shape (points, 2)."""
    if len(stroke) < 2:
        return stroke
    between = np.linspace(0.0, 1.0, 8, endpoint=False)[None, :, None]
    return np.concatenate(
        ((stroke[:-1, None] + between * np.diff(stroke, axis=0)[:, None]).reshape(-1, 2), stroke[-1:])
    )


def _nearest(descriptors: NDArray[np.float32]) -> NDArray[np.intp]:
    """Indices of the nearest neighbours of each glyph; shape (glyphs, neighbours)."""
    squares = (descriptors**2).sum(axis=1)
    nearest = np.empty((len(descriptors), _NEIGHBOURS), dtype=np.intp)
    for begin in range(0, len(descriptors), _CHUNK):
        part = descriptors[begin : begin + _CHUNK]
        distances = squares - 2 * part @ descriptors.T
        distances[np.arange(len(part)), np.arange(begin, begin + len(part))] = np.inf
        nearest[begin : begin + len(part)] = np.argpartition(distances, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
    return nearest
