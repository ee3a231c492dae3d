"""Fonts as glyph banks: strokes, licence notes, cases; the bundled STIX font stands in for a handwriting font."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mumer_data.cli import app
from mumer_data.exceptions import SourceError
from mumer_data.handwriting.glyphs.bank import GlyphBank
from mumer_data.handwriting.glyphs.fonts import font_files, glyphs_of_font, open_font

STIX = Path(str(resources.files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fonts") / "bank.parquet"
    result = CliRunner().invoke(app, ["glyphs", "build", "--fonts", str(STIX), "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)
    assert counts["fonts"] == 1
    assert counts["glyphs"] == counts["tokens"] > 90
    return out


def test_capitals_have_their_usual_height_and_stand_on_the_baseline(built: Path) -> None:
    for letter in "EHTX":
        (glyph,) = GlyphBank(built).glyphs(letter, letter, "")
        _, top, _, bottom = glyph.box
        assert top == pytest.approx(-1.17, abs=0.08)  # digits are 1 high, see `proportions`
        assert bottom == pytest.approx(0.0, abs=0.08)


def test_a_symbol_is_found_by_what_it_shows(built: Path) -> None:
    bank = GlyphBank(built)
    assert bank.glyphs("\\alpha", "α", "")
    assert bank.glyphs("-", "−", "")
    assert not bank.glyphs("x", "x", "fraktur")


def test_strokes_are_lines_and_not_outlines(built: Path) -> None:
    """An outline goes round a bar: it is more than twice as long as the bar."""
    (minus,) = GlyphBank(built).glyphs("-", "−", "")
    length = sum(float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in minus.strokes)
    assert length < 1.3 * minus.width


def test_the_licences_lie_beside_the_bank(built: Path) -> None:
    (note,) = json.loads(built.with_name("bank.parquet.licences.json").read_text("utf-8"))
    assert note["font"] == "STIX Two Math"
    assert "STIX" in note["copyright"]
    assert "OFL" in note["licence_url"] or "Open Font" in note["licence"]


def test_the_same_font_gives_the_same_glyphs() -> None:
    first, second = (list(glyphs_of_font(open_font(STIX))) for _ in range(2))
    for (token, glyph, name), (other, same, source) in zip(first, second, strict=True):
        assert (token, name) == (other, source)
        assert all((a == b).all() for a, b in zip(glyph.strokes, same.strokes, strict=True))


def test_small_capitals_are_left_out(tmp_path: Path) -> None:
    """A font whose small letters are its capitals must not teach that `a` looks like `A`."""
    from fontTools.ttLib import TTFont

    with TTFont(STIX) as font:
        for table in font["cmap"].tables:
            if table.isUnicode() and ord("A") in table.cmap:
                table.cmap |= {ord(one): table.cmap[ord(one.upper())] for one in "abcdefghijklmnopqrstuvwxyz"}
        font.save(tmp_path / "capitals.ttf")
    letters = {token for token, _, _ in glyphs_of_font(open_font(tmp_path / "capitals.ttf")) if token.isalpha()}
    assert not letters & set("abcdefghijklmnopqrstuvwxyz")
    assert set("ABCXYZ") <= letters


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("a.ttf", b"no font", "cannot be read as a font"), ("a.txt", b"", "no font file")],
)
def test_what_is_not_a_font_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        [open_font(path) for path in font_files([tmp_path])]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        font_files([tmp_path / "nowhere"])


def test_a_source_and_fonts_exclude_each_other(tmp_path: Path) -> None:
    for arguments in ([], ["demo", "--fonts", str(STIX)]):
        result = CliRunner().invoke(app, ["glyphs", "build", *arguments, "--out", str(tmp_path / "x")])
        assert result.exit_code == 2
        assert "either" in result.output
