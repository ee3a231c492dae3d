"""Finds the image of a prediction: in a folder of files, or in the shards of a build.

Not for validating images: see `filters.validation`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers.files import SUFFIXES, read_file
from mumer_data.readers.footers import arrow_errors, rows_of_groups
from mumer_data.readers.shards import ShardsReader, image_of
from mumer_data.records import ImageRef

_DIGITS = 18  # maximum length of a row number: it fits 64 bits


class ShardPosition(NamedTuple):
    """The position of an image in shards: a file, and a row number."""

    file: Path
    row: int


@dataclass(frozen=True, slots=True)
class ImageFinder:
    """Looks images up by the path or id that a prediction names.

    Attributes:
        folder: folder of image files, or a build; ``None`` if the predictions name shards or files themselves.
        base: the folder of the prediction file: relative paths are looked up there first, then in the working folder.
        shards: whether the folder is a build.
    """

    folder: Path | None
    base: Path
    shards: bool = False

    @classmethod
    def of(cls, folder: Path | None, base: Path) -> ImageFinder:
        """A finder that detects whether the folder is a build."""
        return cls(folder, base, folder is not None and holds_shards(folder))

    def find(self, example_id: str, path: str) -> ImageRef:
        """The image of one prediction, not yet read.

        Raises:
            ImageError: no image belongs to it; the reason is ``image_missing`` or ``image_ambiguous``.
            SourceError: the shards cannot be read.
        """
        if self.folder is not None:
            if self.shards:
                return _in_shards(self.folder, example_id)
            return _in_folder(self.folder, example_id, path)
        name, _, row = path.rpartition("#") if row_named(path) else (path, "", "")
        file = self._resolve(name)
        if file is None:
            raise ImageError(
                "image_missing", f"{example_id}: there is no {path!r}; name the folder of the images with --images"
            )
        if file.suffix == ".parquet" and row:
            return _from_shard(ShardPosition(file, int(row)), example_id, check_id=False)
        if file.suffix == ".parquet" or file.is_dir():
            return _in_shards(file, example_id)
        return _file(file)

    def _resolve(self, path: str) -> Path | None:
        return next((file for file in (self.base / path, Path(path)) if path and os.path.exists(file)), None)


def row_named(path: str) -> bool:
    """Whether a path names a row of a shard: ``train-00000-of-00004.parquet#17``."""
    file, _, row = path.rpartition("#")
    return file.endswith(".parquet") and row.isdecimal() and len(row) <= _DIGITS


def names_shards(path: str, base: Path) -> bool:
    """Whether the image path of a prediction names a shard, a row of a shard, or a folder of shards."""
    if row_named(path) or path.endswith(".parquet"):
        return True
    return bool(path) and any(holds_shards(folder) for folder in (base / path, Path(path)))


def holds_shards(folder: Path) -> bool:
    """Whether a folder is a build, or holds Parquet files."""
    return os.path.isdir(folder) and ((folder / "manifest.json").is_file() or any(folder.glob("*.parquet")))


def _in_folder(folder: Path, example_id: str, path: str) -> ImageRef:
    """Look up by the file name in the path, then by the id; among equal names, take the one with matching folders."""
    files = images_in(folder)
    for requested in (path, example_id) if path else (example_id,):
        *parents, name = PurePosixPath(requested).parts or ("",)
        for stem in dict.fromkeys((_stem(name), name)):
            if matches := files.get(stem):
                return _file(folder / _best_match(matches, (*parents, name), example_id))
    raise ImageError("image_missing", f"no image of {example_id!r} in {folder} (also looked for {path!r})")


def _best_match(files: list[PurePosixPath], requested: tuple[str, ...], example_id: str) -> PurePosixPath:
    """The file with the most parent folders equal to the requested ones, counted from the end of the path."""

    def matching_folders(file: PurePosixPath) -> tuple[int, bool]:
        pairs = zip(reversed(file.parts[:-1]), reversed(requested[:-1]), strict=False)
        same = next((n for n, (folder, other) in enumerate(pairs) if folder.casefold() != other.casefold()), None)
        return min(len(file.parts), len(requested)) - 1 if same is None else same, file.name == requested[-1]

    first, *others = sorted(files, key=matching_folders, reverse=True)
    if others and matching_folders(first) == matching_folders(others[0]):
        raise ImageError(
            "image_ambiguous", f"{example_id!r} may be {first} or {others[0]}: add the folder to image_path"
        )
    return first


