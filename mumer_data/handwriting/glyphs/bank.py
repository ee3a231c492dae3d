"""A bank of glyphs, of real ink or of fonts: one Parquet file with one row per glyph, and the `Alphabet` of its glyphs.

Not for segmentation: see `segment_image` (images) and `segment_ink` (ink with marked symbols).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.exceptions import SourceError
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.handwriting.glyphs.proportions import sized
from mumer_data.io.atomic import atomic_write
from mumer_data.typeset.atoms import atom_of

FONT_LOOSE = 0.3
"""Looseness of the strokes of a font's glyph, see `Glyph`."""

SCHEMA = pa.schema(
    [
        ("token", pa.string()),
        ("strokes", pa.list_(pa.list_(pa.float32()))),
        ("source", pa.string()),
    ]
)


def write_bank(path: Path, glyphs: Sequence[tuple[str, Glyph, str]]) -> None:
    """Write (token, glyph, source) rows; the file notes whether the glyphs are ``real``.

    Raises:
        OutputError: the file cannot be written.
        SourceError: ``glyphs`` is empty.
    """
    if not glyphs:
        raise SourceError(
            "no symbol could be segmented: check that the ink is segmented, or that labels and images belong together"
        )
    rows = [
        {"token": token, "strokes": [stroke.ravel().tolist() for stroke in glyph.strokes], "source": source}
        for token, glyph, source in glyphs
    ]
    with atomic_write(path) as temporary:
        kind = {"real": "yes" if any(glyph.real for _, glyph, _ in glyphs) else "no"}
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA.with_metadata(kind)), temporary, compression="zstd")


class GlyphBank:
    """The glyphs of a bank as an `Alphabet`; looked up by token, then by the characters that the symbol shows."""

    def __init__(self, path: Path) -> None:
        """Raises ``SourceError`` where the file is not a glyph bank."""
        self._path = path
        self._version = _version(path)

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        if font not in ("", "normal", "italic"):
            return ()
        shapes = _loaded(self._path, self._version)
        return shapes.get(token) or shapes.get(text) or ()


def _version(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); make a bank with `mumer glyphs`") from None


@lru_cache(maxsize=4)  # read once per process
def _loaded(path: Path, _version: int) -> dict[str, tuple[Glyph, ...]]:
    try:
        real = (pq.read_schema(path).metadata or {}).get(b"real") != b"no"
        table = pq.read_table(path, schema=SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} is not a glyph bank ({error}); make one with `mumer glyphs`") from None
    by_token: dict[str, list[Glyph]] = {}
    for row in table.to_pylist():
        strokes = tuple(np.array(points, dtype=np.float64).reshape(-1, 2) for points in row["strokes"] if points)
        if strokes and row["token"]:
            glyph = Glyph(strokes, real, 0.0 if real else FONT_LOOSE, row["source"])
            by_token.setdefault(row["token"], []).append(glyph if real else sized(row["token"], glyph))
    shapes = {token: tuple(glyphs) for token, glyphs in by_token.items()}
    for token in list(shapes):
        atom = atom_of(token)
        if atom is not None and len(atom.text) == 1:
            shapes.setdefault(atom.text, shapes[token])
    return shapes
