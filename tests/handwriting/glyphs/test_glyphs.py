"""Where glyphs come from: alphabets, thinned images, segmented ink, banks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mumer_data.exceptions import SourceError
from mumer_data.handwriting.glyphs.bank import GlyphBank, write_bank
from mumer_data.handwriting.glyphs.builtin import BuiltinGlyphs
from mumer_data.handwriting.glyphs.centerline import CenterlineGlyphs, variant
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.handwriting.glyphs.hershey import Cursive, Hershey
from mumer_data.handwriting.glyphs.outliers import drop_outliers
from mumer_data.handwriting.glyphs.segment_image import segment_symbols
from mumer_data.handwriting.glyphs.segment_ink import segment_ink
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.images.skeleton import smooth, thin, trace
from mumer_data.io.png import encode_png
from mumer_data.jobs.glyphs import ink_of
from mumer_data.latex.parser import parse


def line(*points: tuple[float, float]) -> Glyph:
    return Glyph((np.array(points, dtype=np.float64),), real=True)


@pytest.mark.parametrize("text", [*"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "α", "∑", "("])
def test_drawn_shapes_stand_on_the_baseline(text: str) -> None:
    shapes = BuiltinGlyphs().glyphs(text, text, "")
    assert shapes
    for glyph in shapes:
        left, top, right, bottom = glyph.box
        assert left == 0
        assert 0 < right < 1.1
        assert -1.25 < top < bottom < 0.5
        if text in "0123456789" or text.isupper():
            assert -1.1 < top < -0.85
    assert BuiltinGlyphs().glyphs(text, text, "bold") == ()


def test_alphabets_know_what_they_lack() -> None:
    assert Hershey().glyphs("\\alpha", "α", "")
    assert Hershey().glyphs("x", "x", "script") == ()
    assert CenterlineGlyphs().glyphs("\\mathbb", "R", "double")
    assert CenterlineGlyphs().glyphs("速", "速", "") == ()
    assert CenterlineGlyphs().glyphs("ab", "ab", "") == ()
    assert variant("R", "double") == "ℝ"
    assert variant("h", "italic") == "ℎ"
    assert variant("+", "bold") == "+"


def test_cursive_letters_are_those_of_a_writer() -> None:
    some, same, other = Cursive(0.5, 1), Cursive(0.5, 1), Cursive(0.5, 2)
    letters = "abcdefghijklmnopqrstuvwxyz"
    chosen = [bool(some.glyphs(c, c, "")) for c in letters]
    assert chosen == [bool(same.glyphs(c, c, "")) for c in letters]
    assert chosen != [bool(other.glyphs(c, c, "")) for c in letters]
    assert 4 < sum(chosen) < 22
    assert not any(Cursive(0.0, 1).glyphs(c, c, "") for c in letters)


def test_a_bar_is_thinned_to_its_middle_line() -> None:
    mask = np.zeros((30, 60), dtype=bool)
    mask[10:17, 5:55] = True
    lines = thin(mask)
    assert (lines & ~mask).sum() == 0
    assert np.abs(np.nonzero(lines)[0] - 13).max() <= 2
    (stroke,) = trace(lines)
    assert np.ptp(stroke[:, 0]) > 40
    assert len(smooth(stroke)) < len(stroke)


def test_a_cross_is_two_strokes_that_go_straight_on() -> None:
    mask = np.zeros((41, 41), dtype=bool)
    mask[20, 2:39] = mask[2:39, 20] = True
    strokes = trace(mask)
    assert len(strokes) == 2
    assert sorted(min(np.ptp(stroke, axis=0)) for stroke in strokes) == [0.0, 0.0]


def test_a_ring_is_one_closed_stroke() -> None:
    y, x = np.mgrid[:50, :50]
    (stroke,) = trace(thin(np.abs(np.hypot(x - 25, y - 25) - 15) < 2.5))
    assert (stroke[0] == stroke[-1]).all()


def test_symbols_cut_out_of_images_are_the_right_ones() -> None:
    """Against the boxes that handwriting comes with: what is cut lies where that symbol is."""
    right = found = 0
    for number in range(60):
        rendered = Synthesizer(size=40).picture(str(number), "x + 2 y = \\frac { a } { b 3 }")
        symbols = list(segment_symbols(ink_of(encode_png(rendered.image)), parse(rendered.writing.label)))
        found += len(symbols)
        heights = {
            name: (box[3] - box[1]) / (box[2] - box[0])
            for name, box in zip(rendered.names, rendered.boxes.tolist(), strict=True)
        }
        for symbol in symbols:
            _, top, right_edge, bottom = symbol.glyph.box
            shape = (bottom - top + 0.08) / (right_edge + 0.08)
            right += 0.5 < shape / heights[symbol.token] < 2
    assert found > 150
    assert right / found > 0.95


def test_segmented_ink_is_scaled_by_its_baseline() -> None:
    rendered = Synthesizer().picture("a", "x ^ { 2 } + \\frac { 1 } { b }")
    segments = [
        (name, [s for s, owner in zip(rendered.strokes, rendered.writing.marks, strict=True) if owner == mark])
        for mark, name in enumerate(rendered.names)
    ]
    symbols = {symbol.token: symbol.glyph for symbol in segment_ink(segments, parse(rendered.writing.label))}
    assert set(symbols) == {"x", "2", "+", "\\frac", "1", "b"} - ({"\\frac"} - set(symbols))
    for digit in "12":  # a digit alone on its baseline: as high as any digit
        assert symbols[digit].box[3] - symbols[digit].box[1] == pytest.approx(1.0)
    assert list(segment_ink([], None)) == []
    assert list(segment_ink(segments, parse("q r s t u"))) == []
    assert {symbol.token for symbol in segment_ink(segments[:1], None)} == {"x"}


def test_odd_shapes_are_left_out() -> None:
    rng = np.random.default_rng(0)

    def near(*points: tuple[float, float]) -> Glyph:
        return line(*[tuple((np.array(point) + rng.normal(0, 0.02, 2)).tolist()) for point in points])

    ones = [("1", near((0.1, -1), (0.1, 0)), "s") for _ in range(30)]
    dashes = [("-", near((0, -0.4), (0.6, -0.4)), "s") for _ in range(30)]
    slashes = [("/", near((0.6, -1), (0, 0)), "s") for _ in range(30)]
    wrong_shape = ("/", near((0, -1), (0.6, 0)), "wrong")
    wrong_size = ("1", line((0.1, -3), (0.1, 2)), "wrong")
    lonely = [("q", near((0, 0), (1, 1)), "rare")] * 2
    kept = drop_outliers([*ones, *dashes, *slashes, wrong_size, wrong_shape, *lonely])
    assert Counter(source for *_, source in kept)["s"] >= 85
    assert all(row[2] == "s" for row in kept)


def test_bank_gives_back_what_was_written(tmp_path: Path) -> None:
    glyphs = [("\\alpha", line((0, -0.5), (0.4, 0)), "anna"), ("<", line((0.5, -0.6), (0, -0.3), (0.5, 0)), "bob")]
    write_bank(tmp_path / "bank.parquet", glyphs)
    bank = GlyphBank(tmp_path / "bank.parquet")
    (alpha,) = bank.glyphs("\\alpha", "α", "")
    assert np.allclose(alpha.strokes[0], glyphs[0][1].strokes[0], atol=1e-6)
    assert (alpha.real, alpha.source) == (True, "anna")
    assert bank.glyphs("\\lt", "<", "")
    assert bank.glyphs("\\mathbf", "α", "bold") == ()
    assert bank.glyphs("x", "x", "") == ()


def test_a_writer_keeps_to_few_sources(tmp_path: Path) -> None:
    """With glyphs of 20 people, one hand takes all its symbols from the same one, if that one has them."""
    people = [f"p{number}" for number in range(20)]
    rows = [(t, line((0, -1), (0.01 * k, 0), (0.3, 0)), p) for t in "abcdef" for k, p in enumerate(people)]
    write_bank(tmp_path / "bank.parquet", rows)
    from mumer_data.handwriting.alphabets import writer_for
    from mumer_data.handwriting.writer import WriterStyle

    used = set()
    for number in range(10):
        writer = writer_for(
            WriterStyle(allographs=number, looseness=0), np.random.default_rng(0), bank=tmp_path / "bank.parquet"
        )
        (source,) = {writer.glyph(token, token).source for token in "abcdef"}
        used.add(source)
    assert len(used) > 3


@pytest.mark.parametrize(
    ("data", "message"),
    [(None, "mumer glyphs"), (b"no parquet", "is not a glyph bank")],
    ids=["missing", "not-parquet"],
)
def test_what_is_no_bank_is_an_error(tmp_path: Path, data: bytes | None, message: str) -> None:
    path = tmp_path / "bank.parquet"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(SourceError, match=message):
        GlyphBank(path).glyphs("x", "x", "")


def test_a_bank_of_nothing_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no symbol could be segmented"):
        write_bank(tmp_path / "bank.parquet", [])
    assert not list(tmp_path.iterdir())
