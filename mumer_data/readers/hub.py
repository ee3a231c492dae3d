"""Reader of anything that `datasets` can load: the Hub, a folder of Parquet, or a dataset saved to disk.

Without ``streaming`` the dataset is fetched into the Hub client's cache first; with it nothing is kept on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.lines import changed, cut
from mumer_data.records import Example, ImageRef, Reject, Slice

_ROWS_PER_FILE = 1 << 40  # the offset of a slice is the number of its file times this, plus the row in the file


class HubReader:
    """One example per row of a dataset; the pipeline names the columns."""

    class Options(SourceOptions):
        """Which dataset, and which of its columns.

        Attributes:
            path: a name on the Hub, a folder, or a folder made by ``save_to_disk``.
            config: name of a config, where there are several.
            split: name of the split.
            image: column of images.
            label: column of labels.
            id: column of ids; without it, the row's number is the id.
            writer: column that names who wrote a row, if there is one.
            streaming: read file by file without a copy on disk; one pass over the labels counts the rows first.
        """

        format: Literal["hub"]
        path: str
        config: str | None = None
        split: str = "train"
        image: str = "image"
        label: str = "label"
        id: str | None = None
        writer: str | None = None
        streaming: bool = False

    def __init__(self, options: Options, base: Path) -> None:
        """Opens nothing yet."""
        self._options = options
        beside = base / options.path
        self._path = str(beside.resolve()) if beside.exists() else options.path

    def files(self) -> list[Path]:
        """None: a dataset is identified by its fingerprint, not by files."""
        return []

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows alone; raises ``SourceError``."""
        if not self._options.streaming:
            rows = ((number, number, 0) for number in range(len(self._open())))
            return cut(rows, max_rows, max_bytes, self._path)
        slices: list[Slice] = []
        start = 0
        for file, rows_of_file in enumerate(self._rows_by_file()):
            for begin in range(0, rows_of_file, max_rows):
                count = min(max_rows, rows_of_file - begin)
                slices.append(Slice(len(slices), start, count, file * _ROWS_PER_FILE + begin, 0))
                start += count
        if not slices:
            raise SourceError(f"{self._path} has no rows; is it the right one?")
        return slices

    def _rows_by_file(self) -> Iterator[int]:
        labels = self._open().select_columns([self._options.label])
        for file in range(labels.num_shards):
            yield sum(1 for _ in labels.shard(labels.num_shards, file))

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice. Rejects: ``row_malformed``, ``image_missing``. Raises ``SourceError``."""
        dataset = self._open()
        numbers = range(part.start, part.start + part.rows)
        if self._options.streaming:
            file, begin = divmod(part.offset, _ROWS_PER_FILE)
            rows = iter(dataset.shard(dataset.num_shards, file).skip(begin).take(part.rows))
        elif len(dataset) >= part.start + part.rows:
            rows = (dataset[number] for number in numbers)
        else:
            raise changed(self._path)
        for number in numbers:
            row = next(rows, None)
            if row is None:
                raise changed(self._path)
            yield self._example(number, row)

    def _example(self, number: int, row: dict[str, Any]) -> Example | Reject:
        label, image = row[self._options.label], row[self._options.image]
        example_id = str(row[self._options.id]) if self._options.id else str(number)
        writer = str(row[self._options.writer] or "") if self._options.writer else ""
        if not isinstance(label, str) or not label.strip():
            return Reject(example_id, number, "row_malformed", f"row {number}: the label is {label!r}, not a string")
        if isinstance(image, dict) and image.get("bytes"):
            name = Path(image.get("path") or f"{example_id}.png").name
            return Example(example_id, label, ImageRef(name, None, partial(bytes, image["bytes"])), number, writer)
        path = image.get("path") if isinstance(image, dict) else image
        if not isinstance(path, str):
            return Reject(example_id, number, "image_missing", f"row {number} has no image", label=label)
        return Example(example_id, label, ImageRef(Path(path).name, path, partial(_read_file, path)), number, writer)

    def _open(self) -> Any:
        return _open_dataset(self._path, self._options)


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ImageError("image_missing", f"{path} cannot be read ({error.strerror})") from None


@lru_cache(maxsize=4)
def _open_dataset(path: str, options: HubReader.Options) -> Any:
    """The split, with encoded images: their bytes are passed on unchanged."""
    import datasets

    saved_to_disk = any((Path(path) / name).is_file() for name in ("state.json", "dataset_dict.json"))
    try:
        if saved_to_disk:
            dataset = datasets.load_from_disk(path)
        else:
            dataset = datasets.load_dataset(path, options.config, streaming=options.streaming)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise SourceError(f"datasets cannot load {path}: {error}") from error
    if isinstance(dataset, dict):  # DatasetDict or IterableDatasetDict
        if options.split not in dataset:
            raise SourceError(f"{path} has no split '{options.split}'; it has {', '.join(dataset)}")
        dataset = dataset[options.split]
    if options.streaming and isinstance(dataset, datasets.Dataset):  # a dataset saved to disk can be streamed too
        dataset = dataset.to_iterable_dataset()
    named = (options.image, options.label, options.id, options.writer)
    columns = [name for name in dict.fromkeys(named) if name is not None]
    if missing := [name for name in columns if name not in dataset.column_names]:
        raise SourceError(f"{path} has no column '{missing[0]}'; it has {', '.join(dataset.column_names)}")
    dataset = dataset.select_columns(columns)
    if isinstance(dataset.features[options.image], datasets.Image):
        dataset = dataset.cast_column(options.image, datasets.Image(decode=False))
    return dataset
