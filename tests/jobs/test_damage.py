"""Damaged work of killed runs is done again; workers do not outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mumer_data.exceptions import OutputError
from mumer_data.jobs import build as build_job
from mumer_data.jobs.build import build
from mumer_data.jobs.config import Pipeline, load_pipeline
from mumer_data.shards.work import WORK
from tests.conftest import caption_folder, png
from tests.shards.folders import bytes_of


def pipeline_of(folder: Path) -> Pipeline:
    return load_pipeline("crohme", [f"source.path={folder}", "name=t", "shards.max_rows=10"])


def killed(pipeline: Pipeline, out: Path, monkeypatch: pytest.MonkeyPatch, after: int = 2) -> None:
    """A build that stops after some slices, as if it had been killed there."""
    with monkeypatch.context() as patch:
        run_slice, count = build_job.run_slice, [0]

        def stop(job: build_job.Job) -> object:
            if count[0] == after:
                raise KeyboardInterrupt
            count[0] += 1
            return run_slice(job)

        patch.setattr(build_job, "run_slice", stop)
        with pytest.raises(KeyboardInterrupt):
            build(pipeline, out, workers=1)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "a bit of a shard": lambda out, data: flip(out / "t" / "train-00001-of-00006.parquet"),
    "a marker cut": lambda out, data: (out / WORK / "slice-00001.json").write_bytes(b'{"value": {'),
    "an empty marker": lambda out, data: (out / WORK / "slice-00001.json").write_text("{}"),
    "a marker changed": lambda out, data: (out / WORK / "slice-00001.json").write_text(
        (out / WORK / "slice-00001.json").read_text().replace('"accepted": 10', '"accepted": 11')
    ),
    "rejects": lambda out, data: flip(out / WORK / "rejects-00001.parquet"),
    "rejects gone": lambda out, data: (out / WORK / "rejects-00001.parquet").unlink(),
    "the plan": lambda out, data: (out / WORK / "plan.json").write_text("{"),
    "an empty plan": lambda out, data: (out / WORK / "plan.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_work_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path, Path], object]
) -> None:
    data = caption_folder(tmp_path / "data", 60)
    build(pipeline_of(data), tmp_path / "whole", workers=1)
    out = tmp_path / "out"
    killed(pipeline_of(data), out, monkeypatch)
    damage(out, data)
    build(pipeline_of(data), out, workers=1, resume=True)
    assert bytes_of(out) == bytes_of(tmp_path / "whole")


def test_an_image_that_changed_but_kept_its_size_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = caption_folder(tmp_path / "data", 60)
    out = tmp_path / "out"
    killed(pipeline_of(data), out, monkeypatch)
    image = data / "images" / "e3.png"
    before = image.read_bytes()
    other = next(png(shade) for shade in range(256) if png(shade) != before and len(png(shade)) == len(before))
    times = image.stat()
    time.sleep(0.02)
    image.write_bytes(other)
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))  # even with its old time
    build(pipeline_of(data), out, workers=1, resume=True)
    build(pipeline_of(data), tmp_path / "whole", workers=1)
    assert bytes_of(out) == bytes_of(tmp_path / "whole")


def test_a_run_of_another_pipeline_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = caption_folder(tmp_path / "data", 60)
    killed(pipeline_of(data), tmp_path / "out", monkeypatch)
    other = load_pipeline("crohme", [f"source.path={data}", "name=u", "shards.max_rows=10"])
    with pytest.raises(OutputError, match="begun with another pipeline"):
        build(other, tmp_path / "out", workers=1, resume=True)


PARENT = """
import os, sys, time
from mumer_data.io.processes import parallel_map

def work(number):
    with open(os.path.join(sys.argv[1] if len(sys.argv) > 1 else FOLDER, f"{os.getpid()}.pid"), "w"):
        pass
    time.sleep(600)

FOLDER = {folder!r}
list(parallel_map(work, [1, 2], 2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "SIGTERM"])
def test_workers_end_with_their_parent(tmp_path: Path, kill: signal.Signals) -> None:
    code = PARENT.replace("{folder!r}", repr(str(tmp_path)))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    workers: list[int] = []
    while len(workers) < 2:
        assert parent.poll() is None
        workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
        time.sleep(0.05)
    parent.send_signal(kill)
    parent.communicate()  # ends only when no worker holds the pipe any more
    while any(map(_alive, workers)):
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
