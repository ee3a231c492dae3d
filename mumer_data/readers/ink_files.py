"""Reader of InkML files in a folder or archive: CROHME 2011-2023 and MathWriting, rendered when a picture is wanted.

Not for what an InkML file means (see `inkml`) nor for how ink is drawn (see `images.ink`).
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
    """One example an InkML file, in the order of their names; the label is an annotation of the file."""

    class Options(SourceOptions):
        """Where the data lie and how they are drawn.

        Attributes:
            path: a folder, searched with all below it, or an archive.
            folder: only the files below a folder of this name, such as MathWriting's ``train``.
            label: the annotation that is the label: ``truth`` in CROHME, ``normalizedLabel`` or ``label`` in
                MathWriting; ``$`` around it are dropped.
            height, stroke_width, padding, max_width: of the image, in pixels.
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
        """The archive; of a folder, no file is named by itself."""
        return [self._path] if is_archive(self._path) else []

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut the list of files; offsets are places in it, sizes those of the ink.

        Raises:
            SourceError: the source cannot be read, or has no InkML files.
        """
        rows = ((place, place, size) for place, (_, size) in enumerate(self._names()))
        return cut(rows, max_rows, max_bytes, f"{self._path} (files named *{SUFFIX})")

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every file of one slice. Rejects: ``inkml_malformed``, ``ink_invalid``, ``label_missing``; an ink without
        points is found when it is drawn.

        Raises:
            SourceError: the source has changed since it was planned.
        """
        for made in self._read(part):
            yield made if isinstance(made, Reject) else made[0]

    def documents(self, part: Slice) -> Iterator[tuple[Example, InkDocument]]:
        """The examples of one slice, each with all that its file says; what `read` would reject is left out."""
        for made in self._read(part):
            if not isinstance(made, Reject):
                yield made

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
            there = ", ".join(sorted(document.annotations)) or "none"
            message = f"{name} has no annotation '{self._options.label}' (it has: {there}); set the option label"
            return Reject(stem, row, "label_missing", message)
        example_id = _id_of(document, stem)
        draw = partial(_draw, list(document.strokes.values()), self._style)
        image = ImageRef(f"{posixpath.basename(example_id)}.png", None, draw)
        writer = document.annotations.get("writer", "")
        return Example(example_id, label, image, row, writer, partial(document_metadata, document)), document


def _without_dollars(label: str) -> str:
    """A label without the ``$`` around it; one with a backslash before it is a dollar sign."""
    return re.sub(r"(?<!\\)\$+$", "", label.strip()).lstrip("$").strip()


def _id_of(document: InkDocument, stem: str) -> str:
    """The id that the file gives itself (CROHME's ``UI``, MathWriting's ``sampleId``), else its name."""
    return document.annotations.get("UI") or document.annotations.get("sampleId") or stem


def document_metadata(document: InkDocument) -> str:
    """What an InkML file says beside its strokes, as JSON: annotations, and each segmented symbol with its box.

    A box is left, top, right, bottom in the units of the ink; ``null`` where the file has none of its strokes.
    """
    symbols = []
    for symbol in document.symbols:
        there = [document.strokes[trace] for trace in symbol.traces if trace in document.strokes]
        points = np.concatenate(there) if there else np.empty((0, 2))
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


@lru_cache(maxsize=8)  # one listing a process, not one a slice
def _ink_files(path: Path, folder: str, _version: int) -> tuple[tuple[str, int], ...]:
    """(name, bytes) of every InkML file, sorted by name."""
    store = open_store(path)
    if isinstance(store, ArchiveStore):
        found = [(name, store.size(name)) for name in store.names() if name.lower().endswith(SUFFIX)]
    else:
        found = []
        for where, _, names in os.walk(path):
            inner = Path(where).relative_to(path).as_posix()
            for name in names:
                if name.lower().endswith(SUFFIX):
                    found.append((posixpath.join(inner, name), os.path.getsize(os.path.join(where, name))))
    return tuple(sorted(item for item in found if not folder or f"/{folder}/" in f"/{item[0]}"))
