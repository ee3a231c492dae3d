"""Reader of rows in memory: a DataFrame, a `datasets.Dataset`, or dicts of image and label. For Python only.

Not for files: a pipeline file cannot name rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

from pydantic import ConfigDict

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.io.png import ZLIB_DEFAULT, encode_png
from mumer_data.readers import SourceOptions
from mumer_data.readers.lines import cut
from mumer_data.records import Example, ImageRef, Reject, Slice

if TYPE_CHECKING:
    from PIL.Image import Image

ImageLike: TypeAlias = Union[str, Path, bytes, "Image", Mapping[str, Any]]


class MemoryReader:
    """One example per row."""

    class Options(SourceOptions):
        """The rows, and the names of their columns.

        Attributes:
            rows: a list of mappings; see `rows_of`.
            image, label, id: names of the columns; the id of a row without one is its number.
        """

        model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

        format: Literal["memory"]
        rows: list[Any]
        image: str = "image"
        label: str = "label"
        id: str = "id"

    def __init__(self, options: Options, base: Path) -> None:
        """Relative image paths are looked up from the working directory; ``base`` is not used."""
        self._options = options

    def files(self) -> list[Path]:
        """None."""
        return []

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by rows alone; raises ``SourceError`` where there are none."""
        numbers = ((number, number, 0) for number in range(len(self._options.rows)))
        return cut(numbers, max_rows, max_bytes, "the rows")

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice. Rejects: ``row_malformed``, ``image_missing``."""
        for number in range(part.start, part.start + part.rows):
            yield self._example(number, self._options.rows[number])

    def _example(self, number: int, row: Any) -> Example | Reject:
        options = self._options
        if not isinstance(row, Mapping):
            message = f"row {number} is {type(row).__name__}, not a mapping of column to value"
            return Reject(str(number), number, "row_malformed", message)
        value = row.get(options.id)
        example_id = str(number) if value is None else str(value)
        label, image = row.get(options.label), row.get(options.image)
        if not isinstance(label, str) or not label.strip():
            message = f"row {number}: column {options.label!r} is {label!r}, not a string"
            return Reject(example_id, number, "row_malformed", message)
        if image is None:
            message = f"row {number}: column {options.image!r} has no image"
            return Reject(example_id, number, "image_missing", message, label=label)
        path = image.get("path") if isinstance(image, Mapping) else image
        on_disk = str(path) if isinstance(path, str | Path) else None
        name = Path(on_disk).name if on_disk else f"{example_id}.png"
        return Example(example_id, label, ImageRef(name, on_disk, partial(image_bytes, image)), number)


def image_bytes(image: ImageLike) -> bytes:
    """The encoded image.

    Args:
        image: a path, encoded bytes, a PIL image (encoded as PNG), or ``{"bytes": ..., "path": ...}`` as `datasets`
            stores images.

    Raises:
        ImageError: it cannot be read, or is of another type.
    """
    if isinstance(image, Mapping):
        image = image.get("bytes") or image.get("path") or b""
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str | Path):
        try:
            return Path(image).read_bytes()
        except OSError as error:
            raise ImageError("image_missing", f"{image} cannot be read: {error.strerror}") from None
    if hasattr(image, "save") and hasattr(image, "mode"):
        return encode_png(image, compress_level=ZLIB_DEFAULT)
    raise ImageError("image_corrupt", f"an image is a path, bytes or a PIL image, not {type(image).__name__}")


def rows_of(rows: Any, image: str = "image") -> list[Mapping[str, Any]]:
    """The rows of a pandas or polars DataFrame, a `datasets.Dataset` or an iterable of mappings, as a list.

    Raises:
        SourceError: ``rows`` is none of these.
    """
    if hasattr(rows, "cast_column") and hasattr(rows, "features"):  # datasets.Dataset: keep images encoded
        from datasets import Image

        features = rows.features or {}
        rows = rows.cast_column(image, Image(decode=False)) if isinstance(features.get(image), Image) else rows
        return list(rows)
    if hasattr(rows, "to_dicts"):  # polars
        return list(rows.to_dicts())
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # pandas
        return list(rows.to_dict("records"))
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise SourceError(
            f"rows are {type(rows).__name__}: pass a DataFrame, a datasets.Dataset, or dicts of image and label"
        )
    return list(rows)
