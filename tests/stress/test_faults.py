"""Full and read-only disks, two runs at once, clocks that jump, labels of 100 MB: a clear message, nothing lost."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mumer_data.alignment.degenerate import MAX_TOKENS, degenerate
from mumer_data.filters.validation import MAX_DEPTH, RowValidator
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.latex.normalize.run import MAX_LABEL
from mumer_data.mining.images import ImageFinder
from mumer_data.readers.files import read_file
from mumer_data.records import Example, Reject
from mumer_data.shards.work import WORK
from tests.conftest import caption_folder, png
from tests.mining import prediction_rows, write_rows
from tests.shards.folders import bytes_of
from tests.stress.disks import assert_full_is_said, on_a_disk
from tests.stress.kills import ROOT, Run

KINDS = ["build", "mine", "corrupt"]


@dataclass(frozen=True, slots=True)
class Case:
    """A run of six hundred rows, one process, and what it writes where nothing goes wrong."""

    run: Run
    whole: dict[str, bytes]


@lru_cache(maxsize=len(KINDS))
def case_of(kind: str) -> Case:
    scratch = Path(tempfile.mkdtemp(prefix="mumer-faults-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = caption_folder(scratch / "source", 600)
    file = write_rows(scratch / "p.jsonl", prediction_rows(600))
    source = ["--set", f"source.path={folder}", "--set", "shards.max_rows=25"]
    commands = {
        "build": ["build", "crohme", *source],
        "mine": ["mine", str(file), "--images", str(folder / "images"), "--name", "m", "--max-rows", "25"],
        "corrupt": ["corrupt", "crohme", "--like", str(file), "--name", "c", *source],
    }
    run = Run([*commands[kind], "--workers", "1"], "out", ["--resume"])
    code, said = finish(run.start(scratch / "whole"))
    assert code == 0, said
    return Case(run, bytes_of(scratch / "whole" / "out"))


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code, and the messages in one line."""
    _, said = process.communicate()
    return process.returncode, " ".join(said.decode(errors="replace").split())


def begin(run: Run, folder: Path) -> subprocess.Popen[bytes]:
    """A run that has planned, and is under way."""
    process = run.start(folder)
    while process.poll() is None and not (folder / run.out / WORK / "plan.json").is_file():
        time.sleep(0.002)
    assert process.poll() is None, finish(process)
    return process


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_loses_nothing(kind: str, tmp_path: Path) -> None:
    case = case_of(kind)
    command = _quoted(case.run.command)
    said = on_a_disk(
        f"""
        $MUMER {command} --out $DISK/out; echo "exit $?"
        find $DISK/out -name '.*.tmp'
        cp -r $DISK/out $KEEP/half
        grow
        $MUMER {command} --out $DISK/out --resume > $KEEP/log 2>&1; echo "again $?"
        cp -r $DISK/out $KEEP/out
        """,
        tmp_path,
        KEEP=str(tmp_path),
    )
    assert_full_is_said(said)
    assert ".tmp" not in said.partition("exit 2")[2]
    half = {name: data for name, data in bytes_of(tmp_path / "half").items() if not name.startswith(WORK)}
    assert len(half) < len(case.whole)
    assert all(case.whole[name] == data for name, data in half.items())  # what has its name is whole
    assert "again 0" in said, (tmp_path / "log").read_text()
    assert bytes_of(tmp_path / "out") == case.whole


def _quoted(words: list[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_only_disk_is_named(kind: str, tmp_path: Path) -> None:
    command = _quoted(case_of(kind).run.command)
    said = on_a_disk(f'lock\n$MUMER {command} --out $DISK/out; echo "exit $?"', tmp_path)
    assert "exit 2" in said, said
    assert "mumer: cannot write" in said
    assert "Read-only file system" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_on_one_output(kind: str, tmp_path: Path) -> None:
    case = case_of(kind)
    first = begin(case.run, tmp_path)
    os.killpg(first.pid, signal.SIGSTOP)
    try:
        for more in ([], case.run.resume):
            code, said = finish(case.run.start(tmp_path, *more))
            assert (code, "another run is writing to" in said) == (2, True), said
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    assert finish(first)[0] == 0
    assert bytes_of(tmp_path / "out") == case.whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_goes_backwards_changes_nothing(kind: str, tmp_path: Path) -> None:
    case = case_of(kind)
    process = begin(case.run, tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)
    later = time.time() + 20 * 365 * 86_400
    for path in tmp_path.rglob("*"):
        os.utime(path, (later, later))
    code, said = finish(case.run.start(tmp_path, *case.run.resume))
    assert code == 0, said
    assert bytes_of(tmp_path / "out") == case.whole


def test_two_predictions_to_one_file(tmp_path: Path) -> None:
    journal = pytest.importorskip("mumer_data.recognizers.journal")
    from mumer_data.exceptions import OutputError

    with (
        journal.open_journal(tmp_path / "p.parquet", {"model": "m"}),
        pytest.raises(OutputError, match="another run writes"),
        journal.open_journal(tmp_path / "p.parquet", {"model": "m"}),
    ):
        pass


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "latin-1"])
def test_labels_that_are_not_utf_8(encoding: str, tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "in", 5)
    captions = folder / "caption.txt"
    text = captions.read_text(encoding="utf-8") + "e4\té ÿ\n"
    captions.write_bytes(text.encode(encoding, errors="ignore"))
    counts = build(load_pipeline("crohme", [f"source.path={folder}"]), tmp_path / "out", workers=1).counts
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
    assert counts["read"] == counts["accepted"] + counts["rejected"]
    assert counts["rejected"] == len(rejects) > 0
    assert {"row_encoding"} <= {reject["reason"] for reject in rejects}
    assert all("not UTF-8" in reject["message"] for reject in rejects if reject["reason"] == "row_encoding")


