"""An image of handwriting -> strokes, for recognizers that read pen movements: one stroke per connected component.

Not for the order of pen movements (not visible in an image), nor for splitting ink into symbols: see `handwriting`.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from mumer_data.images.polarity import polarity
from mumer_data.images.skeleton import Graph, Mask, Pixel, Stroke, pixel_graph, smooth, thin


def image_strokes(data: bytes, *, step: float = 2.0, min_pixels: int = 1) -> list[Stroke]:
    """The strokes of an encoded image, from left to right.

    The ink is thinned to lines one pixel wide; the lines of a connected component are one stroke, which retraces
    itself at branches. Cutting at branches instead would split symbols.

    Args:
        data: an encoded image, dark on light or light on dark.
        step: pixels between the points of a stroke.
        min_pixels: smaller connected components are left out as noise.

    Returns:
        Arrays of shape (points, 2): x to the right, y downwards, in pixels of the image. Empty without ink.

    Raises:
        OSError: the image cannot be decoded.
    """
    mask = _ink(data)
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    lines = thin(mask)
    strokes = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        if sizes[number] < min_pixels:
            continue
        part = labels[rows, columns] == number
        thinned = lines[rows, columns] & part
        pixels = retraced(pixel_graph(thinned if thinned.any() else part))
        corner = np.array((columns.start, rows.start), dtype=np.float64)
        strokes.append(smooth(np.array(pixels, dtype=np.float64), step) + corner)
    return sorted(strokes, key=lambda stroke: float(stroke[:, 0].min()))


def retraced(graph: Graph) -> list[Pixel]:
    """One walk over all edges of a connected graph, with backtracking; it ends with the last new edge.

    It starts at the leftmost end of a line; if there is none, at the leftmost pixel.
    """
    start = min(graph, key=lambda pixel: (len(graph[pixel]) != 1, pixel))
    visited: set[frozenset[Pixel]] = set()
    walk, path = [start], [start]
    last = 0
    while path:
        current = path[-1]
        following = next((pixel for pixel in graph[current] if frozenset((current, pixel)) not in visited), None)
        if following is None:
            path.pop()
            walk += path[-1:]
            continue
        visited.add(frozenset((current, following)))
        walk.append(following)
        path.append(following)
        last = len(walk)
    return walk[: max(1, last)]


def _ink(data: bytes) -> Mask:
    """The pixels whose grey level is nearer to the ink's than to the paper's."""
    with Image.open(io.BytesIO(data)) as image:
        paper_is_light = polarity(image) == "dark_on_light"
        grey = np.asarray(image.convert("L"), dtype=np.int16)
    low, high = int(grey.min()), int(grey.max())
    if low == high:
        return np.zeros(grey.shape, dtype=np.bool_)
    middle = (low + high) / 2
    return np.asarray(grey < middle if paper_is_light else grey > middle, dtype=np.bool_)
