"""Row counts of a Parquet file from its footer, checked for consistency; and errors about Parquet files.

Not for reading rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mumer_data.exceptions import SourceError


@contextmanager
def arrow_errors(path: Path) -> Iterator[None]:
    """Raise Arrow's errors about an unreadable file as ``SourceError``."""
    import pyarrow as pa

    try:
        yield
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from None


def fewer(path: Path) -> SourceError:
    """The error for a file with fewer rows than its footer states."""
    return SourceError(
        f"{path} cannot be read as Parquet: it holds fewer rows than its footer says; write the file again"
    )


def rows_of_groups(footer: Any, path: Path) -> list[int]:
    """How many rows each row group has.

    Args:
        footer: ``pyarrow.parquet.FileMetaData``.
        path: path of the file, for the message.

    Raises:
        SourceError: their sum is not the number of rows that the footer states.
    """
    counts = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    if sum(counts) != footer.num_rows or min(counts, default=0) < 0:
        raise SourceError(
            f"{path} cannot be read as Parquet: its footer says {footer.num_rows:,} rows, its row groups hold "
            f"{sum(counts):,}; write the file again"
        )
    return counts
