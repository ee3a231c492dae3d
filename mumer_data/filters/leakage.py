"""Filter that keeps out what is in another source as well, such as a test set; and a report on two sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from mumer_data.filters import Rejection
from mumer_data.filters.duplicates import what_is_same
from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import RowIndex, build_row_index
from mumer_data.filters.validation import RowValidator
from mumer_data.readers import READERS, Reader, reader_class

_SLICE_ROWS, _SLICE_BYTES = 2_000, 64 << 20


class LeakageFilter:
    """Refuses rows that are in another source."""

    class Options(NearDuplicateOptions):
        """The other source, and what counts as the same.

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
        """Opens the other source lazily."""
        kind = reader_class(options.source["format"])
        self._reader: Reader = kind(kind.Options.model_validate(options.source), base)
        self._options = options
        self.images = options.image != "ignore"

    def files(self) -> list[Path]:
        """The label files and archives of the other source."""
        return self._reader.files()

    def reject(self, rows: RowIndex, workers: int | None) -> Iterator[tuple[int, Rejection]]:
        """Reasons: ``leaked_image``, ``leaked_label``, ``leaked`` where both are compared."""
        parts = self._reader.plan(_SLICE_ROWS, _SLICE_BYTES)
        screen = RowValidator(self._options.normalize)
        other = build_row_index(self._reader, parts, screen, labels=True, images=self.images, workers=workers)
        what = what_is_same(self._options)
        reason = "_".join(["leaked", *([what] if what in ("image", "label") else [])])
        for place, match in shared_rows(other, rows, self._options):
            yield place, Rejection(reason, f"the same {what} as {other.ids[match]!r} of the other source")


def shared_rows(one: RowIndex, two: RowIndex, like: NearDuplicateOptions) -> Iterator[tuple[int, int]]:
    """Rows of ``two`` that are like one of ``one``: place in ``two``, place in ``one``."""
    features = np.concatenate([one.features, two.features])
    for place, match in enumerate(first_near_duplicate(features, like, len(one))[len(one) :]):
        if match >= 0:
            yield place, int(match)


@dataclass(frozen=True, slots=True)
class Leak:
    """A row of a test set that a training set has too.

    Attributes:
        test_id, train_id: of the two rows.
        image: ``exact``, ``near`` or ``""``.
        label: whether the labels are the same.
    """

    test_id: str
    train_id: str
    image: str
    label: bool


def leaks(train: RowIndex, test: RowIndex, distance: int | None) -> list[Leak]:
    """Every row of ``test`` whose image or label is in ``train``; an image counts for more than a label.

    ``distance`` is that of `NearDuplicateOptions`; ``None`` where the surveys saw no images.
    """
    if not len(train) or not len(test):
        return []
    found: dict[int, Leak] = {}
    for place, match in shared_rows(train, test, NearDuplicateOptions(image="ignore", label="same")):
        found[place] = Leak(test.ids[place], train.ids[match], "", True)
    for kind in ("near", "exact") if distance is not None else ():  # the stronger one last
        like = NearDuplicateOptions.model_validate({"image": kind, "distance": distance})
        for place, match in shared_rows(train, test, like):
            label = bool(train.features["label"][match] == test.features["label"][place])
            found[place] = Leak(test.ids[place], train.ids[match], kind, label)
    return [found[place] for place in sorted(found)]
