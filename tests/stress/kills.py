"""Runs killed with kill -9 at random moments, resumed, and compared with one that was left alone, to the byte.

`python -m tests.stress.kills --rounds 30` does build, mining and prediction; CI does two rounds of each.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import caption_folder
from tests.mining import prediction_rows, write_rows
from tests.shards.folders import bytes_of

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Victim:
    """A run to kill.

    Attributes:
        command: of `mumer`, but for where it writes.
        out: name of the file or folder that it writes.
        resume: what is added when it goes on.
    """

    command: list[str]
    out: str
    resume: list[str]

    def start(self, folder: Path, *more: str) -> subprocess.Popen[bytes]:
        """The run, in a session of its own, writing into ``folder``."""
        command = [sys.executable, "-m", "mumer_data", *self.command, "--out", str(folder / self.out), *more]
        paths = os.pathsep.join([str(ROOT), str(ROOT / "training")])
        environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}  # sums of threads may round otherwise
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, env=environment
        )


def a_build(scratch: Path) -> Victim:
    """Six hundred rows, three tasks, two workers."""
    folder = caption_folder(scratch / "source", 600)
    settings = [f"source.path={folder}", "shards.max_rows=25"]
    return Victim(["build", "crohme", "--workers", "2", *_set(settings)], "out", ["--resume"])


def a_mining(scratch: Path) -> Victim:
    """Two passes over six hundred images."""
    file = write_rows(scratch / "p.jsonl", prediction_rows(600, passes=2))
    images = caption_folder(scratch / "source", 600) / "images"
    options = ["--images", str(images), "--name", "m", "--max-rows", "50", "--max-per-confusion", "100"]
    return Victim(["mine", str(file), *options, "--workers", "2"], "out", ["--resume"])


def a_prediction(scratch: Path) -> Victim:
    """A small untrained model, three draws of each of twenty-four images."""
    from mumer_train.toy.tiny import Sizes, create_tiny_model

    from mumer_data.jobs.build import build
    from mumer_data.jobs.config import load_pipeline

    create_tiny_model(scratch / "tiny", Sizes(width=96, layers=2))
    folder = caption_folder(scratch / "source", 24)
    build(load_pipeline("crohme", [f"source.path={folder}", "name=few"]), scratch / "few", workers=1)
    options = ["--samples", "3", "--temperature", "1.0", "--seed", "3", "--max-tokens", "8", "--batch", "4"]
    data = ["--model", str(scratch / "tiny"), "--data", str(scratch / "few" / "few")]
    return Victim(["predict", *data, *options], "p.parquet", [])


def _set(settings: list[str]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


VICTIMS: dict[str, Callable[[Path], Victim]] = {"build": a_build, "mine": a_mining, "predict": a_prediction}


def kill_and_resume(victim: Victim, scratch: Path, rounds: int, seed: int = 0) -> Iterator[tuple[bool, list[str]]]:
    """For each round: whether the kill came in time, and the files that are not the same to the byte in the end."""
    begin = time.monotonic()
    _finish(victim.start(scratch / "whole"))
    lasts = time.monotonic() - begin
    whole = bytes_of(scratch / "whole")
    draw = random.Random(seed)
    for number in range(rounds):
        folder, wait = scratch / f"killed-{number}", draw.uniform(0.0, lasts)
        process = victim.start(folder)
        time.sleep(wait)
        in_time = process.poll() is None
        if in_time:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if in_time:  # however far it came: even what is done must not mind
            begun = (folder / victim.out).exists()
            _finish(victim.start(folder, *(victim.resume if begun else [])))
        found = bytes_of(folder)
        yield in_time, [name for name in sorted(whole | found) if found.get(name) != whole.get(name)]


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the run failed with {process.returncode}: {said.decode(errors='replace')}")


def main() -> None:
    """All victims, one after the other; exits with 1 where a byte differs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", choices=list(VICTIMS))
    options = arguments.parse_args()
    failed = 0
    for name in [options.only] if options.only else VICTIMS:
        with tempfile.TemporaryDirectory() as scratch:
            victim = VICTIMS[name](Path(scratch))
            found = list(kill_and_resume(victim, Path(scratch), options.rounds, options.seed))
        same, in_time = sum(not differs for _, differs in found), sum(killed for killed, _ in found)
        print(f"{name}: {options.rounds} rounds, {in_time} killed in time, {same} the same to the byte", flush=True)
        failed += options.rounds - same
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
