"""Leakage check: are rows of test sets in a build that is to be published?

Not for excluding them: use the filter `leakage` of a pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mumer_data.filters.leakage import leaks
from mumer_data.filters.row_index import RowIndex, build_row_index
from mumer_data.filters.validation import RowValidator
from mumer_data.hub.checks import Finding
from mumer_data.hub.folder import Build
from mumer_data.readers import Reader, reader_class

DISTANCE = 12  # bits, as in `mumer leakage`
_SLICE_ROWS, _SLICE_BYTES = 1_000, 64 << 20


@dataclass(frozen=True, slots=True)
class TestSet:
    """A test set: its name for messages, and how to read it."""

    __test__ = False  # not a pytest class

    name: str
    reader: Reader
    validator: RowValidator


def leak_findings(build: Build, tests: Iterable[TestSet], workers: int | None = None) -> list[Finding]:
    """One finding for each test set and config with images; reads the images of both."""
    tests = list(tests)
    if not tests:
        return []
    shards_reader = reader_class("shards")
    options = shards_reader.Options.model_validate({"format": "shards", "path": str(build.folder.resolve())})
    rows = _row_index(shards_reader(options, build.folder), RowValidator(), workers)
    return [_finding(test.name, rows, _row_index(test.reader, test.validator, workers)) for test in tests]


def _row_index(reader: Reader, validator: RowValidator, workers: int | None) -> RowIndex:
    slices = reader.plan(_SLICE_ROWS, _SLICE_BYTES)
    return build_row_index(reader, slices, validator, labels=True, images=True, workers=workers)


def _finding(name: str, rows: RowIndex, test: RowIndex) -> Finding:
    shared = leaks(rows, test, DISTANCE)
    shared_images = [leak for leak in shared if leak.image]
    if shared_images:
        message = (
            f"{len(shared_images):,} of the {len(test):,} images of {name} are in this build, "
            f"such as {shared_images[0].test_id!r} ({shared_images[0].train_id!r} here): "
            "`mumer leakage` lists them, the filter leakage removes them"
        )
        return Finding("warning", "leakage", message)
    same = f"; {len(shared):,} labels are the same" if shared else ""
    return Finding("note", "leakage", f"none of the {len(test):,} images of {name} is in this build{same}")
