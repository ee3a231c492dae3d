"""Labels of a test set for predictions that lack them: a file of ``id<TAB>label``.

Not for images: `caption` reads both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.readers.lines import lines
from mumer_data.records import Prediction

_MAX_NAMED = 10  # ids that an error names


def read_labels(path: Path) -> dict[str, str]:
    """Id -> label.

    Raises:
        SourceError: the file is unreadable or empty, a line is not UTF-8 or has no tab, an id occurs twice.
    """
    labels: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            for line in lines(file):
                where = f"line {line.number + 1} of {path}"
                try:
                    example_id, tab, label = (line.data or b"").decode("utf-8").partition("\t")
                except UnicodeDecodeError as error:
                    raise SourceError(f"{where} is not UTF-8 ({error.reason} at byte {error.start})") from None
                if not (tab and example_id.strip() and label.strip()):
                    raise SourceError(f"{where} is not a row: write the id, one tab, the label")
                if example_id.strip() in labels:
                    raise SourceError(f"{where} repeats the id {example_id.strip()!r}")
                labels[example_id.strip()] = label.strip()
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror or error}); check the path") from None
    if not labels:
        raise SourceError(f"{path} has no rows; is it the right file?")
    return labels


def with_labels(rows: Sequence[Prediction], labels: dict[str, str], path: Path) -> list[Prediction]:
    """The rows with these labels; raises ``SourceError`` that names the ids missing on one side."""
    without = [row.id for row in rows if row.id not in labels]
    if without:
        raise SourceError(f"the labels lack {_list_ids(without)} of {path}")
    missing = sorted(labels.keys() - {row.id for row in rows})
    if missing:
        raise SourceError(f"{path} lacks {_list_ids(missing)} of the labels")
    return [replace(row, label=labels[row.id]) for row in rows]


def _list_ids(ids: list[str]) -> str:
    more = f" and {len(ids) - _MAX_NAMED:,} more" if len(ids) > _MAX_NAMED else ""
    return f"{len(ids):,} id{'s' if len(ids) > 1 else ''} ({', '.join(map(repr, ids[:_MAX_NAMED]))}{more})"