def peak(command: list[str]) -> tuple[int, int]:
    """Exit code, and the most memory that one process held, in bytes."""
    program = "import os, resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    program += "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-c", program, sys.executable, "-m", "mumer_data", *command]
    found = subprocess.run(run, capture_output=True, text=True, env=environment, check=True)
    code, size = map(int, found.stdout.split()[-2:])
    return code, size * 1024


@pytest.mark.parametrize("kind", ["build", "mine"])
def test_a_label_of_100_mb_is_a_reject_in_bounded_memory(kind: str, tmp_path: Path) -> None:
    long = b"x " * 50_000_000
    if kind == "build":
        folder = caption_folder(tmp_path / "in", 20)
        with (folder / "caption.txt").open("ab") as captions:
            captions.write(b"e0\t" + long + b"\ne1\tx ^ { 2 }\n")
        command = ["build", "crohme", "--set", f"source.path={folder}"]
    else:
        file = write_rows(tmp_path / "p.jsonl", prediction_rows(20))
        with file.open("ab") as rows:
            rows.write(b'{"img_id": "z", "gt": "x", "pred": "' + long + b'"}\n')
        command = ["mine", str(file), "--name", "m"]
    del long
    code, size = peak([*command, "--out", str(tmp_path / "out"), "--workers", "1"])
    assert code == 0
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
    assert [reject["row"] for reject in rejects if reject["reason"] == "row_malformed"] == [20]
    _, usual = peak([*command, "--out", str(tmp_path / "again"), "--workers", "1"])
    assert size < 600 << 20
    assert abs(size - usual) < 64 << 20


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("x " * MAX_LABEL, "label_too_long"),
        ("{ " * (MAX_DEPTH + 1) + "x" + " }" * (MAX_DEPTH + 1), "latex_too_deep"),
        ("{ " * MAX_DEPTH + "x" + " }" * MAX_DEPTH, ""),
    ],
)
def test_labels_beyond_all_measure(label: str, reason: str, tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "in", 1)
    (folder / "caption.txt").write_text(f"e0\t{label}\n", encoding="utf-8")
    (row,) = _rows(folder)
    assert isinstance(row, Example)
    found = RowValidator().expression(row)
    assert (found.reason if isinstance(found, Reject) else "") == reason


def _rows(folder: Path) -> list[Example | Reject]:
    reader = load_pipeline("crohme", [f"source.path={folder}"]).reader()
    return [row for part in reader.plan(10, 1 << 30) for row in reader.read(part)]


def test_predictions_beyond_all_measure() -> None:
    tokens = [str(number) for number in range(MAX_TOKENS + 1)]
    found = degenerate(tokens, [*tokens[:-1], "x"])
    assert found is not None
    assert found[0] == "prediction_too_long"


def test_images_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    rows = write_rows(tmp_path / "p.jsonl", [{"img_id": "a", "gt": "x", "pred": "y", "image_path": "pipe.png"}])
    for path in (tmp_path / "pipe.png", Path("/dev/zero"), tmp_path, Path("a\0b")):
        with pytest.raises(Exception, match=r"is not a file|cannot be read"):
            read_file(path)
    with pytest.raises(Exception, match="is not a file"):
        ImageFinder.of(None, rows.parent).find("a", "pipe.png").read()


def test_names_that_climb_and_links_that_lead_nowhere(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "in", 1)
    (tmp_path / "secret.png").write_bytes(png(3))
    (folder / "images" / "loop.png").symlink_to("loop.png")
    (folder / "images" / "gone.png").symlink_to(tmp_path / "none.png")
    names = [
        "../../secret",
        "images/../../secret",
        str(tmp_path / "secret"),
        "..\\..\\secret",
        "loop",
        "gone",
        "a\0b",
        "n" * 5000,
    ]
    (folder / "caption.txt").write_text("".join(f"{name}\tx\n" for name in names), encoding="utf-8")
    manifest = build(load_pipeline("crohme", [f"source.path={folder}"]), tmp_path / "out", workers=1).manifest
    assert manifest["counts"]["reasons"] == {"image_missing": len(names)}
    mined = write_rows(tmp_path / "p.jsonl", [{"img_id": n, "gt": "x", "pred": "y", "image_path": n} for n in names])
    command = [sys.executable, "-m", "mumer_data", "mine", str(mined), "--images", str(folder / "images")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [*command, "--out", str(tmp_path / "m"), "--name", "m", "--json"], env=environment, capture_output=True
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["reasons"] == {"image_missing": len(names)}, run.stdout
