"""Leakage check: are rows of test sets in a build that is to be published?

Not for excluding them: that is the filter `leakage` of a pipeline.
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

    __test__ = False  # no test of pytest's

    name: str
    reader: Reader
    screen: RowValidator


def leak_findings(build: Build, tests: Iterable[TestSet], workers: int | None = None) -> list[Finding]:
    """One finding for each test set and config with images of its own; walks over the images of both."""
    tests = list(tests)
    if not tests:
        return []
    kind = reader_class("shards")
    options = kind.Options.model_validate({"format": "shards", "path": str(build.folder.resolve())})
    rows = _survey(kind(options, build.folder), RowValidator(), workers)
    return [_finding(test.name, rows, _survey(test.reader, test.screen, workers)) for test in tests]


def _survey(reader: Reader, screen: RowValidator, workers: int | None) -> RowIndex:
    parts = reader.plan(_SLICE_ROWS, _SLICE_BYTES)
    return build_row_index(reader, parts, screen, labels=True, images=True, workers=workers)


def _finding(name: str, rows: RowIndex, test: RowIndex) -> Finding:
    found = leaks(rows, test, DISTANCE)
    seen = [leak for leak in found if leak.image]
    if seen:
        message = (
            f"{len(seen):,} of the {len(test):,} images of {name} are in this build, such as {seen[0].test_id!r} "
            f"({seen[0].train_id!r} here): `mumer leakage` lists them, the gate leakage keeps them out"
        )
        return Finding("warning", "leakage", message)
    same = f"; {len(found):,} labels are the same" if found else ""
    return Finding("note", "leakage", f"none of the {len(test):,} images of {name} is in this build{same}")
