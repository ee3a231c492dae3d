"""Storage paths: local paths, and URLs of any file system of fsspec (``s3://``, ``gs://``, ...).

A URL for output is a `UPath`, which behaves like a `pathlib.Path`; a URL for input is copied to a local cache first.
Not for the content of files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from mumer_data.exceptions import MumerError, OutputError, SourceError


def is_url(name: str) -> bool:
    """Whether a name is a URL such as ``s3://bucket/folder``."""
    scheme, colon, _ = name.partition("://")
    return bool(colon) and scheme.isalnum()


def storage_path(name: str) -> Path:
    """A `Path`, or a `UPath` if ``name`` is a URL.

    Raises:
        OutputError: no installed file system supports this kind of URL.
    """
    if not is_url(name):
        return Path(name)
    if name.startswith("file://"):
        return Path(name.removeprefix("file://"))
    from upath import UPath

    try:
        path = UPath(name)
        path.fs  # noqa: B018  # the file system is looked up on first use
    except (ImportError, ValueError) as error:
        raise OutputError(f"{name}: {error}; install what fsspec names, or choose a local folder") from None
    return cast(Path, path)


def is_remote(path: Path) -> bool:
    """Whether a path is on a remote file system."""
    return not isinstance(path, Path)


@contextmanager
def reached(path: Path) -> Iterator[None]:
    """Convert the exceptions of remote file systems into ``OutputError``."""
    try:
        yield
    except (MumerError, KeyboardInterrupt):
        raise
    except Exception as error:
        if isinstance(error, OSError) or is_remote(path):
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"cannot write {path}: {reason}") from error
        raise


def upload(local: Path, path: Path) -> None:
    """Upload a complete local file; object stores publish it atomically."""
    remote = cast(Any, path)
    remote.fs.put_file(str(local), remote.path)


def remove_folder(path: Path) -> None:
    """Remove a folder and its content."""
    if is_remote(path):
        remote = cast(Any, path)
        if remote.exists():
            remote.fs.rm(remote.path, recursive=True)
    else:
        shutil.rmtree(path)


def lock_of(path: Path, *, take_over: bool) -> AbstractContextManager[object]:
    """The lock of a folder, at the path of its lock file.

    The operating system releases a local lock when its process ends. A remote lock is an object that a killed run
    leaves behind; ``take_over`` (``--resume``) replaces it.

    Raises:
        TimeoutError: another run holds it; on entering.
    """
    if is_remote(path):
        return _remote_lock(path, take_over=take_over)
    return _local_lock(path)


@contextmanager
def _local_lock(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise TimeoutError(f"{path} is held") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _remote_lock(path: Path, *, take_over: bool) -> Iterator[None]:
    if path.is_file() and not take_over:
        raise TimeoutError(f"{path} is there")
    token = hashlib.sha256(os.urandom(16)).hexdigest()
    path.write_text(token, encoding="utf-8")
    if path.read_text(encoding="utf-8") != token:
        raise TimeoutError(f"{path} was taken by another run")
    try:
        yield
    finally:
        if path.is_file() and path.read_text(encoding="utf-8") == token:
            path.unlink()


# ---- reading ------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """The folder for copies of remote sources: ``MUMER_CACHE``, or ``mumer`` in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mumer"
    return Path(os.environ.get("MUMER_CACHE") or default)


@lru_cache(maxsize=64)  # the remote folder is listed once per process
def fetched(url: str) -> Path:
    """A local copy of a remote file or folder; made once per machine, and again when its size or version changes.

    Raises:
        SourceError: it does not exist, or cannot be read.
    """
    import fsspec
    from filelock import FileLock

    try:
        file_system, path = fsspec.core.url_to_fs(url)
        details = file_system.find(path, detail=True)
    except (ImportError, ValueError) as error:
        raise SourceError(f"{url}: {error}; install what fsspec names") from None
    except Exception as error:  # each file system has its own exceptions
        raise SourceError(f"{url} cannot be read: {error}") from error
    if not details:
        raise SourceError(f"{url} does not exist, or is empty; correct the URL")
    copy = cache_folder() / _version(url, details) / Path(path).name
    copy.parent.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(copy.parent.with_suffix(".lock")):
        if not copy.parent.is_dir():
            _download(file_system, path, list(details), copy)
    return copy


def _version(url: str, details: dict[str, dict[str, Any]]) -> str:
    """A name that changes with the files' sizes, etags or times."""
    keys = ("size", "ETag", "etag", "LastModified", "mtime", "created")
    fingerprint = [[name, *(str(detail.get(key)) for key in keys)] for name, detail in sorted(details.items())]
    return hashlib.sha256(json.dumps([url, fingerprint]).encode()).hexdigest()[:24]


def _download(file_system: Any, path: str, names: list[str], copy: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".fetching-", dir=copy.parent.parent))
    try:
        target = temporary / copy.name
        for name in names:
            relative = name[len(path) :].strip("/")
            local = target / relative if relative else target
            if not local.resolve().is_relative_to(temporary.resolve()):
                raise SourceError(f"{name!r} would be written outside of its folder; rename it")
            local.parent.mkdir(parents=True, exist_ok=True)
            file_system.get_file(name, str(local))
        os.replace(temporary, copy.parent)
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(f"{path} cannot be fetched: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
