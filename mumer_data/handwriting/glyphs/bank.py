"""A bank of real glyphs: one Parquet file, a row a glyph, and an `Alphabet` of what is in it.

Not for where glyphs come from: see `cut` (images) and `segmented` (ink with symbols marked).
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
from mumer_data.io.atomic import atomic_write
from mumer_data.typeset.atoms import atom_of

SCHEMA = pa.schema(
    [
        ("token", pa.string()),
        ("strokes", pa.list_(pa.list_(pa.float32()))),
        ("source", pa.string()),
    ]
)


def write_bank(path: Path, glyphs: Sequence[tuple[str, Glyph, str]]) -> None:
    """Write (token, glyph, source) rows.

    Raises:
        OutputError: the file cannot be written.
        SourceError: there is not one glyph.
    """
    if not glyphs:
        raise SourceError(
            "not one symbol could be cut out: is the ink segmented, or do labels and images belong together?"
        )
    rows = [
        {"token": token, "strokes": [stroke.ravel().tolist() for stroke in glyph.strokes], "source": source}
        for token, glyph, source in glyphs
    ]
    with atomic_write(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), temporary, compression="zstd")


class Bank:
    """A bank's glyphs as an `Alphabet`; ``text`` finds a symbol by what it shows where its token differs."""

    def __init__(self, path: Path) -> None:
        """Raises ``SourceError`` where the file is no bank."""
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


@lru_cache(maxsize=4)  # read once a process
def _loaded(path: Path, _version: int) -> dict[str, tuple[Glyph, ...]]:
    try:
        table = pq.read_table(path, schema=SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} is no glyph bank ({error}); make one with `mumer glyphs`") from None
    found: dict[str, list[Glyph]] = {}
    for row in table.to_pylist():
        strokes = tuple(np.array(points, dtype=np.float64).reshape(-1, 2) for points in row["strokes"] if points)
        if strokes and row["token"]:
            found.setdefault(row["token"], []).append(Glyph(strokes, real=True, loose=0.0, source=row["source"]))
    shapes = {token: tuple(glyphs) for token, glyphs in found.items()}
    for token in list(shapes):
        atom = atom_of(token)
        if atom is not None and len(atom.text) == 1:
            shapes.setdefault(atom.text, shapes[token])
    return shapes
