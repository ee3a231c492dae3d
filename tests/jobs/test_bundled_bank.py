"""The bundled bank is what its recipe makes of the fonts; the fonts themselves are needed only for the last test."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from importlib import resources
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import SourceError
from mumer_data.handwriting.alphabets import BUNDLED_FILE
from mumer_data.io.atomic import file_sha256
from mumer_data.jobs import bundled_bank
from mumer_data.jobs.bundled_bank import RECIPE, bundled_glyphs, main, rebuild

STIX = Path(str(resources.files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"))
FONTS = tomllib.loads(RECIPE.read_text("utf-8"))["font"]


def test_the_recipe_names_the_fonts_of_the_licence() -> None:
    licence = BUNDLED_FILE.with_name("LICENSE.txt").read_text("utf-8")
    named = re.findall(
        r"^(hand-\d\d): .* npm package @fontsource/(\S+) (\S+)\n +(Copyright .+)$", licence, re.MULTILINE
    )
    assert [line[:3] for line in named] == [(font["hand"], font["package"], font["version"]) for font in FONTS]


def test_what_the_recipe_leaves_out_is_not_in_the_bank() -> None:
    rows = pq.read_table(BUNDLED_FILE, columns=["token", "source"]).to_pylist()
    glyphs = {(row["token"], row["source"]) for row in rows}
    assert len(glyphs) == len(rows)
    assert {hand for _, hand in glyphs} == {font["hand"] for font in FONTS}
    omitted = {(token, font["hand"]) for font in FONTS for token in font["omit"]}
    assert omitted
    assert not omitted & glyphs


@pytest.fixture
def stix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one font under two names, and a recipe for it."""
    files = tmp_path / "@fontsource" / "stix" / "files"
    files.mkdir(parents=True)
    for name in ("a.ttf", "b.ttf"):
        shutil.copy(STIX, files / name)
    hashes = "".join(f'"{name}" = "{file_sha256(STIX)}"\n' for name in ("a.ttf", "b.ttf"))
    recipe = (
        f'[[font]]\nhand = "hand-01"\npackage = "stix"\nversion = "1"\nomit = {{ x = "shape" }}\n[font.files]\n{hashes}'
    )
    (tmp_path / "fonts.toml").write_text(recipe, encoding="utf-8")
    monkeypatch.setattr(bundled_bank, "RECIPE", tmp_path / "fonts.toml")
    return files.parents[1]


def test_glyphs_are_rounded_and_the_first_file_provides_them(stix: Path) -> None:
    rows = bundled_glyphs(stix)
    tokens = [token for token, _, _ in rows]
    assert len(tokens) == len(set(tokens)) > 90
    assert "x" not in tokens
    assert "y" in tokens
    assert {hand for _, _, hand in rows} == {"hand-01"}
    for _, glyph, _ in rows[:20]:
        for stroke in glyph.strokes:
            steps = stroke / 0.002
            assert abs(steps - steps.round()).max() < 1e-6


def test_a_missing_or_changed_font_is_refused(stix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stix / "stix" / "files" / "b.ttf").write_bytes(STIX.read_bytes() + b"\0")
    with pytest.raises(SourceError, match=r"is not the file of version 1: npm install @fontsource/stix@1"):
        bundled_glyphs(stix)
    (stix / "stix" / "files" / "a.ttf").unlink()
    assert main([str(stix), str(tmp_path / "bank.parquet")]) == 1
    assert "does not exist: npm install @fontsource/stix@1" in capsys.readouterr().err
    assert not (tmp_path / "bank.parquet").exists()
    assert main([]) == 2


def test_other_fonts_make_another_bank(stix: Path, tmp_path: Path) -> None:
    assert rebuild(stix, tmp_path / "bank.parquet") == "different"
    assert main([str(stix), str(tmp_path / "again.parquet")]) == 1
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "bank.parquet").read_bytes()


def test_the_fonts_make_the_bundled_bank(tmp_path: Path) -> None:
    folder = os.environ.get("MUMER_FONTS")
    if not folder:
        pytest.skip("MUMER_FONTS is not set to node_modules/@fontsource with the packages of fonts.toml")
    ours = BUNDLED_FILE.with_name("LICENSE.txt").read_text("utf-8")
    for font in FONTS:
        licence = (Path(folder) / font["package"] / "LICENSE").read_text("utf-8")
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence
        (notice,) = re.findall(rf"@fontsource/{font['package']} .+\n +(Copyright .+)$", ours, re.MULTILINE)
        assert notice in licence
    assert rebuild(Path(folder), tmp_path / "bank.parquet") in ("identical", "equal")
