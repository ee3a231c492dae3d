"""Images by id in a folder, a zip or a tar.

Not for the content of the files: labels are read by the readers, and pixels are checked by `images.check`.
"""

from __future__ import annotations

import io
import os
import posixpath
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, cast

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.images.check import MAX_BYTES
from mumer_data.readers.archives import ARCHIVES, BROKEN, Members, open_members
from mumer_data.records import ImageRef

# If several images have one stem, the first suffix in this order is used.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def is_archive(path: Path) -> bool:
    """Whether this is a file (or nothing yet) whose name ends like one of the archives of `open_store`."""
    return path.name.lower().endswith(ARCHIVES) and not path.is_dir()


def open_store(path: Path) -> ImageStore:
    """The images of a folder, ``.zip``, ``.tar``, ``.tar.gz``, ``.tgz``, ``.tar.xz`` or ``.tar.bz2``.

    A process opens and indexes each archive once, and again when the file has changed.

    Raises:
        SourceError: it does not exist, is none of these, or cannot be read.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be opened ({error}); check the path") from None
    # The process id: a forked worker would share the file position of the archive its parent has open.
    return _open_store(path, status.st_mtime_ns, status.st_size, os.getpid())


@lru_cache(maxsize=16)
def _open_store(path: Path, *_version: int) -> ImageStore:
    if path.is_dir():
        return FolderStore(path)
    if not is_archive(path):
        raise SourceError(f"{path} is neither a folder nor one of {', '.join(ARCHIVES)}; name the folder, or repack it")
    try:
        return ArchiveStore(path, open_members(path))
    except BROKEN as error:
        raise SourceError(
            f"{path} cannot be read as an archive ({error}); copy it again, or unpack it and name the folder "
            "(a compressed tar also needs room for its content in the temporary folder, TMPDIR)"
        ) from error


def read_image(path: Path, name: str) -> bytes:
    """The bytes of image ``name`` in the store at ``path``; raises as `ImageStore.read` does."""
    try:
        return open_store(path).read(name)
    except SourceError as error:
        raise ImageError("image_unreadable", str(error)) from error


def read_file(path: Path) -> bytes:
    """The bytes of an image named by its path in the data: a regular file, never a device or pipe, at most 64 MiB.

    Raises:
        ImageError: ``image_missing``, or ``image_too_large``.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("image_missing", f"{path} is not a file; put the image there")
        if status.st_size > MAX_BYTES:
            raise ImageError("image_too_large", f"{path} has {status.st_size:,} bytes, more than {MAX_BYTES:,}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError("image_missing", f"{path} cannot be read ({reason})") from None


class ImageStore(ABC):
    """Images by id. Names are paths below the store's root, with ``/`` between their parts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, image: str, under: str = "") -> str:
        """The name of the image with id ``image`` in the subfolder ``under``.

        The id may carry its suffix or not and may have subfolders in it. Of several images the one with
        a lower-case suffix comes first, then the order of `SUFFIXES` decides.

        Raises:
            ImageError: ``image_missing``, also for an id that is absolute or contains ``..``.
        """
        if _is_outside(image):
            raise ImageError("image_missing", f"image id {image!r} leads out of {self.path}; rename it")
        name = posixpath.normpath(posixpath.join(under, image))
        stem, suffix = posixpath.splitext(name)
        spellings = [name + end for end in SUFFIXES]
        if suffix.lower() in SUFFIXES:
            if self._has(name):
                return name
            spellings.insert(0, stem + suffix.lower())
        for spelling in spellings:
            if self._has(spelling):
                return spelling
        others = self._other_spellings(posixpath.dirname(name))
        for spelling in spellings:
            if spelling in others:
                return others[spelling]
        raise ImageError(
            "image_missing",
            f"no image {name!r} in {self.path}, as it is or with a suffix of {' '.join(SUFFIXES)}; "
            "add it, or correct the id",
        )

    def read(self, name: str) -> bytes:
        """The encoded image, unchanged.

        Raises:
            ImageError: ``image_missing``, ``image_unreadable``, or ``image_too_large`` (more than 64 MiB).
        """
        size = self.size(name)
        if size > MAX_BYTES:
            raise ImageError("image_too_large", f"{name!r} in {self.path} has {size:,} bytes, more than {MAX_BYTES:,}")
        try:
            return self._load(name)
        except BROKEN as error:
            raise ImageError(
                "image_unreadable", f"{name!r} in {self.path} cannot be read ({error}); copy it again"
            ) from error

    def ref(self, name: str) -> ImageRef:
        """A reference to image ``name`` that can be pickled: it holds paths, not open files."""
        return ImageRef(posixpath.basename(name), self.file_path(name), partial(read_image, self.path, name))

    @abstractmethod
    def size(self, name: str) -> int:
        """Size of an image in bytes, without reading it; raises ``ImageError`` (``image_missing``)."""

    @abstractmethod
    def file_path(self, name: str) -> str | None:
        """A path that another program can open; ``None`` in an archive."""

    @abstractmethod
    def _has(self, name: str) -> bool: ...

    @abstractmethod
    def _other_spellings(self, folder: str) -> Mapping[str, str]:
        """Name with its suffix in lower case -> name, for the images whose suffix is not in lower case."""

    @abstractmethod
    def _load(self, name: str) -> bytes: ...


class FolderStore(ImageStore):
    """The images below a folder; links are followed, as the folder's owner made them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._others: dict[str, dict[str, str]] = {}

    def size(self, name: str) -> int:
        """Size of an image in bytes; raises ``ImageError`` (``image_missing``)."""
        try:
            status = os.stat(self.file_path(name))
        except (OSError, ValueError) as error:
            raise ImageError("image_missing", f"{self.file_path(name)} does not exist ({error})") from None
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("image_missing", f"{self.file_path(name)} is not a file; put the image there")
        return status.st_size

    def file_path(self, name: str) -> str:
        """The image's path."""
        return os.path.join(self.path, name)

    def _has(self, name: str) -> bool:
        try:
            return stat.S_ISREG(os.stat(self.file_path(name)).st_mode)
        except (OSError, ValueError):  # too long, not encodable, ...: no such file can exist
            return False

    def _other_spellings(self, folder: str) -> Mapping[str, str]:
        # Listed only if an id was not found by its usual names, to avoid listing a folder of a million files.
        if folder not in self._others:
            try:
                names = os.listdir(os.path.join(self.path, folder))
            except (OSError, ValueError):
                names = []
            spellings = _lower_case_suffixes(posixpath.join(folder, name) for name in names)
            self._others[folder] = {low: name for low, name in spellings.items() if self._has(name)}
        return self._others[folder]

    def _load(self, name: str) -> bytes:
        with open(self.file_path(name), "rb") as file:
            return file.read()


class ArchiveStore(ImageStore):
    """The images of an archive: regular members only, no links, and never written to disk by their names."""

    def __init__(self, path: Path, members: Members) -> None:
        super().__init__(path)
        self._members = members
        self._others = _lower_case_suffixes(members.sizes)

    def names(self) -> Iterable[str]:
        """The names of all regular members, images or not, in the archive's order."""
        return self._members.sizes.keys()

    def open(self, name: str) -> BinaryIO:
        """A member as a seekable file, any number at once; raises ``SourceError`` where it is damaged."""
        try:
            return cast(BinaryIO, io.BufferedReader(self._members.window(name)))
        except BROKEN as error:
            raise SourceError(f"{name!r} in {self.path} cannot be read ({error}); copy it again") from error

    def size(self, name: str) -> int:
        """Size of a member in bytes, as the archive states it; raises ``ImageError`` (``image_missing``)."""
        if name not in self._members.sizes:
            raise ImageError("image_missing", f"{self.path} has no member {name!r}; correct the name")
        return self._members.sizes[name]

    def file_path(self, name: str) -> None:
        """``None``: a member of an archive has no path."""

    def _has(self, name: str) -> bool:
        return name in self._members.sizes

    def _other_spellings(self, folder: str) -> Mapping[str, str]:
        return self._others

    def _load(self, name: str) -> bytes:
        return self._members.load(name)


def _is_outside(image: str) -> bool:
    parts = image.replace("\\", "/").split("/")
    return not image or not parts[0] or ".." in parts or bool(os.path.splitdrive(image)[0])


def _lower_case_suffixes(names: Iterable[str]) -> dict[str, str]:
    """Name with its suffix in lower case -> name, for images whose suffix is not; the first one of several."""
    names_by_spelling: dict[str, str] = {}
    for name in sorted(names):
        stem, suffix = posixpath.splitext(name)
        if suffix.lower() in SUFFIXES and suffix != suffix.lower():
            names_by_spelling.setdefault(stem + suffix.lower(), name)
    return names_by_spelling
