"""Skeletons: a mask is thinned to lines one pixel wide, and their pixels are joined to strokes.

Not for the order or direction of pen movements, which an image does not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Stroke = NDArray[np.float64]

_NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise from above
_MAX_COSINE = -0.5  # two chains that leave a crossing with a smaller cosine between their directions are one stroke


@lru_cache(maxsize=1)
def _removable() -> tuple[Mask, Mask]:
    """For both half steps, by the code of a pixel's eight neighbours: whether the pixel is removed."""
    tables = np.zeros((2, 256), dtype=bool)
    for code in range(256):
        neighbours = [code >> bit & 1 for bit in range(8)]
        north, _, east, _, south, _, west, _ = neighbours
        edges = sum(not neighbours[bit] and neighbours[(bit + 1) % 8] for bit in range(8))
        if 2 <= sum(neighbours) <= 6 and edges == 1:
            tables[0, code] = not (north and east and south) and not (east and south and west)
            tables[1, code] = not (north and east and west) and not (north and south and west)
    return tables[0], tables[1]


def thin(mask: Mask) -> Mask:
    """A mask thinned to lines one pixel wide, with the same connected components.

    Source: T. Y. Zhang, C. Y. Suen, A Fast Parallel Algorithm for Thinning Digital Patterns, CACM 27(3), 1984.
    """
    remaining = np.pad(mask, 1).astype(np.int32)
    weights = np.zeros((3, 3), dtype=np.int32)
    for bit, (down, right) in enumerate(_NEIGHBOURS):
        weights[1 + down, 1 + right] = 1 << bit
    changed = True
    while changed:
        changed = False
        for table in _removable():
            removed = (remaining == 1) & table[ndimage.correlate(remaining, weights, mode="constant")]
            if removed.any():
                remaining[removed] = 0
                changed = True
    thinned: Mask = remaining[1:-1, 1:-1] > 0
    return thinned


def trace(lines: Mask, spur: int = 0) -> list[Stroke]:
    """The strokes of a thinned mask: arrays of shape (points, 2), x to the right, y downwards, in pixels.

    Lines that cross are continued straight on; a single pixel is a stroke of one point. Side branches with fewer than
    ``spur`` points are left out: they are artefacts of thinning at corners of the outline.
    """
    graph = pixel_graph(lines)
    chains = [chain for chain in _chains(graph) if len(chain) >= spur or not _is_spur(chain, graph)]
    return [np.array(chain, dtype=np.float64) for chain in _join_chains(chains)]


Pixel = tuple[int, int]  # x, y
Graph = dict[Pixel, list[Pixel]]


def pixel_graph(lines: Mask) -> Graph:
    """The neighbours of each pixel; a diagonal neighbour only if no pixel beside both connects them."""
    ys, xs = np.nonzero(lines)
    pixels = set(zip(xs.tolist(), ys.tolist(), strict=True))
    graph: Graph = {}
    for x, y in sorted(pixels):
        adjacent = [(x + right, y + down) for down, right in _NEIGHBOURS if not (down and right)]
        diagonal = [
            (x + right, y + down)
            for down, right in _NEIGHBOURS
            if down and right and (x + right, y) not in pixels and (x, y + down) not in pixels
        ]
        graph[x, y] = [pixel for pixel in (*adjacent, *diagonal) if pixel in pixels]
    return graph


def _chains(graph: Graph) -> Iterator[list[Pixel]]:
    """The paths between ends and crossings, each link once; then the closed loops."""
    done: set[tuple[Pixel, Pixel]] = set()
    nodes = [pixel for pixel, adjacent in graph.items() if len(adjacent) != 2]
    for start in (*nodes, *graph):
        if not graph[start]:
            yield [start]
        for following in graph[start]:
            if (start, following) in done:
                continue
            chain = [start, following]
            done |= {(start, following), (following, start)}
            while len(graph[chain[-1]]) == 2 and chain[-1] != start:
                current, previous = chain[-1], chain[-2]
                next_pixel = next(pixel for pixel in graph[current] if pixel != previous)
                done |= {(current, next_pixel), (next_pixel, current)}
                chain.append(next_pixel)
            yield chain


def _is_spur(chain: list[Pixel], graph: Graph) -> bool:
    ends = sorted(len(graph[chain[end]]) for end in (0, -1))
    return ends[0] == 1 and ends[1] > 2


def _join_chains(chains: list[list[Pixel]]) -> list[list[Pixel]]:
    """Join chains that leave a crossing in opposite directions."""
    while True:
        best = min(_pairs(chains), default=None)
        if best is None:
            return chains
        _, first_index, second_index, flip_one, flip_other = best
        first, second = chains[first_index][:: -1 if flip_one else 1], chains[second_index][:: -1 if flip_other else 1]
        chains = [chain for index, chain in enumerate(chains) if index not in (first_index, second_index)]
        chains.append(first + second[1:])


def _pairs(chains: list[list[Pixel]]) -> Iterator[tuple[float, int, int, bool, bool]]:
    """Pairs of chains that continue straight at one pixel: cosine, indices of both, whether each is reversed."""
    ends: dict[Pixel, list[tuple[int, bool]]] = {}
    for index, chain in enumerate(chains):
        if len(chain) > 1 and chain[0] != chain[-1]:
            ends.setdefault(chain[0], []).append((index, True))
            ends.setdefault(chain[-1], []).append((index, False))
    for ends_here in ends.values():
        for number, (first_index, at_start) in enumerate(ends_here):
            for second_index, other_at_start in ends_here[number + 1 :]:
                cosine = float(
                    _direction_at_end(chains[first_index], at_start)
                    @ _direction_at_end(chains[second_index], other_at_start)
                )
                if first_index != second_index and cosine < _MAX_COSINE:
                    yield cosine, first_index, second_index, at_start, not other_at_start


def _direction_at_end(chain: list[Pixel], at_start: bool) -> NDArray[np.float64]:
    """The direction in which a chain leaves its end, over a few pixels."""
    ordered = chain if at_start else chain[::-1]
    away = np.subtract(ordered[min(5, len(ordered) - 1)], ordered[0]).astype(np.float64)
    length = float(np.hypot(*away))
    return away / length if length else away


def smooth(stroke: Stroke, step: float = 2.0) -> Stroke:
    """A stroke without pixel steps: averaged over neighbours, resampled to one point per ``step`` pixels."""
    if len(stroke) < 3:
        return stroke
    closed = bool((stroke[0] == stroke[-1]).all())
    rounded = ndimage.gaussian_filter1d(
        stroke[:-1] if closed else stroke, 1.2, axis=0, mode="wrap" if closed else "nearest"
    )
    if closed:
        rounded = np.concatenate((rounded, rounded[:1]))
    else:
        rounded[[0, -1]] = stroke[[0, -1]]
    count = max(2, round(len(rounded) / step))
    points = rounded[np.unique(np.linspace(0, len(rounded) - 1, count).round().astype(int))]
    return np.asarray(points, dtype=np.float64)