@lru_cache(maxsize=2)
def images_in(folder: Path) -> dict[str, list[PurePosixPath]]:
    """Name without suffix -> image files below a folder, sorted, as paths relative to it."""
    files: dict[str, list[PurePosixPath]] = {}
    for current, folders, names in os.walk(folder):
        folders.sort()
        parent = PurePosixPath(Path(current).relative_to(folder).as_posix())
        for name in sorted(names):
            if _stem(name) != name:
                files.setdefault(_stem(name), []).append(parent / name)
    return files


def _stem(name: str) -> str:
    """A file name without its suffix if that is an image suffix; any other suffix is kept."""
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and f"{dot}{suffix}".lower() in SUFFIXES else name


def _file(path: Path) -> ImageRef:
    return ImageRef(path.name, str(path), partial(read_file, path))


def _in_shards(path: Path, example_id: str) -> ImageRef:
    position = _rows_by_id(path).get(example_id)
    if position is None:
        raise ImageError("image_missing", f"no row with the id {example_id!r} in {path}")
    return _from_shard(position, example_id, check_id=True)


@lru_cache(maxsize=16)
def _rows_by_id(path: Path) -> dict[str, ShardPosition]:
    """Id -> position, in one shard or in the first config of a build (about 150 bytes per row)."""
    files = [path] if path.is_file() else _shards_of(path)
    positions: dict[str, ShardPosition] = {}
    for file in files:
        try:
            ids = pq.read_table(file, columns=["id"]).column("id").to_pylist()
        except (OSError, UnicodeDecodeError, pa.ArrowException, KeyError) as error:
            raise SourceError(f"{file} cannot be read as a shard with ids: {error}") from None
        for row, example_id in enumerate(ids):
            positions.setdefault(str(example_id), ShardPosition(file, row))
    return positions


def _shards_of(folder: Path) -> list[Path]:
    options = ShardsReader.Options.model_validate({"format": "shards", "path": str(folder.resolve())})
    return ShardsReader(options, folder).files()


def _from_shard(position: ShardPosition, example_id: str, *, check_id: bool) -> ImageRef:
    row = _row(position)
    data, path = image_of(row.get("images"))
    if not (data or path) or (check_id and str(row.get("id")) != example_id):
        raise ImageError("image_missing", f"row {position.row} of {position.file} has no image of {example_id!r}")
    if not data:
        return _file(Path(path))
    return ImageRef(Path(path).name or f"{example_id}.png", None, partial(bytes, data))


def _row(position: ShardPosition) -> dict[str, Any]:
    starts = _group_starts(position.file)
    group = next((number for number, start in enumerate(starts[1:]) if position.row < start), None)
    if group is None:
        raise ImageError("image_missing", f"{position.file} has {starts[-1]} rows, not a row {position.row}")
    rows: pa.Table = _group(position.file, group)
    if position.row - starts[group] >= len(rows):
        raise ImageError(
            "image_missing", f"{position.file} ends before row {position.row}, although its footer counts more rows"
        )
    try:
        row: dict[str, Any] = rows.slice(position.row - starts[group], 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        raise ImageError(
            "image_missing", f"row {position.row} of {position.file} is not UTF-8 ({error.reason})"
        ) from None
    return row


@lru_cache(maxsize=1024)
def _group_starts(file: Path) -> list[int]:
    """The first row of each row group, and the end of the last."""
    with arrow_errors(file):
        sizes = rows_of_groups(pq.read_metadata(file), file)
    return list(accumulate(sizes, initial=0))


@lru_cache(maxsize=4)  # predictions mostly come in the order of the shards; four groups hold at most 64 MB of images
def _group(file: Path, number: int) -> Any:
    with arrow_errors(file), pq.ParquetFile(file) as shard:
        names = [name for name in ("id", "images") if name in shard.schema_arrow.names]
        return shard.read_row_group(number, columns=names)
