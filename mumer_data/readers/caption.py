"""Reader of ``caption.txt`` beside ``images/``, the layout of CROHME and HME100K, in a folder or an archive.

Not for checking labels or pixels: both are passed on unchanged.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.files import ArchiveStore, ImageStore, is_archive, open_store
from mumer_data.readers.lines import MAX_LINE, Line, cut, lines, lines_of
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, Reject, Slice


class CaptionReader:
    """Rows ``id<TAB>label`` of a UTF-8 file, each with the image of that id.

    Every line that is not blank is a row, and its number is the line's, from 0; ``Slice.rows`` counts rows,
    so blank lines within a slice make its line numbers run ahead of that count. The image is looked up by
    id, with or without suffix, as `ImageStore.find` does.
    """

    class Options(SourceOptions):
        """Where the data lie.

        Attributes:
            path: a folder, or a zip or tar of one; in an archive the layout may lie below other folders.
            captions: the label file, relative to ``path``; in an archive without it at this path, the one of this
                name nearest to the top level.
            images: the folder of images, or an archive with them at its top level, relative to the label file.
        """

        format: Literal["caption"]
        path: str
        captions: str = "caption.txt"
        images: str = "images"

    def __init__(self, options: Options, base: Path) -> None:
        """Raises ``SourceError`` where ``options.path`` is neither in ``base`` nor here."""
        self._options = options
        self._path = resolve(options.path, base)

    def files(self) -> list[Path]:
        """The label file, or the archive that it lies in; and the images, where these are an archive."""
        if is_archive(self._path):
            return [self._path]
        images = self._path / self._options.images
        return [self._path / self._options.captions, *([images] if is_archive(images) else [])]

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut the source into slices, in one pass over the label file; offsets are bytes of that file.

        Raises:
            SourceError: the label file or the folder of images is missing or unreadable, or has no rows.
        """
        store, under = self._images()
        with self._open_captions() as file:
            rows = ((line.number, line.offset, self._image_size(line, store, under)) for line in lines(file))
            return cut(rows, max_rows, max_bytes, self._name)

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, in order.

        Rejects have the reasons ``row_encoding`` (not UTF-8), ``row_malformed`` (no tab, or nothing on one
        side of it, or over 16 MiB) and ``image_missing``.

        Raises:
            SourceError: the source is gone, or has changed since it was planned.
        """
        store, under = self._images()
        with self._open_captions() as file:
            for line in lines_of(part, file, self._name):
                row = self._parse(line)
                yield row if isinstance(row, Reject) else self._example(line.number, *row, store, under)

    @property
    def _name(self) -> str:
        return f"{self._options.captions} in {self._path}"

    def _images(self) -> tuple[ImageStore, str]:
        """The store that holds the images, and the folder in it."""
        store = open_store(self._path)
        if isinstance(store, ArchiveStore):
            return store, _layout(store, self._options.captions, self._options.images)[1]
        return open_store(self._path / self._options.images), ""

    def _open_captions(self) -> BinaryIO:
        store = open_store(self._path)
        if isinstance(store, ArchiveStore):
            return store.open(_layout(store, self._options.captions, self._options.images)[0])
        path = self._path / self._options.captions
        try:
            return path.open("rb")
        except OSError as error:
            raise SourceError(
                f"{path} cannot be read ({error.strerror}); name the folder that holds it as path, or "
                "set the option captions to the label file's name"
            ) from None

    def _parse(self, line: Line) -> tuple[str, str] | Reject:
        """Id and label of a row."""
        where = f"line {line.number + 1} of {self._name}"
        if line.data is None:
            return Reject("", line.number, "row_malformed", f"{where} has over {MAX_LINE:,} bytes; split it")
        try:
            text = line.data.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"{where} is not UTF-8 ({error.reason} at byte {error.start}); save the file as UTF-8"
            return Reject("", line.number, "row_encoding", message)
        image, tab, label = text.partition("\t")
        if not (image.strip() and label.strip()):
            problem = "has no tab" if not tab else "lacks the id" if not image.strip() else "lacks the label"
            message = f"{where} {problem}; write the id, one tab, the label"
            return Reject(image.strip() if tab else "", line.number, "row_malformed", message)
        return image.strip(), label

    def _image_size(self, line: Line, store: ImageStore, under: str) -> int:
        row = self._parse(line)
        if isinstance(row, Reject):
            return 0
        try:
            return store.size(store.find(row[0], under))
        except ImageError:
            return 0  # `read` makes it a reject, with the message

    def _example(self, row: int, image: str, label: str, store: ImageStore, under: str) -> Example | Reject:
        try:
            return Example(image, label, store.ref(store.find(image, under)), row)
        except ImageError as error:
            return Reject(image, row, error.reason, error.message, label=label)


@lru_cache(maxsize=16)  # the names of an archive are searched once, not once per slice
def _layout(archive: ArchiveStore, captions: str, images: str) -> tuple[str, str]:
    """The label file and the folder of images in an archive."""
    member = _nearest(archive, posixpath.normpath(captions))
    under = posixpath.normpath(posixpath.join(posixpath.dirname(member), images))
    if under != "." and not any(name.startswith(f"{under}/") for name in archive.names()):
        raise SourceError(f"{archive.path} has no folder {under!r}; set the option images to the right one")
    return member, under


def _nearest(archive: ArchiveStore, file_name: str) -> str:
    """The member that ends in ``file_name`` and is nearest to the top level."""
    names = [name for name in archive.names() if name == file_name or name.endswith(f"/{file_name}")]
    depth = min((name.count("/") for name in names), default=0)
    nearest = [name for name in names if name.count("/") == depth]
    if not nearest:
        raise SourceError(f"{archive.path} has no {file_name!r}; set the option captions to the label file's name")
    if len(nearest) > 1:
        raise SourceError(f"{archive.path} has {' and '.join(nearest)}; set the option captions to one of them")
    return nearest[0]
