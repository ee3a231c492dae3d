"""Reader of Im2LaTeX: a list of formulas and a list of ``image index`` pairs, or a CSV of ``formula,image``.

Not for judging formulas; most are normalised already, the preset ``im2latex`` does the rest.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.files import open_store
from mumer_data.readers.lines import changed, cut
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, Reject, Slice

Row = tuple[str, str]
_MAX_DIGITS = 18  # of an index; Python refuses to read numbers of several thousand digits


class Im2LatexReader:
    """One example per pair of the list, or per row of the CSV."""

    class Options(SourceOptions):
        """Where the data lie.

        Attributes:
            path: the folder.
            pairs: the list of ``image index`` (``*_filter.lst``), or a ``.csv`` with the columns ``formula,image``.
            formulas: the list of formulas, one per line, counted from 0; not needed with a CSV.
            images: the folder or archive of images, relative to ``path``.
        """

        format: Literal["im2latex"]
        path: str
        pairs: str = "im2latex_train_filter.lst"
        formulas: str = "im2latex_formulas.norm.lst"
        images: str = "formula_images_processed"

    def __init__(self, options: Options, base: Path) -> None:
        """Raises ``SourceError`` where ``options.path`` is neither in ``base`` nor here."""
        self._options = options
        self._path = resolve(options.path, base)

    def files(self) -> list[Path]:
        """The lists."""
        names = [self._options.pairs] if self._is_csv() else [self._options.pairs, self._options.formulas]
        return [self._path / name for name in names]

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut the list of pairs; offsets are positions in it. Raises ``SourceError``."""
        store = open_store(self._path / self._options.images)

        def size(image: str) -> int:
            try:
                return store.size(store.find(image))
            except ImageError:
                return 0  # `read` makes it a reject

        rows = ((index, index, size(image)) for index, (image, _) in enumerate(self._rows()))
        return cut(rows, max_rows, max_bytes, str(self._path / self._options.pairs))

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice. Rejects: ``row_malformed`` and ``image_missing``. Raises ``SourceError``."""
        rows = self._rows()[part.offset : part.offset + part.rows]
        if len(rows) != part.rows:
            raise changed(str(self._path))
        store = open_store(self._path / self._options.images)
        for number, (image, formula) in enumerate(rows, part.start):
            if not image or not formula.strip():
                message = f"row {number + 1} of {self._options.pairs} has no {'formula' if image else 'image'}"
                yield Reject(image, number, "row_malformed", message)
                continue
            try:
                yield Example(image, formula, store.ref(store.find(image)), number)
            except ImageError as error:
                yield Reject(image, number, error.reason, error.message, label=formula)

    def _is_csv(self) -> bool:
        return self._options.pairs.endswith(".csv")

    def _rows(self) -> tuple[Row, ...]:
        files = tuple(self.files())
        return _csv_rows(files[0]) if self._is_csv() else _listed_rows(*files)


@lru_cache(maxsize=4)
def _csv_rows(path: Path) -> tuple[Row, ...]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            table = csv.DictReader(file)
            if not {"formula", "image"} <= set(table.fieldnames or ()):
                raise SourceError(f"{path} has the columns {table.fieldnames}; 'formula' and 'image' are needed")
            return tuple((row["image"] or "", row["formula"] or "") for row in table)
    except (OSError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as CSV ({error})") from error


@lru_cache(maxsize=4)
def _listed_rows(pairs: Path, formulas: Path) -> tuple[Row, ...]:
    """(image, formula) pairs; the formula is empty if the index is not a line of the list."""
    # Some of the published formulas contain Latin-1 bytes; they must not make the whole list unreadable.
    lines = _read(formulas).split("\n")
    rows = []
    for line in _read(pairs).split("\n"):
        words = line.split()
        if not words:
            continue
        index = next((int(word) for word in words[1:2] if word.isdecimal() and len(word) <= _MAX_DIGITS), -1)
        rows.append((words[0], lines[index] if 0 <= index < len(lines) else ""))
    return tuple(rows)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); set the options pairs and formulas") from None
