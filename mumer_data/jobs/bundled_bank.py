"""Rebuild the bundled bank of font glyphs from the npm packages that it was made from, byte by byte.

Usage: python -m mumer_data.jobs.bundled_bank node_modules/@fontsource [OUT]. Exit code 1: the glyphs are
not those of the bundled bank. Not for other fonts: see `glyphs.build_font_bank`.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mumer_data.exceptions import MumerError, SourceError
from mumer_data.handwriting.alphabets import BUNDLED_FILE
from mumer_data.handwriting.glyphs.bank import write_bank
from mumer_data.handwriting.glyphs.fonts import Named, glyphs_of_font, open_font
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.io.atomic import file_sha256

RECIPE = BUNDLED_FILE.with_name("fonts.toml")
"""Packages, versions, files and hashes; and the characters that are left out of each, with the reason."""

_STEP = 0.002  # heights of a capital: coordinates are multiples of it, for a small file


def bundled_glyphs(fonts: Path) -> list[Named]:
    """The glyphs of the bundled bank, traced from the fonts; the source of each is the number of its hand.

    Args:
        fonts: folder of the npm packages, ``node_modules/@fontsource``.

    Raises:
        SourceError: a file is missing, or is not the file of the recipe.
    """
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    rows: list[Named] = []
    for font in recipe["font"]:
        known = set(font["omit"])
        for name, sha256 in font["files"].items():
            path = _checked(fonts / font["package"] / "files" / name, sha256, font)
            named = [one for one in glyphs_of_font(open_font(path)) if one[0] not in known]
            rows += [(token, _rounded(glyph), font["hand"]) for token, glyph, _ in named]
            known |= {token for token, _, _ in named}  # the first file of a font that has a character provides it
    return rows


def _checked(path: Path, sha256: str, font: dict[str, str]) -> Path:
    package = f"@fontsource/{font['package']}@{font['version']}"
    if not path.is_file():
        raise SourceError(f"{path} does not exist: npm install {package}")
    if file_sha256(path) != sha256:
        raise SourceError(f"{path} is not the file of version {font['version']}: npm install {package}")
    return path


def _rounded(glyph: Glyph) -> Glyph:
    return Glyph(tuple(np.round(stroke / _STEP) * _STEP for stroke in glyph.strokes), source=glyph.source)


def rebuild(fonts: Path, out: Path) -> str:
    """Write the bank to ``out`` and compare it with the bundled file.

    Returns:
        ``identical`` (byte by byte), ``equal`` (the same rows in other bytes: another version of pyarrow) or
        ``different``.

    Raises:
        SourceError: see `bundled_glyphs`.
        OutputError: the file cannot be written.
    """
    data, rows = BUNDLED_FILE.read_bytes(), pq.read_table(BUNDLED_FILE)
    write_bank(out, bundled_glyphs(fonts))
    if out.read_bytes() == data:
        return "identical"
    return "equal" if pq.read_table(out).equals(rows) else "different"


def main(arguments: Sequence[str]) -> int:
    """Rebuild and compare."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(arguments[1]) if len(arguments) > 1 else BUNDLED_FILE
    try:
        result = rebuild(Path(arguments[0]), out)
    except MumerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{out} and the bundled bank: {result}")
    return int(result == "different")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
