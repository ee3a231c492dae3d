"""Reader of anything that `datasets` can load: the Hub, a folder of Parquet, or a dataset saved to disk.

Not for streaming from many processes at once: the dataset is fetched into the Hub client's cache first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

from mumer_data.data import Example, ImageRef, Reject, Slice
from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import SourceOptions
from mumer_data.readers.lines import changed, cut


class HubReader:
    """One example a row of a dataset, its columns named by the pipeline."""

    class Options(SourceOptions):
        """Which dataset, and which of its columns.

        Attributes:
            path: a name on the Hub, a folder, or a folder made by ``save_to_disk``.
            config: name of a config, where there are several.
            split: name of the split.
            image: column of images.
            label: column of labels.
            id: column of ids; without it, the row's number is the id.
        """

        format: Literal["hub"]
        path: str
        config: str | None = None
        split: str = "train"
        image: str = "image"
        label: str = "label"
        id: str | None = None

    def __init__(self, options: Options, base: Path) -> None:
        """Opens nothing yet."""
        self._options = options
        beside = base / options.path
        self._path = str(beside.resolve()) if beside.exists() else options.path

    def files(self) -> list[Path]:
        """None: a dataset is known by its fingerprint, which `plan` does not see."""
        return []

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows alone; raises ``SourceError``."""
        rows = ((number, number, 0) for number in range(len(self._open())))
        return cut(rows, max_rows, max_bytes, self._path)

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice. Rejects: ``row_malformed``, ``image_missing``. Raises ``SourceError``."""
        dataset = self._open()
        if len(dataset) < part.start + part.rows:
            raise changed(self._path)
        for number in range(part.start, part.start + part.rows):
            yield self._example(number, dataset[number])

    def _example(self, number: int, row: dict[str, Any]) -> Example | Reject:
        label, image = row[self._options.label], row[self._options.image]
        example_id = str(row[self._options.id]) if self._options.id else str(number)
        if not isinstance(label, str) or not label.strip():
            return Reject(example_id, number, "row_malformed", f"row {number}: the label is {label!r}, not a text")
        if isinstance(image, dict) and image.get("bytes"):
            name = Path(image.get("path") or f"{example_id}.png").name
            return Example(example_id, label, ImageRef(name, None, partial(bytes, image["bytes"])), number)
        path = image.get("path") if isinstance(image, dict) else image
        if not isinstance(path, str):
            return Reject(example_id, number, "image_missing", f"row {number} has no image", label=label)
        return Example(example_id, label, ImageRef(Path(path).name, path, partial(_read_file, path)), number)

    def _open(self) -> Any:
        return _open_dataset(self._path, self._options)


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ImageError("image_missing", f"{path} cannot be read ({error.strerror})") from None


@lru_cache(maxsize=4)
def _open_dataset(path: str, options: HubReader.Options) -> Any:
    """The split, with images left undecoded: their bytes go on as they are."""
    import datasets

    saved = any((Path(path) / name).is_file() for name in ("state.json", "dataset_dict.json"))
    try:
        found = datasets.load_from_disk(path) if saved else datasets.load_dataset(path, options.config)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise SourceError(f"datasets cannot load {path}: {error}") from error
    if isinstance(found, datasets.DatasetDict):
        if options.split not in found:
            raise SourceError(f"{path} has no split '{options.split}'; it has {', '.join(found)}")
        found = found[options.split]
    wanted = [options.image, options.label, *([options.id] if options.id else [])]
    if missing := [name for name in wanted if name not in found.column_names]:
        raise SourceError(f"{path} has no column '{missing[0]}'; it has {', '.join(found.column_names)}")
    found = found.select_columns(wanted)
    if isinstance(found.features[options.image], datasets.Image):
        found = found.cast_column(options.image, datasets.Image(decode=False))
    return found
