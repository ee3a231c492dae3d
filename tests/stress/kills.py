"""Runs killed with kill -9 at random moments, resumed, and compared with one that was left alone, to the byte.

A kill ends the whole run, or its parent process alone, whose workers must end by themselves and may not write after it.
`python -m tests.stress.kills --rounds 30` does every kind of run; `--seconds 600` draws kinds and moments until the
time is over (`make fuzz`); CI does a few rounds.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import caption_folder
from tests.mining import prediction_rows, write_rows
from tests.shards.folders import bytes_of
from tests.stress.hash_recognizer import service

ROOT = Path(__file__).parents[2]
HASH_RECOGNIZER = "tests.stress.hash_recognizer"


@dataclass(frozen=True, slots=True)
class Run:
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


@dataclass(frozen=True, slots=True)
class Kill:
    """What came of one kill.

    Attributes:
        in_time: whether the run was still at work.
        differing: files that are not the same to the byte in the end.
    """

    in_time: bool
    differing: list[str]


def build_run(scratch: Path) -> Run:
    """Six hundred rows, three tasks, two workers."""
    folder = caption_folder(scratch / "source", 600)
    settings = [f"source.path={folder}", "shards.max_rows=25"]
    return Run(["build", "crohme", "--workers", "2", *_set(settings)], "out", ["--resume"])


def mine_run(scratch: Path) -> Run:
    """Two passes over six hundred images."""
    file = write_rows(scratch / "p.jsonl", prediction_rows(600, passes=2))
    images = caption_folder(scratch / "source", 600) / "images"
    options = ["--images", str(images), "--name", "m", "--max-rows", "50", "--max-per-confusion", "100"]
    return Run(["mine", str(file), *options, "--workers", "2"], "out", ["--resume"])


def write_run(scratch: Path) -> Run:
    """A thousand images in four units, half of the writers with a glyph bank; one label cannot be written."""
    labels = ("x ^ {{ 2 }} + {0}", "\\frac {{ a }} {{ {0} }} - c", "\\sqrt {{ x }} = {0}", "f ( x ) = {0} a b")
    lines = [f"e{number:03d}\t{labels[number % 4].format(number % 10)}\n" for number in range(500)]
    (scratch / "labels.txt").write_text("".join(lines) + "bad\t速\n", encoding="utf-8")
    options = ["--copies", "2", "--glyphs", "fonts=0.5", "--writers", "20", "--workers", "2"]
    return Run(["write", str(scratch / "labels.txt"), *options], "out", ["--resume"])


def generate_run(scratch: Path) -> Run:
    """Six hundred statements in chunks of 250 candidates."""
    options = ["--sympy", "algebra,trigonometry", "--count", "600", "--workers", "2"]
    return Run(["generate", "labels", *options], "labels.txt", ["--resume"])


def transformers_run(scratch: Path) -> Run:
    """A small untrained model, three draws of each of twenty-four images."""
    from mumer_train.toy.tiny import Sizes, create_tiny_model

    from mumer_data.jobs.build import build
    from mumer_data.jobs.config import load_pipeline

    create_tiny_model(scratch / "tiny", Sizes(width=96, layers=2))
    folder = caption_folder(scratch / "source", 24)
    build(load_pipeline("crohme", [f"source.path={folder}", "name=few"]), scratch / "few", workers=1)
    options = ["--samples", "3", "--temperature", "1.0", "--seed", "3", "--max-tokens", "8", "--batch", "4"]
    data = ["--model", str(scratch / "tiny"), "--data", str(scratch / "few" / "few")]
    return Run(["predict", *data, *options], "p.parquet", [])


def recognizer_run(scratch: Path, recognizer: str, model: str, *options: str) -> Run:
    """A back-end of the library that reads forty images."""
    folder = caption_folder(scratch / "source", 40)
    source = scratch / "forty.yaml"
    source.write_text(f"name: forty\nsource: {{format: caption, path: {folder}}}\ntasks: [recognition]\n")
    parts = [part for option in options for part in ("--option", option)]
    command = ["predict", "--data", str(source), "--recognizer", recognizer, "--model", model, *parts]
    return Run(command, "p.parquet", [])


def onnx_run(scratch: Path) -> Run:
    """The bundled model."""
    return recognizer_run(scratch, "onnx", "mini")


def python_run(scratch: Path) -> Run:
    """A callable."""
    return recognizer_run(scratch, "python", f"{HASH_RECOGNIZER}:read", "batch=4")


def command_run(scratch: Path) -> Run:
    """Two processes of a program."""
    return recognizer_run(scratch, "command", f"{sys.executable} -m {HASH_RECOGNIZER}", "workers=2")


def http_run(scratch: Path, url: str) -> Run:
    """A web service."""
    return recognizer_run(scratch, "http", url, "response=results[0].latex")


def _set(settings: list[str]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


RUNS: dict[str, Callable[[Path], Run]] = {
    "build": build_run,
    "mine": mine_run,
    "write": write_run,
    "generate": generate_run,
    "transformers": transformers_run,
    "onnx": onnx_run,
    "python": python_run,
    "command": command_run,
}
"""Every kind of run but ``http``, which needs a server beside it: see `prepared`."""
KINDS = (*RUNS, "http")


def prepared(kind: str, scratch: Path, stack: ExitStack) -> Run:
    """The run of a kind; what it needs beside it lives as long as ``stack``."""
    return http_run(scratch, stack.enter_context(service())) if kind == "http" else RUNS[kind](scratch)


def kill_and_resume(
    run: Run, scratch: Path, parent_only: Sequence[bool], seed: int = 0, seconds: float = 1e9
) -> Iterator[Kill]:
    """Kill the run once for each entry of ``parent_only``, at a random moment, and resume it at once.

    Args:
        run: what is started.
        scratch: folder for the results.
        parent_only: whether the parent process alone is killed, and not its workers.
        seed: of the moments.
        seconds: no further round begins after so long.
    """
    begin = time.monotonic()
    _finish(run.start(scratch / "whole"))
    duration = time.monotonic() - begin
    whole = bytes_of(scratch / "whole")
    rng = random.Random(seed)
    for number, alone in enumerate(parent_only):
        if time.monotonic() - begin > seconds:
            return
        folder, wait = scratch / f"killed-{number}", rng.uniform(0.0, duration)
        process = run.start(folder)
        time.sleep(wait)
        in_time = process.poll() is None
        if in_time:
            (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
        if in_time:  # however far it came: even a finished run must not mind
            started = folder.exists() and any(folder.iterdir())
            _finish(run.start(folder, *(run.resume if started else [])))
        process.communicate()
        result = bytes_of(folder)
        yield Kill(in_time, [name for name in sorted(whole | result) if result.get(name) != whole.get(name)])


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, messages = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the run failed with {process.returncode}: {messages.decode(errors='replace')}")


def _report(kind: str, rounds: int, seed: int, seconds: float) -> int:
    """Kill one kind of run in turn whole and at its parent; the number of rounds that differ."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        scratch = Path(folder)
        run = prepared(kind, scratch, stack)
        parent_only = [number % 2 == 1 for number in range(rounds)]
        kills = list(kill_and_resume(run, scratch, parent_only, seed, seconds))
    in_time, same = sum(kill.in_time for kill in kills), sum(not kill.differing for kill in kills)
    counts = f"{len(kills)} rounds, {in_time} killed in time, {same} the same to the byte"
    print(f"{kind}, seed {seed}: {counts}", flush=True)
    for kill in kills:
        if kill.differing:
            print(f"  differs: {', '.join(kill.differing)}", flush=True)
    return len(kills) - same


def main() -> None:
    """All kinds, one after the other, or drawn until the time is over; exits with 1 where a byte differs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", choices=KINDS)
    arguments.add_argument("--seconds", type=float, help="draw kinds and moments for so long")
    options = arguments.parse_args()
    kinds = [options.only] if options.only else list(KINDS)
    if options.seconds is None:
        sys.exit(1 if sum(_report(kind, options.rounds, options.seed, 1e9) for kind in kinds) else 0)
    end, rng, failed = time.monotonic() + options.seconds, random.Random(), 0
    while (left := end - time.monotonic()) > 0 and not failed:
        failed += _report(rng.choice(kinds), 10, rng.randrange(2**31), left)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
