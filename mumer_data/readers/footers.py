"""What the footer of a Parquet file says of its rows, held against itself; and the errors of who reads such a file.

Not for the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mumer_data.exceptions import SourceError


@contextmanager
def arrow_errors(path: Path) -> Iterator[None]:
    """What Arrow says of a file that it cannot read, as ``SourceError``."""
    import pyarrow as pa

    try:
        yield
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from None


def fewer(path: Path) -> SourceError:
    """The error for a file that ends before its footer says."""
    return SourceError(
        f"{path} cannot be read as Parquet: it holds fewer rows than its footer says; write the file anew"
    )


def rows_of_groups(footer: Any, path: Path) -> list[int]:
    """How many rows each row group has.

    Args:
        footer: ``pyarrow.parquet.FileMetaData``.
        path: of the file, for the message.

    Raises:
        SourceError: they are not as many as the file says that it has.
    """
    found = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    if sum(found) != footer.num_rows or min(found, default=0) < 0:
        raise SourceError(
            f"{path} cannot be read as Parquet: its footer says {footer.num_rows:,} rows, its row groups hold "
            f"{sum(found):,}; write the file anew"
        )
    return found
