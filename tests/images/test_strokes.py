"""Strokes of an image: one per connected component, every line drawn, in any polarity."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from mumer_data.images.skeleton import Pixel, pixel_graph, thin
from mumer_data.images.strokes import image_strokes, retraced
from tests.conftest import SHARED


def drawn(*lines: list[tuple[int, int]], width: int = 3, inverted: bool = False) -> bytes:
    image = Image.new("L", (120, 60), 255)
    for line in lines:
        ImageDraw.Draw(image).line(line, fill=0, width=width)
    buffer = io.BytesIO()
    (ImageOps.invert(image) if inverted else image).save(buffer, "PNG")
    return buffer.getvalue()


PLUS = ([(60, 30), (100, 30)], [(80, 10), (80, 50)])
SQUARE = [(20, 10), (60, 10), (60, 50), (20, 50), (20, 10)]
MINUS = [(10, 30), (40, 30)]


@pytest.mark.parametrize("inverted", [False, True])
def test_one_stroke_per_connected_component_from_left_to_right(inverted: bool) -> None:
    minus, plus = image_strokes(drawn(*PLUS, MINUS, inverted=inverted))
    assert np.allclose((minus[0], minus[-1]), ((10, 30), (40, 30)), atol=3)
    assert np.abs(minus[:, 1] - 30).max() <= 1
    for end in ((60, 30), (100, 30), (80, 10), (80, 50)):
        assert np.hypot(*(plus - end).T).min() < 4


def links(walk: list[Pixel]) -> set[frozenset[Pixel]]:
    return {frozenset(pair) for pair in pairwise(walk)}


@pytest.mark.parametrize(
    "lines",
    [PLUS, (SQUARE,), ([(20, 10), (60, 10), (40, 50), (20, 10)], [(40, 50), (90, 50)])],
    ids=["branches", "loop", "loop with a tail"],
)
def test_a_walk_draws_every_link_and_only_links(lines: tuple[list[tuple[int, int]], ...]) -> None:
    graph = pixel_graph(thin(np.asarray(Image.open(io.BytesIO(drawn(*lines)))) < 128))
    walk = retraced(graph)
    assert links(walk) == {frozenset((pixel, other)) for pixel in graph for other in graph[pixel]}
    assert frozenset(walk[-2:]) not in links(walk[:-1])  # it ends with a new link


def test_a_dot_is_a_short_stroke_and_noise_can_be_left_out() -> None:
    (dot,) = image_strokes(drawn([(30, 30), (31, 30)], width=2))
    assert np.abs(dot - (30, 30)).max() <= 2
    assert image_strokes(drawn([(30, 30), (31, 30)], width=2), min_pixels=9) == []
    assert image_strokes(drawn()) == []


def test_bytes_that_are_no_image() -> None:
    with pytest.raises(OSError, match="cannot identify image file"):
        image_strokes(b"none")


@pytest.mark.skipif(not (SHARED / "data" / "crohme").is_dir(), reason="no CROHME: set MUMER_SHARED")
def test_strokes_cover_the_ink_of_crohme() -> None:
    for path in sorted((SHARED / "data" / "crohme" / "2014" / "images").iterdir())[:10]:
        data = path.read_bytes()
        strokes = image_strokes(data)
        ink = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
        points = np.concatenate(strokes).round().astype(int)
        dark = ink.mean() > 127
        on_ink = np.array(
            [(window(ink, x, y) < 128).any() if dark else (window(ink, x, y) > 127).any() for x, y in points]
        )
        assert on_ink.mean() > 0.98, path.name


def window(ink: np.ndarray, x: int, y: int) -> np.ndarray:
    return ink[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
