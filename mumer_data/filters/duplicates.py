"""Filter that keeps only the first of several rows that are like each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mumer_data.filters import Rejection
from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import RowIndex


class DuplicatesFilter:
    """Refuses rows that repeat an earlier one."""

    Options = NearDuplicateOptions

    def __init__(self, options: NearDuplicateOptions, base: Path) -> None:
        """Needs nothing from disk."""
        self._like = options
        self.images = options.image != "ignore"

    def files(self) -> list[Path]:
        """None."""
        return []

    def reject(self, rows: RowIndex, workers: int | None) -> Iterator[tuple[int, Rejection]]:
        """Reasons: ``duplicate_image``, ``duplicate_label``, ``duplicate`` where both are compared."""
        what = what_is_same(self._like)
        reason = "_".join(["duplicate", *([what] if what in ("image", "label") else [])])
        for place, other in enumerate(first_near_duplicate(rows.features, self._like)):
            if other < 0:
                continue
            message = f"the same {what} as row {rows.rows[other]}, id {rows.ids[other]!r}"
            if what == "image" and rows.features["label"][place] != rows.features["label"][other]:
                message += ", whose label is another"
            yield place, Rejection(reason, message)


def what_is_same(like: NearDuplicateOptions) -> str:
    """``image``, ``label``, or ``image and label``."""
    return " and ".join(["image"] * (like.image != "ignore") + ["label"] * (like.label == "same"))
