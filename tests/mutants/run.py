"""Runs the tests against each mutation, in copies of the repository; a mutation survives where they still pass.

Not for choosing mutations: see `tests.mutants.mutations`.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from tests.mutants.mutations import Mutation

# package -> the tests that must notice a fault in it; tests/test_package.py runs after them for all.
TESTS = {
    "alignment": ["tests/alignment", "tests/jobs/test_mine.py"],
    "error_model": ["tests/error_model", "tests/jobs/test_corrupt.py"],
    "filters": ["tests/filters", "tests/jobs/test_build.py"],
    "io": ["tests/io", "tests/shards", "tests/jobs/test_build.py"],
    "latex": ["tests/latex", "tests/tasks"],
    "metrics": ["tests/metrics"],
    "mining": ["tests/mining", "tests/jobs/test_mine.py"],
    "shards": ["tests/shards", "tests/jobs/test_build.py", "tests/readers/test_shards_reader.py"],
    "tasks": ["tests/tasks"],
    "seeding.py": ["tests/test_seeding.py", "tests/jobs/test_build.py"],
    "records.py": ["tests/jobs/test_build.py"],
}
# A mutation may make an endless loop or a deadlock: tests that use more have noticed it. Processor time first,
# since a busy machine must not make a mutation look noticed.
CPU_SECONDS, WALL_SECONDS = 600, 3600


@dataclass(frozen=True, slots=True)
class Result:
    """What the tests said of one mutation; ``seen_by`` is the first test that failed, ``""`` where none did."""

    name: str
    mutation: Mutation
    seen_by: str


def package_of(file: str) -> str:
    """The package of a file of the library: its folder, or its own name."""
    return file.split("/")[1]


def rooms_of(root: Path) -> dict[str, list[str]]:
    """Package -> its Python files, for every package in `TESTS`."""
    files = sorted(path.relative_to(root).as_posix() for path in (root / "mumer_data").rglob("*.py"))
    return {package: [file for file in files if package_of(file) == package] for package in TESTS}


def run_all(root: Path, mutations: Iterable[tuple[str, Mutation]], jobs: int) -> Iterator[Result]:
    """The results, in the order of the mutations; each of ``jobs`` copies of the repository tries one at a time."""
    with tempfile.TemporaryDirectory(prefix="mumer-mutants-") as scratch, ThreadPoolExecutor(jobs) as pool:
        copies: Queue[Path] = Queue()
        for number in range(jobs):
            copies.put(_copy(root, Path(scratch) / str(number) / "repository"))

        def tried(item: tuple[str, Mutation]) -> Result:
            copy = copies.get()
            try:
                return Result(*item, _first_failure(copy, item[1]))
            finally:
                copies.put(copy)

        yield from pool.map(tried, mutations)


def _copy(root: Path, target: Path) -> Path:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for file in filter(None, listing.stdout.split("\0")):
        if (root / file).is_file():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / file, target / file)
    return target


def _first_failure(copy: Path, mutation: Mutation) -> str:
    """The first test that fails with the mutation, ``timeout`` where they do not end, ``""`` where all pass."""
    path = copy / mutation.file
    original = path.read_text(encoding="utf-8")
    path.write_text(mutation.applied(original), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    command += [*TESTS[package_of(mutation.file)], "tests/test_package.py"]
    shared = os.environ.get("MUMER_SHARED", str(Path(__file__).parents[3] / "shared"))
    environment = os.environ | {"PYTHONPATH": f"{copy}:{copy / 'training'}", "MUMER_SHARED": shared, "CI": "true"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=WALL_SECONDS,
            preexec_fn=_limit_processor_time,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "timeout"
    finally:
        path.write_text(original, encoding="utf-8")
    if done.returncode in (0, -signal.SIGXCPU):
        return "timeout" if done.returncode else ""
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0].split(" - ")[0].partition(" ")[2] if lines else "no test could be collected"


def _limit_processor_time() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 10))
