"""Glyphs of a printed mathematical font as strokes: centre lines, computed by thinning.

The font is STIX Two Math, which ziamath contains. Not for letters that a stroke font has: see `hershey`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.images.skeleton import Mask, Stroke, smooth, thin, trace

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from PIL.ImageFont import FreeTypeFont
    from ziafont.font import Font

_EM = 110  # pixels
_CAPITAL = 0.656 * _EM  # height of a capital
_SPUR = 9  # pixels: half the width of a thick line
# Variants of letters in Unicode: name of the block, and name of letters outside of it.
_VARIANTS = {
    "italic": "MATHEMATICAL ITALIC",
    "bold": "MATHEMATICAL BOLD",
    "bold italic": "MATHEMATICAL BOLD ITALIC",
    "sans": "MATHEMATICAL SANS-SERIF",
    "mono": "MATHEMATICAL MONOSPACE",
    "script": "MATHEMATICAL SCRIPT",
    "fraktur": "MATHEMATICAL FRAKTUR",
    "double": "MATHEMATICAL DOUBLE-STRUCK",
}
_OUTSIDE = {"script": "SCRIPT", "fraktur": "BLACK-LETTER", "double": "DOUBLE-STRUCK"}


class CenterlineGlyphs:
    """The font as an `Alphabet`: one shape per character."""

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        if len(text) != 1:
            return ()
        glyph = _traced(variant(text, font))
        return () if glyph is None else (glyph,)


def variant(text: str, font: str) -> str:
    """The Unicode character of a letter or digit in a font variant; ``text`` where there is none."""
    name = unicodedata.name(text, "").replace("LATIN ", "").replace("GREEK ", "").replace(" LETTER", "")
    if font not in _VARIANTS or not text.isalnum():
        return text
    if (text, font) == ("h", "italic"):
        return "ℎ"  # in a block of its own, as Planck's constant
    for block in (_VARIANTS[font], _OUTSIDE.get(font, "")):
        try:
            return unicodedata.lookup(f"{block} {name}")
        except KeyError:
            continue
    return text


def _path() -> Traversable:
    return resources.files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"


@lru_cache(maxsize=1)
def _font() -> FreeTypeFont:
    from PIL import ImageFont

    with resources.as_file(_path()) as file:
        return ImageFont.truetype(str(file), _EM)


@lru_cache(maxsize=4096)
def _traced(character: str) -> Glyph | None:
    """The centre lines of a character; ``None`` where the font does not have it, or where it has no ink."""
    from PIL import Image, ImageDraw

    font = _font()
    if not _known(character):
        return None
    left, top, right, bottom = font.getbbox(character, anchor="ls")
    if right <= left or bottom <= top:
        return None
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), character, fill=255, font=font, anchor="ls")
    strokes = [smooth(stroke, 3.0) for stroke in centre_lines(np.asarray(image) > 127)]
    corner = np.array((left - 2, top - 2))
    return Glyph(tuple((stroke + corner) / _CAPITAL for stroke in strokes), loose=0.0)


def centre_lines(mask: Mask) -> list[Stroke]:
    """The centre lines of a mask; a filled area is drawn as its outline with hatching."""
    core = ndimage.binary_erosion(mask, iterations=_SPUR)
    lines = trace(thin(mask & ~ndimage.binary_dilation(core, iterations=_SPUR)), _SPUR)
    if core.any():
        edge = core & ~ndimage.binary_erosion(core)
        lines += trace(thin(edge))
        for y in range(0, len(core), 6):
            across = np.flatnonzero(core[y])
            if len(across):
                lines.append(np.array([(across[0], y), (across[-1], y)], dtype=np.float64))
    return lines


def _known(character: str) -> bool:
    """Whether the font has the character; the font shows a box for any other."""
    return bool(_map().glyphindex(character))


@lru_cache(maxsize=1)
def _map() -> Font:
    from ziafont.font import Font

    with resources.as_file(_path()) as file:
        return Font(str(file))
