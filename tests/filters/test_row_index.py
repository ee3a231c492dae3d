"""The index of a source's rows."""

from __future__ import annotations

from pathlib import Path

from mumer_data.filters.row_index import build_row_index
from mumer_data.filters.validation import RowValidator
from mumer_data.readers.synthetic import SyntheticOptions, SyntheticReader


def test_a_source_without_rows_has_an_empty_index() -> None:
    reader = SyntheticReader(SyntheticOptions.model_validate({"format": "synthetic", "text": "x"}), Path())
    index = build_row_index(reader, [], RowValidator(), labels=True, images=True, workers=1)
    assert (len(index.rows), index.ids, len(index.features)) == (0, [], 0)
