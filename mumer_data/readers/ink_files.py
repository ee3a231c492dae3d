"""Reader of InkML files in a folder or archive: CROHME 2011-2023 and MathWriting, rendered when an image is read.

Not for parsing InkML (see `inkml`) nor for drawing ink (see `images.render_ink`).
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.images.render_ink import InkStyle, Stroke, render_ink
from mumer_data.readers import SourceOptions
from mumer_data.readers.files import ArchiveStore, is_archive, open_store
from mumer_data.readers.inkml import InkDocument, InkMLError, read_inkml
from mumer_data.readers.lines import changed, cut
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, ImageRef, Reject, Slice

SUFFIX = ".inkml"
LABELS = ("truth", "normalizedLabel", "label")


class InkFilesReader:
    """One example per InkML file, in the order of their names; the label is an annotation of the file."""

    class Options(SourceOptions):
        """Where the data lie and how they are drawn.

        Attributes:
            path: a folder, searched recursively, or an archive.
            folder: only the files below a folder of this name, such as MathWriting's ``train``.
            label: the annotation that is the label: ``truth`` in CROHME, ``normalizedLabel`` or ``label`` in
                MathWriting; ``$`` around it are dropped.
            height, stroke_width, padding, max_width: see `InkStyle`, in pixels.
        """

        format: Literal["inkml"]
        path: str
        folder: str = ""
        label: Literal["truth", "normalizedLabel", "label"] = "truth"
        height: int = 128
        stroke_width: float = 3.0
        padding: int = 8
        max_width: int = 2048

    def __init__(self, options: Options, base: Path) -> None:
        """Raises ``SourceError`` where ``options.path`` is neither in ``base`` nor here."""
        self._options = options
        self._path = resolve(options.path, base)
        self._style = InkStyle(options.height, options.stroke_width, options.padding, options.max_width)

    def files(self) -> list[Path]:
        """The archive; for a folder none."""
        return [self._path] if is_archive(self._path) else []

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut the list of files; offsets are positions in it, sizes are those of the ink.

        Raises:
            SourceError: the source cannot be read, or has no InkML files.
        """
        rows = ((index, index, size) for index, (_, size) in enumerate(self._names()))
        return cut(rows, max_rows, max_bytes, f"{self._path} (files named *{SUFFIX})")

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every file of one slice. Rejects: ``inkml_malformed``, ``ink_invalid``, ``label_missing``; ink without
        points is rejected when it is drawn.

        Raises:
            SourceError: the source has changed since it was planned.
        """
        for item in self._read(part):
            yield item if isinstance(item, Reject) else item[0]

    def documents(self, part: Slice) -> Iterator[tuple[Example, InkDocument]]:
        """The examples of one slice, each with its whole document; what `read` would reject is left out."""
        for item in self._read(part):
            if not isinstance(item, Reject):
                yield item

    def _read(self, part: Slice) -> Iterator[tuple[Example, InkDocument] | Reject]:
        names = self._names()[part.offset : part.offset + part.rows]
        if len(names) != part.rows or sum(size for _, size in names) != part.size:
            raise changed(str(self._path))
        for row, (name, _) in enumerate(names, part.start):
            yield self._example(row, name)

    def _names(self) -> tuple[tuple[str, int], ...]:
        folder = self._options.folder.strip("/")
        return _ink_files(self._path, folder, _version(self._path))

    def _load(self, name: str) -> bytes:
        if is_archive(self._path):
            return open_store(self._path).read(name)
        return (self._path / name).read_bytes()

    def _example(self, row: int, name: str) -> tuple[Example, InkDocument] | Reject:
        stem = posixpath.basename(name).removesuffix(SUFFIX)
        try:
            document = read_inkml(self._load(name))
        except (InkMLError, ImageError) as error:
            return Reject(stem, row, error.reason, f"{name}: {error.message}")
        except OSError as error:
            return Reject(stem, row, "ink_unreadable", f"{name}: {error}")
        label = _without_dollars(document.annotations.get(self._options.label, ""))
        if not label:
            available = ", ".join(sorted(document.annotations)) or "none"
            message = f"{name} has no annotation '{self._options.label}' (it has: {available}); set the option label"
            return Reject(stem, row, "label_missing", message)
        example_id = _id_of(document, stem)
        draw = partial(_draw, list(document.strokes.values()), self._style)
        image = ImageRef(f"{posixpath.basename(example_id)}.png", None, draw)
        writer = document.annotations.get("writer", "")
        return Example(example_id, label, image, row, writer, partial(document_metadata, document)), document


def _without_dollars(label: str) -> str:
    """A label without the ``$`` around it; ``$`` after a backslash is a dollar sign of the label."""
    return re.sub(r"(?<!\\)\$+$", "", label.strip()).lstrip("$").strip()


def _id_of(document: InkDocument, stem: str) -> str:
    """The id in the file (CROHME's ``UI``, MathWriting's ``sampleId``), otherwise the file's name."""
    return document.annotations.get("UI") or document.annotations.get("sampleId") or stem


def document_metadata(document: InkDocument) -> str:
    """The content of an InkML file beside its strokes, as JSON: annotations, and each segmented symbol with its box.

    A box is left, top, right, bottom in the units of the ink; ``null`` where the file has none of its strokes.
    """
    symbols = []
    for symbol in document.symbols:
        strokes = [document.strokes[trace] for trace in symbol.traces if trace in document.strokes]
        points = np.concatenate(strokes) if strokes else np.empty((0, 2))
        box = [*points.min(0).tolist(), *points.max(0).tolist()] if len(points) else None
        symbols.append({"label": symbol.label, "traces": list(symbol.traces), "box": box})
    return json.dumps({"annotations": document.annotations, "symbols": symbols}, ensure_ascii=False)


def _draw(strokes: list[Stroke], style: InkStyle) -> bytes:
    return render_ink(strokes, style)


def _version(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the path") from None


@lru_cache(maxsize=8)  # listed once per process, not once per slice
def _ink_files(path: Path, folder: str, _version: int) -> tuple[tuple[str, int], ...]:
    """(name, bytes) of every InkML file, sorted by name."""
    store = open_store(path)
    if isinstance(store, ArchiveStore):
        files = [(name, store.size(name)) for name in store.names() if name.lower().endswith(SUFFIX)]
    else:
        files = []
        for directory, _, names in os.walk(path):
            relative = Path(directory).relative_to(path).as_posix()
            for name in names:
                if name.lower().endswith(SUFFIX):
                    files.append((posixpath.join(relative, name), os.path.getsize(os.path.join(directory, name))))
    return tuple(sorted(item for item in files if not folder or f"/{folder}/" in f"/{item[0]}"))
