"""Members of a zip or tar by name: their sizes, their bytes, and file objects that read them in place.

Not for unpacking (nothing is written to disk under a member's name), nor for recognising images.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import posixpath
import stat
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, Protocol

_COMPRESSED: dict[str, Callable[[Path], io.BufferedIOBase]] = {
    ".tar.gz": gzip.GzipFile,
    ".tgz": gzip.GzipFile,
    ".tar.xz": lzma.LZMAFile,
    ".tar.bz2": bz2.BZ2File,
}
ARCHIVES = (".zip", ".tar", *_COMPRESSED)
# An archive may unpack to this many times its size: InkML unpacks to 10 times, labels to 5, images to 1; a bomb to
# 1,000 and more. Archives that unpack to less than `ALWAYS_ALLOWED` bytes have no limit.
MAX_RATIO = 100
ALWAYS_ALLOWED = 256 << 20
_CHUNK = 1 << 20  # bytes unpacked at a time
_BZIP2_READ_SIZE = 64  # bytes of bzip2 or LZMA read at a time
# What the standard library raises for a damaged or encrypted archive.
BROKEN = (
    *(OSError, EOFError, RuntimeError, ValueError, OverflowError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
)


class Members(Protocol):
    """The regular files in an archive: no folders, links or devices.

    Attributes:
        sizes: name -> size in bytes, in the archive's order; of two members of one name, the later.
    """

    sizes: dict[str, int]

    def load(self, name: str) -> bytes:
        """A member's bytes; raises one of `BROKEN`."""

    def window(self, name: str) -> io.RawIOBase:
        """A member as a seekable file with its own position; raises one of `BROKEN`."""


class ArchiveBombError(ValueError):
    """An archive that unpacks to far more bytes than a dataset does."""

    def __init__(self, size: int, allowed: int) -> None:
        super().__init__(
            f"its {size:,} bytes unpack to more than {allowed:,}, which looks like a bomb; if they are what you "
            "expect, unpack it yourself and name the folder"
        )


def allowed_size(path: Path) -> int:
    """The number of bytes to which an archive may unpack."""
    return max(ALWAYS_ALLOWED, MAX_RATIO * path.stat().st_size)


def open_members(path: Path) -> Members:
    """The members of an archive, whose name ends in one of `ARCHIVES`; raises one of `BROKEN`."""
    return _Zip(path) if path.name.lower().endswith(".zip") else _Tar(path)


class _Zip:
    """A zip; members are unpacked in memory, and those opened as windows into an anonymous temporary file."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self._unpacked: dict[str, _SharedFile] = {}
        for info in self._zip.infolist():
            # Some Windows tools write backslashes, against the format.
            name = _member_name(info.filename.replace("\\", "/"))
            kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the zip was not made on Unix
            if name and not info.is_dir() and kind in (0, stat.S_IFREG):
                self._infos[name] = info
        self.sizes = {name: info.file_size for name, info in self._infos.items()}
        # Reading stops at the size stated here, so this sum bounds what can be unpacked.
        if sum(self.sizes.values()) > allowed_size(path):
            raise ArchiveBombError(path.stat().st_size, allowed_size(path))
        _check_no_overlap(list(self._infos.values()))

    def load(self, name: str) -> bytes:
        with self._zip.open(self._infos[name]) as member:
            return b"".join(_chunks(member, _read_size(self._infos[name])))

    def window(self, name: str) -> io.RawIOBase:
        if name not in self._unpacked:
            with self._zip.open(self._infos[name]) as member:
                chunks = _chunks(member, _read_size(self._infos[name]))
                self._unpacked[name] = _SharedFile(_spool(chunks, self.sizes[name]))
        return _Window(self._unpacked[name], 0, self.sizes[name])


class _Tar:
    """A tar; a compressed tar has no random access, so it is unpacked to an anonymous temporary file."""

    def __init__(self, path: Path) -> None:
        lower = path.name.lower()
        unpack = next((opener for end, opener in _COMPRESSED.items() if lower.endswith(end)), None)
        file: IO[bytes]
        if unpack is None:
            file = open(path, "rb")  # noqa: SIM115  # lives as long as this object
        else:
            with unpack(path) as packed:
                file = _spool(_chunks(packed, _CHUNK), allowed_size(path), path.stat().st_size)
        self._file = _SharedFile(file)
        self._offsets: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (member := tar.next()) is not None:
                # Without this tarfile keeps every header: about 1 GB for a million images.
                tar.members = []  # type: ignore[attr-defined]  # an attribute typeshed does not name
                if member.size < 0:  # the next header would be before it: an endless loop
                    raise tarfile.ReadError(f"member {member.name!r} has a negative size")
                name = _member_name(member.name)
                if name and member.isreg() and not member.issparse():
                    self._offsets[name] = member.offset_data
                    self.sizes[name] = member.size

    def load(self, name: str) -> bytes:
        data = self._file.read_at(self._offsets[name], self.sizes[name])
        if len(data) < self.sizes[name]:
            raise EOFError(f"the archive ends {self.sizes[name] - len(data)} bytes early")
        return data

    def window(self, name: str) -> io.RawIOBase:
        return _Window(self._file, self._offsets[name], self.sizes[name])


def _member_name(name: str) -> str:
    """The name without ``./``; empty for one that is absolute or leads out of the archive: no lookup may reach it."""
    plain = posixpath.normpath(name)
    return "" if plain.startswith(("/", "../")) or plain in (".", "..") else plain


def _check_no_overlap(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: D. Fifield, A better zip bomb, WOOT 2019."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    for info, following in pairwise(ordered):
        if info.header_offset + info.compress_size > following.header_offset:
            raise zipfile.BadZipFile(f"the members {info.filename!r} and {following.filename!r} overlap")


def _read_size(info: zipfile.ZipInfo) -> int:
    """How many bytes of a member may be read at once, so that what it unpacks to stays bounded in memory.

    zipfile cuts a member to the size in the directory only after it has unpacked what one read needs. With deflate the
    output of a read is limited too; with bzip2 only its input is, and 45 bytes of it are one block of up to 46 MB.
    """
    return _CHUNK if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else _BZIP2_READ_SIZE


def _chunks(source: IO[bytes] | io.BufferedIOBase, size: int) -> Iterator[bytes]:
    if isinstance(source, zipfile.ZipExtFile):
        source.MIN_READ_SIZE = min(size, source.MIN_READ_SIZE)
    while chunk := source.read(size):
        yield chunk


def _spool(chunks: Iterator[bytes], limit: int, packed: int = 0) -> IO[bytes]:
    """All chunks in an anonymous file; ``limit`` bytes at most, or `ArchiveBombError`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # has no name; deleted with its last reference
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if written > limit:
            file.close()
            raise ArchiveBombError(packed, limit)
        file.write(chunk)
    file.seek(0)
    return file


class _SharedFile:
    """An open file for several readers: each read states its offset, so no reader moves another's position."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()

    def read_at(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)


class _Window(io.RawIOBase):
    """A part of a shared file, as a separate read-only file."""

    def __init__(self, file: _SharedFile, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's type is private
        size = max(0, min(len(buffer), self._size - self._position))
        data = self._file.read_at(self._start + self._position, size)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
