"""The run of all benchmarks: none is forgotten, a missed target fails, the page is written."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from figures import AbsentError, Data, Figure, at_least, at_most, spoken
from page import machine, notes, tally
from run import BENCHES, LONG, run

ROOT = Path(__file__).parents[2] / "benchmarks"
OPENING = '"""What is measured here. Not more."""\nfrom figures import Data, Figure, at_least, at_most\n'
SLOW = 'Figure("wall", 3.0, "s", "a rival", 3.9, 1.5, smaller_is_better=True)'
FAST = 'Figure("wall", 2.0, "s", "a rival", 3.9, 1.5, smaller_is_better=True, note="a|b")'


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose benchmarks can be run beside the real ones."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write(folder: Path, name: str, body: str) -> dict[str, str]:
    (folder / f"bench_{name}.py").write_text(f"{OPENING}def measure(data):\n    {body}\n", encoding="utf-8")
    return {name: f"All about {name}"}


def test_no_benchmark_is_forgotten() -> None:
    assert not BENCHES.keys() & LONG.keys()
    assert {f"bench_{name}.py" for name in BENCHES | LONG} == {path.name for path in ROOT.glob("bench_*.py")}


def test_every_note_belongs_to_a_benchmark() -> None:
    assert set(notes()) <= set(BENCHES)


def test_a_target_met(bench: Path) -> None:
    out = bench / "RESULTS.md"
    assert run(write(bench, "met", f"return [{FAST}]"), Data(), out) == 0
    text = out.read_text(encoding="utf-8")
    assert "1 of 1 targets met." in text
    assert "## All about met: `bench_met.py`\n\nWhat is measured here. Not more.\n" in text
    assert "| wall | 2 s | a rival: 3.90 | 1.95 | 1.50 | a\\|b |" in text


def test_a_missed_target_fails_and_is_marked(bench: Path) -> None:
    out = bench / "RESULTS.md"
    both = write(bench, "met", f"return [{FAST}]") | write(bench, "missed", f"return [{SLOW}]")
    assert run(both, Data(), out) == 1
    text = out.read_text(encoding="utf-8")
    assert "1 of 2 targets met." in text
    assert "| wall | 3 s | a rival: 3.90 | 1.30 | 1.50 (missed) |  |" in text


def test_a_quick_run_judges_no_speed(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = bench / "RESULTS.md"
    assert run(write(bench, "missed", f"return [{SLOW}]"), Data(quick=True), out) == 0
    assert "0 of 1 targets met." in capsys.readouterr().out
    assert "A quick run" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param('return [data.need("a/b.txt")]', "needs `a/b.txt` of the real data", id="no such file"),
        pytest.param("import no_such_package", "needs the package `no_such_package`", id="no such package"),
    ],
)
def test_what_is_absent_is_skipped_with_the_reason(bench: Path, body: str, reason: str) -> None:
    out = bench / "RESULTS.md"
    for data in (Data(), Data(bench)):
        assert run(write(bench, "lacking", body), data, out) == 0
        text = out.read_text(encoding="utf-8")
        assert "0 of 0 targets met; skipped: lacking." in text
        assert f"Skipped: {reason}" in text
        assert str(bench) not in text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param('raise ValueError("wrong\\nlabel")', "ValueError: wrong", id="raises"),
        pytest.param("import os; os._exit(3)", "its process ended before it was done", id="dies"),
        pytest.param("import mumer_data.gone", "ModuleNotFoundError", id="a module of ours is gone"),
        pytest.param('return [Figure("a", 1.0, "s", target=2.0)]', "has a target for its ratio", id="no reference"),
    ],
)
def test_a_broken_benchmark_fails_and_the_others_still_run(bench: Path, body: str, reason: str) -> None:
    out = bench / "RESULTS.md"
    both = write(bench, "broken", body) | write(bench, "whole", f"return [{FAST}]")
    for data in (Data(), Data(quick=True)):
        assert run(both, data, out) == 1
        text = out.read_text(encoding="utf-8")
        assert "1 of 1 targets met; broken: broken." in text
        assert reason in text


def test_the_fastest_benchmark_from_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "RESULTS.md"
    before = (ROOT / "RESULTS.md").read_bytes()
    command = [sys.executable, str(ROOT / "run.py"), "ink", "--quick", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "expressions/s" in done.stdout
    text = out.read_text(encoding="utf-8")
    assert text.count("| ink drawn |") == 2
    assert notes()["ink"] in text
    assert (ROOT / "RESULTS.md").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["inks"], "no benchmark is called 'inks'", id="name"),
        pytest.param(["--shared", "nowhere"], "there is no folder nowhere", id="folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("figure", "ratio", "missed"),
    [
        pytest.param(Figure("a", 6.0, "/s", "b", 2.0, 3.0), 3.0, False, id="more"),
        pytest.param(Figure("a", 6.0, "s", "b", 2.0, 3.0, True), 1 / 3, True, id="slower"),
        pytest.param(Figure("a", 0.0, "s", "b", 2.0, 3.0, True), math.inf, False, id="nothing at all"),
        pytest.param(Figure("a", 6.0, "/s"), None, False, id="no reference"),
        pytest.param(Figure("a", 6.0, "/s", "b", 60.0), 0.1, False, id="no target"),
        pytest.param(at_least("a", 399.0, "/s", 400), 399 / 400, True, id="too few"),
        pytest.param(at_most("a", 400.0, "MiB", 400), 1.0, False, id="just within"),
    ],
)
def test_ratios(figure: Figure, ratio: float | None, missed: bool) -> None:
    assert figure.ratio == ratio
    assert figure.missed is missed


def test_no_number_misses_every_target() -> None:
    assert at_least("a", math.nan, "", 0.95).missed


@pytest.mark.parametrize(
    ("value", "text"),
    [(22_812.4, "22,812"), (3.0, "3"), (3.14159, "3.14"), (0.0331, "0.0331"), (0.99742, "0.9974"), (math.inf, "∞")],
)
def test_numbers_as_people_write_them(value: float, text: str) -> None:
    assert spoken(value) == text


def test_the_machine_is_described_and_not_named() -> None:
    assert "Python 3." in machine()
    assert os.uname().nodename not in machine()


def test_absent_data_say_which() -> None:
    with pytest.raises(AbsentError, match="needs `x/y` of the real data"):
        Data().need("x/y")


def test_nothing_ran() -> None:
    assert tally([]) == "0 of 0 targets met."
