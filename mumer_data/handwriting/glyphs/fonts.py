"""Handwriting fonts -> glyphs made of strokes: each outline is filled, thinned to its centre line and traced.

Not for stroke fonts (see `hershey`) nor for the bundled mathematical font (see `centerline`).
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mumer_data.exceptions import SourceError
from mumer_data.handwriting.glyphs.centerline import centre_lines
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.images.skeleton import Mask, Stroke, smooth

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Named = tuple[str, Glyph, str]
"""A symbol, its glyph, and the font that it is from."""

SUFFIXES = (".ttf", ".otf", ".woff")
_CAPITAL = 72  # pixels: height of a capital while it is traced
_GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
_SIGNS = "!()+,./:;<=>?[]{}|*±×÷…∞≤≥≠∫∑∏∂→∈∀∃∪∩⊂°"
_ALIASES = {"−": "−–-", "⋅": "·•", "′": "′'"}  # symbol -> characters of a font that show it, the best first
CHARACTERS = string.ascii_letters + string.digits + _GREEK + _SIGNS + "".join(_ALIASES)
_NOTES = {"copyright": 0, "licence": 13, "licence_url": 14}  # numbers of the name table (OpenType specification)
_SMALL_CAPITALS = "abdeghnqrt"  # letters whose two cases differ in shape
_GRID = (24, 24)  # of the pictures that are compared, in pixels
_SAME = 0.6  # overlap from which two shapes are one
_MAX_STROKES = 7  # of one glyph: more are a rough outline, not a pen's way


@dataclass(frozen=True, slots=True)
class FontFile:
    """One font file, open.

    Attributes:
        name: name of the family, the source of its glyphs.
        characters: that it has.
        font: at the size at which it is traced.
        notes: what its name table says of ``copyright``, ``licence`` and ``licence_url``.
    """

    name: str
    characters: frozenset[str]
    font: FreeTypeFont
    notes: dict[str, str]


def font_files(paths: Sequence[Path]) -> list[Path]:
    """The font files among files and below folders, sorted by path.

    Raises:
        SourceError: a path is missing, or there is no font.
    """
    files: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise SourceError(f"{path} does not exist; name font files or folders of them ({', '.join(SUFFIXES)})")
        files |= {path} if path.is_file() else {file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES}
    if not files:
        raise SourceError(f"no font file ({', '.join(SUFFIXES)}) in {', '.join(map(str, paths))}")
    return sorted(files)


def open_font(path: Path) -> FontFile:
    """Open a font at the size at which its capitals are `_CAPITAL` pixels high.

    Raises:
        SourceError: the file is not a font.
    """
    from fontTools.ttLib import TTFont, TTLibError
    from PIL import ImageFont

    try:
        with TTFont(path, lazy=True) as table:
            characters = frozenset(map(chr, table.getBestCmap() or ()))
            units = int(table["head"].unitsPerEm)
            names = table["name"]
            name = names.getBestFamilyName() or path.stem
            notes = {key: str(names.getDebugName(number) or "") for key, number in _NOTES.items()}
            capital = _capital_height(table) or 0.7 * units
        font = ImageFont.truetype(str(path), max(8, round(_CAPITAL * units / capital)))
    except (OSError, TTLibError, KeyError) as error:
        raise SourceError(f"{path} cannot be read as a font ({error}); name {', '.join(SUFFIXES)} files") from None
    return FontFile(name, characters, font, notes)


def _capital_height(table: object) -> float:
    """In font units: of `H` as drawn, or of a digit; 0 where the font has neither."""
    from fontTools.pens.boundsPen import BoundsPen
    from fontTools.ttLib import TTFont

    assert isinstance(table, TTFont)
    glyphs, names = table.getGlyphSet(), table.getBestCmap() or {}
    for character in "HEITX105":
        if ord(character) in names:
            pen = BoundsPen(glyphs)
            glyphs[names[ord(character)]].draw(pen)
            if pen.bounds is not None:
                return float(pen.bounds[3] - pen.bounds[1])
    return 0.0


def glyphs_of_font(file: FontFile) -> Iterator[Named]:
    """The glyphs of one font, those of `CHARACTERS` that it has.

    Lower-case letters are left out where they are drawn as capitals: a reader would learn the wrong case.
    """
    small = _has_small_capitals(file)
    for symbol in CHARACTERS:
        if small and symbol in string.ascii_lowercase:
            continue
        shown = next((one for one in _ALIASES.get(symbol, symbol) if one in file.characters), None)
        glyph = None if shown is None else _glyph(file, shown)
        if glyph is not None:
            yield symbol, glyph, file.name


def _glyph(file: FontFile, character: str) -> Glyph | None:
    mask, left, top = _filled(file.font, character)
    if not mask.any():
        return None
    strokes = [_sparse(smooth(stroke, 3.0)) for stroke in centre_lines(mask)]
    if not strokes or len(strokes) > _MAX_STROKES:
        return None
    corner = np.array((left, top))
    return Glyph(tuple((stroke + corner) / _CAPITAL for stroke in strokes), source=file.name)


def _sparse(stroke: Stroke) -> Stroke:
    """Every third point of a stroke, and its last: the line stays within a hundredth of a capital's height."""
    return np.concatenate((stroke[:-1:3], stroke[-1:]))


def _filled(font: FreeTypeFont, character: str) -> tuple[Mask, float, float]:
    """The filled outline with a margin, and where its corner lies from the pen's position on the baseline."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = font.getbbox(character, anchor="ls")
    if right <= left or bottom <= top:
        return np.zeros((1, 1), dtype=bool), 0.0, 0.0
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), character, fill=255, font=font, anchor="ls")
    return np.asarray(image) > 127, left - 2, top - 2


def _has_small_capitals(file: FontFile) -> bool:
    """Whether most of the letters whose cases differ have one shape for both."""
    pairs = [one for one in _SMALL_CAPITALS if {one, one.upper()} <= file.characters]
    same = sum(_overlap(_squared(file, one), _squared(file, one.upper())) > _SAME for one in pairs)
    return bool(pairs) and 2 * same > len(pairs)


def _squared(file: FontFile, character: str) -> Mask:
    from PIL import Image

    mask, _, _ = _filled(file.font, character)
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    box = image.getbbox()
    return np.asarray(image.crop(box).resize(_GRID, Image.Resampling.BOX)) > 100


def _overlap(one: Mask, other: Mask) -> float:
    """Intersection over union, by pixel."""
    return float((one & other).sum() / max(1, (one | other).sum()))
