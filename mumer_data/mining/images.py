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

_DIGITS = 18  # of the number of a row


class ShardPlace(NamedTuple):
    """The position of an image in shards: a file, and a row number."""

    file: Path
    row: int


@dataclass(frozen=True, slots=True)
class ImageFinder:
    """Looks images up by the path or id that a prediction names.

    Attributes:
        folder: of image files, or a build; ``None`` where the predictions name shards or files themselves.
        base: the folder of the prediction file: relative paths are looked up there first, then here.
        shards: whether the folder is a build.
    """

    folder: Path | None
    base: Path
    shards: bool = False

    @classmethod
    def of(cls, folder: Path | None, base: Path) -> ImageFinder:
        """A finder that has looked what kind of folder it is given."""
        return cls(folder, base, folder is not None and holds_shards(folder))

    def find(self, example_id: str, path: str) -> ImageRef:
        """The image of one prediction, not yet read.

        Raises:
            ImageError: with reason ``image_missing``.
            SourceError: shards that cannot be read.
        """
        if self.folder is not None:
            if self.shards:
                return _in_shards(self.folder, example_id)
            return _in_folder(self.folder, example_id, path)
        place, _, row = path.rpartition("#") if row_named(path) else (path, "", "")
        found = self._resolve(place)
        if found is None:
            raise ImageError("image_missing", f"{example_id}: there is no {path!r}; say where images lie by --images")
        if found.suffix == ".parquet" and row:
            return _from_shard(ShardPlace(found, int(row)), example_id, check_id=False)
        if found.suffix == ".parquet" or found.is_dir():
            return _in_shards(found, example_id)
        return _file(found)

    def _resolve(self, path: str) -> Path | None:
        return next((found for found in (self.base / path, Path(path)) if path and os.path.exists(found)), None)


def row_named(path: str) -> bool:
    """Whether a path is that of a row in a shard: ``train-00000-of-00004.parquet#17``."""
    file, _, row = path.rpartition("#")
    return file.endswith(".parquet") and row.isdecimal() and len(row) <= _DIGITS


def names_shards(path: str, base: Path) -> bool:
    """Whether the image path of a prediction is that of a shard, of a row in it, or of a folder of shards."""
    if row_named(path) or path.endswith(".parquet"):
        return True
    return bool(path) and any(holds_shards(folder) for folder in (base / path, Path(path)))


def holds_shards(folder: Path) -> bool:
    """Whether a folder is a build, or holds Parquet files."""
    return os.path.isdir(folder) and ((folder / "manifest.json").is_file() or any(folder.glob("*.parquet")))


def _in_folder(folder: Path, example_id: str, path: str) -> ImageRef:
    """By what the path calls the file, then by the id; of several that are called so, the one whose folders fit."""
    named = images_in(folder)
    for wanted in (path, example_id) if path else (example_id,):
        *above, name = PurePosixPath(wanted).parts or ("",)
        for stem in dict.fromkeys((_stem(name), name)):
            if found := named.get(stem):
                return _file(folder / _nearest(found, (*above, name), example_id))
    raise ImageError("image_missing", f"no image of {example_id!r} in {folder} (looked for {path!r} too)")


def _nearest(found: list[PurePosixPath], wanted: tuple[str, ...], example_id: str) -> PurePosixPath:
    """The file whose name and folders are like those wanted for the longest, counted from the end."""

    def likeness(file: PurePosixPath) -> tuple[int, bool]:
        pairs = zip(reversed(file.parts[:-1]), reversed(wanted[:-1]), strict=False)
        same = next((n for n, (one, other) in enumerate(pairs) if one.casefold() != other.casefold()), None)
        return min(len(file.parts), len(wanted)) - 1 if same is None else same, file.name == wanted[-1]

    first, *others = sorted(found, key=likeness, reverse=True)
    if others and likeness(first) == likeness(others[0]):
        raise ImageError("image_ambiguous", f"{example_id!r} may be {first} or {others[0]}: give image_path its folder")
    return first


