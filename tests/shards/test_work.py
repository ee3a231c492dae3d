"""Work folders: units that are done are not done again, and another run's are not taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mumer_data.exceptions import OutputError
from mumer_data.shards.work import PLAN_FILE, WORK, WorkFolder


@dataclass(frozen=True)
class Square:
    """Writes the square of a number, and a line into a log for every time that it did so."""

    number: int
    out: Path

    @property
    def name(self) -> str:
        return f"square-{self.number}"

    def do(self) -> tuple[dict[str, Any], list[Path]]:
        path = self.out / f"{self.number}.txt"
        path.write_text(str(self.number**2))
        with (self.out.parent / "log").open("a") as log:
            log.write(f"{self.number}\n")
        return {"square": self.number**2}, [path]


def work_of(out: Path, *, resume: bool = True, **settings: object) -> WorkFolder:
    return WorkFolder(out / WORK, out, resume=resume, settings={"power": 2, **settings})


def run(out: Path, work: WorkFolder, numbers: range, *, end: bool, workers: int = 1) -> list[int]:
    """The squares; the run is killed before its end unless ``end``."""
    with work:
        assert not work.check(None)
        work.begin()
        squares = [result["square"] for result in work.results([Square(n, out) for n in numbers], workers)]
        if end:
            work.end()
    return squares


def done(out: Path) -> list[int]:
    return sorted(map(int, (out.parent / "log").read_text().split()))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_resumed_run_does_what_is_missing_or_damaged(tmp_path: Path, workers: int) -> None:
    out = tmp_path / "out"
    assert run(out, work_of(out), range(3), end=False) == [0, 1, 4]
    (out / "1.txt").write_text("2")
    assert run(out, work_of(out), range(4), end=True, workers=workers) == [0, 1, 4, 9]
    assert done(out) == [0, 1, 1, 2, 3]
    assert {path.name: path.read_text() for path in out.iterdir()} == {f"{n}.txt": str(n * n) for n in range(4)}


@pytest.mark.parametrize(
    ("resume", "settings", "message"),
    [
        (False, {}, "holds an unfinished run: go on with --resume, or delete the folder"),
        (True, {"power": 3}, r"begun with other settings: power \(2, now 3\): it cannot be resumed"),
        (True, {"names": ["a", "b"]}, r"other settings: names \(null, now \[\"a\", \"b\"\]\)"),
        (True, {"one": {"two": "x" * 50}}, "other settings: one.two: it cannot"),
    ],
)
def test_a_run_with_other_settings_is_refused(
    tmp_path: Path, resume: bool, settings: dict[str, Any], message: str
) -> None:
    out = tmp_path / "out"
    run(out, work_of(out), range(2), end=False)
    with pytest.raises(OutputError, match=message), work_of(out, resume=resume, **settings) as work:
        work.check(None)
    assert run(out, work_of(out), range(2), end=True) == [0, 1]
    assert done(out) == [0, 1]


def test_a_damaged_plan_does_not_let_markers_of_another_run_count(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, work_of(out), range(2), end=False)
    (out / WORK / PLAN_FILE).write_text("{")
    run(out, work_of(out, seed=1), range(2), end=False)
    assert done(out) == [0, 0, 1, 1]


def test_a_folder_in_use_is_reported_as_such(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with work_of(out) as work:
        work.begin()
        with pytest.raises(OutputError, match="another run is writing to"), work_of(out):
            pass
