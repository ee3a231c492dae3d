"""Readers: datasets on disk -> examples (one image and its label each), one slice at a time.

A new reader is one module with a class that has the interface of `Reader`, and one line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from mumer_data.records import Example, Reject, Slice
from mumer_data.registry import Registry


class SourceOptions(BaseModel):
    """Common options of all readers: the name of the format."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str


class Reader(Protocol):
    """A dataset that can be cut into slices; any process can read any slice on its own.

    A reader is cheap to create and to pickle: it opens files only inside its methods.
    """

    Options: type[SourceOptions]

    def __init__(self, options: SourceOptions, base: Path) -> None:
        """Take the options of the pipeline; relative paths are looked up in ``base``, then in the working directory."""

    def files(self) -> list[Path]:
        """The label files and archives that the manifest names with their hashes (single images are not named)."""

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut the source into slices of at most ``max_rows`` rows and about ``max_bytes`` of images.

        Raises:
            SourceError: the source cannot be read, or has no rows.
        """

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, in order, as an example or as a reject."""


# name in a pipeline file -> "module:class"; imported only when a pipeline asks for it.
READERS = Registry(
    "format",
    "mumer.readers",
    {
        "caption": "mumer_data.readers.caption:CaptionReader",
        "hub": "mumer_data.readers.hub:HubReader",
        "im2latex": "mumer_data.readers.im2latex:Im2LatexReader",
        "inkml": "mumer_data.readers.ink_files:InkFilesReader",
        "memory": "mumer_data.readers.memory:MemoryReader",
        "shards": "mumer_data.readers.shards:ShardsReader",
        "sharegpt": "mumer_data.readers.sharegpt:ShareGPTReader",
        "synthetic": "mumer_data.readers.synthetic:SyntheticReader",
        "table": "mumer_data.readers.table:TableReader",
        "typeset": "mumer_data.readers.typeset:TypesetReader",
    },
)


def reader_class(name: str) -> type[Reader]:
    """The reader registered under ``name``; raises ``KeyError`` where there is none."""
    loaded: type[Reader] = READERS.load(name)
    return loaded