@lru_cache(maxsize=2)
def images_in(folder: Path) -> dict[str, list[PurePosixPath]]:
    """Name without suffix -> image files in a folder and all below, in order, as paths from there."""
    found: dict[str, list[PurePosixPath]] = {}
    for place, folders, names in os.walk(folder):
        folders.sort()
        inside = PurePosixPath(Path(place).relative_to(folder).as_posix())
        for name in sorted(names):
            if _stem(name) != name:
                found.setdefault(_stem(name), []).append(inside / name)
    return found


def _stem(name: str) -> str:
    """A file's name without the suffix of an image; with any other."""
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and f"{dot}{suffix}".lower() in SUFFIXES else name


def _file(path: Path) -> ImageRef:
    return ImageRef(path.name, str(path), partial(read_file, path))


def _in_shards(place: Path, example_id: str) -> ImageRef:
    row = _rows_by_id(place).get(example_id)
    if row is None:
        raise ImageError("image_missing", f"no row with the id {example_id!r} in {place}")
    return _from_shard(row, example_id, check_id=True)


@lru_cache(maxsize=16)
def _rows_by_id(place: Path) -> dict[str, ShardPlace]:
    """Where each id lies in one shard, or in the first config of a build (about 150 bytes a row)."""
    files = [place] if place.is_file() else _shards_of(place)
    found: dict[str, ShardPlace] = {}
    for file in files:
        try:
            ids = pq.read_table(file, columns=["id"]).column("id").to_pylist()
        except (OSError, UnicodeDecodeError, pa.ArrowException, KeyError) as error:
            raise SourceError(f"{file} cannot be read as a shard with ids: {error}") from None
        for row, example_id in enumerate(ids):
            found.setdefault(str(example_id), ShardPlace(file, row))
    return found


def _shards_of(folder: Path) -> list[Path]:
    options = ShardsReader.Options.model_validate({"format": "shards", "path": str(folder.resolve())})
    return ShardsReader(options, folder).files()


def _from_shard(place: ShardPlace, example_id: str, *, check_id: bool) -> ImageRef:
    value = _row(place)
    data, path = image_of(value.get("images"))
    if not (data or path) or (check_id and str(value.get("id")) != example_id):
        raise ImageError("image_missing", f"row {place.row} of {place.file} has no image of {example_id!r}")
    if not data:
        return _file(Path(path))
    return ImageRef(Path(path).name or f"{example_id}.png", None, partial(bytes, data))


def _row(place: ShardPlace) -> dict[str, Any]:
    starts = _group_starts(place.file)
    group = next((number for number, start in enumerate(starts[1:]) if place.row < start), None)
    if group is None:
        raise ImageError("image_missing", f"{place.file} has {starts[-1]} rows, not a row {place.row}")
    rows: pa.Table = _group(place.file, group)
    if place.row - starts[group] >= len(rows):
        raise ImageError("image_missing", f"{place.file} ends before row {place.row}, which its footer promises")
    try:
        found: dict[str, Any] = rows.slice(place.row - starts[group], 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        raise ImageError("image_missing", f"row {place.row} of {place.file} is not UTF-8 ({error.reason})") from None
    return found


@lru_cache(maxsize=1024)
def _group_starts(file: Path) -> list[int]:
    """The first row of each row group, and the end of the last."""
    with arrow_errors(file):
        sizes = rows_of_groups(pq.read_metadata(file), file)
    return list(accumulate(sizes, initial=0))


@lru_cache(maxsize=4)  # predictions come mostly in the order of the shards; four groups are at most 64 MB of images
def _group(file: Path, number: int) -> Any:
    with arrow_errors(file), pq.ParquetFile(file) as shard:
        names = [name for name in ("id", "images") if name in shard.schema_arrow.names]
        return shard.read_row_group(number, columns=names)
