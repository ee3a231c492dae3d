"""Filter that keeps only the first of several duplicate rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mumer_data.filters import Rejection
from mumer_data.filters.near_duplicates import NearDuplicateOptions, first_near_duplicate
from mumer_data.filters.row_index import RowIndex


class DuplicatesFilter:
    """Excludes rows that duplicate an earlier one."""

    Options = NearDuplicateOptions

    def __init__(self, options: NearDuplicateOptions, base: Path) -> None:
        """Read no files."""
        self._options = options
        self.images = options.image != "ignore"

    def files(self) -> list[Path]:
        """None."""
        return []

    def reject(self, rows: RowIndex, workers: int | None) -> Iterator[tuple[int, Rejection]]:
        """Reasons: ``duplicate_image``, ``duplicate_label``, ``duplicate`` where both are compared."""
        compared = compared_parts(self._options)
        reason = "_".join(["duplicate", *([compared] if compared in ("image", "label") else [])])
        for index, first in enumerate(first_near_duplicate(rows.features, self._options)):
            if first < 0:
                continue
            message = f"the same {compared} as row {rows.rows[first]}, id {rows.ids[first]!r}"
            if compared == "image" and rows.features["label"][index] != rows.features["label"][first]:
                message += ", whose label is another"
            yield index, Rejection(reason, message)


def compared_parts(options: NearDuplicateOptions) -> str:
    """``image``, ``label``, or ``image and label``."""
    return " and ".join(["image"] * (options.image != "ignore") + ["label"] * (options.label == "same"))
