"""Filter that excludes rows that are also in another source, such as a test set; and a report on two sources.

Not for duplicates within one source: see `duplicates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from mumer_data.filters import Rejection
from mumer_data.filters.duplicates import compared_parts
from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import RowIndex, build_row_index
from mumer_data.filters.validation import RowValidator
from mumer_data.readers import READERS, Reader, reader_class

_SLICE_ROWS, _SLICE_BYTES = 2_000, 64 << 20


class LeakageFilter:
    """Excludes rows that are also in another source."""

    class Options(NearDuplicateOptions):
        """The other source, and what counts as equal.

        Attributes:
            source: as the ``source`` of a pipeline.
            normalize: preset for the labels of that source.
        """

        source: dict[str, Any]
        normalize: str = Field("none")

        @field_validator("source")
        @classmethod
        def _known_source(cls, source: dict[str, Any]) -> dict[str, Any]:
            if source.get("format") not in READERS:
                raise ValueError(f"source.format must be one of {', '.join(READERS)}, found {source.get('format')!r}")
            reader_class(str(source["format"])).Options.model_validate(source)
            return source

    def __init__(self, options: Options, base: Path) -> None:
        """Configure the reader of the other source; nothing is read yet."""
        reader_type = reader_class(options.source["format"])
        self._reader: Reader = reader_type(reader_type.Options.model_validate(options.source), base)
        self._options = options
        self.images = options.image != "ignore"

    def files(self) -> list[Path]:
        """The label files and archives of the other source."""
        return self._reader.files()

    def reject(self, rows: RowIndex, workers: int | None) -> Iterator[tuple[int, Rejection]]:
        """Reasons: ``leaked_image``, ``leaked_label``, ``leaked`` where both are compared."""
        slices = self._reader.plan(_SLICE_ROWS, _SLICE_BYTES)
        validator = RowValidator(self._options.normalize)
        other = build_row_index(self._reader, slices, validator, labels=True, images=self.images, workers=workers)
        compared = compared_parts(self._options)
        reason = "_".join(["leaked", *([compared] if compared in ("image", "label") else [])])
        for index, match in shared_rows(other, rows, self._options):
            yield index, Rejection(reason, f"the same {compared} as {other.ids[match]!r} of the other source")


def shared_rows(train: RowIndex, test: RowIndex, options: NearDuplicateOptions) -> Iterator[tuple[int, int]]:
    """Pairs (index in ``test``, index in ``train``): every row of ``test`` with a duplicate in ``train``."""
    features = np.concatenate([train.features, test.features])
    for index, match in enumerate(first_near_duplicate(features, options, len(train))[len(train) :]):
        if match >= 0:
            yield index, int(match)


@dataclass(frozen=True, slots=True)
class Leak:
    """A row of a test set that is also in a training set.

    Attributes:
        test_id, train_id: ids of the two rows.
        image: ``exact``, ``near`` or ``""``.
        label: whether the labels are the same.
    """

    test_id: str
    train_id: str
    image: str
    label: bool


def leaks(train: RowIndex, test: RowIndex, distance: int | None) -> list[Leak]:
    """Every row of ``test`` whose image or label is in ``train``; a shared image takes precedence over a shared label.

    ``distance`` is that of `NearDuplicateOptions`; ``None`` where the row indices have no image features.
    """
    if not len(train) or not len(test):
        return []
    leaked: dict[int, Leak] = {}
    for index, match in shared_rows(train, test, NearDuplicateOptions(image="ignore", label="same")):
        leaked[index] = Leak(test.ids[index], train.ids[match], "", True)
    for kind in ("near", "exact") if distance is not None else ():  # the stronger evidence last
        options = NearDuplicateOptions.model_validate({"image": kind, "distance": distance})
        for index, match in shared_rows(train, test, options):
            label = bool(train.features["label"][match] == test.features["label"][index])
            leaked[index] = Leak(test.ids[index], train.ids[match], kind, label)
    return [leaked[index] for index in sorted(leaked)]
