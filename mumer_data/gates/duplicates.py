"""Gate that keeps only the first of several rows that are like each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mumer_data.gates import Refusal
from mumer_data.gates.likeness import LikenessOptions, first_like
from mumer_data.gates.survey import Survey


class DuplicatesGate:
    """Refuses rows that repeat an earlier one."""

    Options = LikenessOptions

    def __init__(self, options: LikenessOptions, base: Path) -> None:
        """Needs nothing from disk."""
        self._like = options
        self.images = options.image != "ignore"

    def files(self) -> list[Path]:
        """None."""
        return []

    def refuse(self, rows: Survey, workers: int | None) -> Iterator[tuple[int, Refusal]]:
        """Reasons: ``duplicate_image``, ``duplicate_label``, ``duplicate`` where both are compared."""
        what = what_is_same(self._like)
        reason = "_".join(["duplicate", *([what] if what in ("image", "label") else [])])
        for place, other in enumerate(first_like(rows.traits, self._like)):
            if other < 0:
                continue
            message = f"the same {what} as row {rows.rows[other]}, id {rows.ids[other]!r}"
            if what == "image" and rows.traits["label"][place] != rows.traits["label"][other]:
                message += ", whose label is another"
            yield place, Refusal(reason, message)


def what_is_same(like: LikenessOptions) -> str:
    """``image``, ``label``, or ``image and label``."""
    return " and ".join(["image"] * (like.image != "ignore") + ["label"] * (like.label == "same"))
