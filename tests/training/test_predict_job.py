"""Prediction runs: every answer is safe; started again, a run asks for what is missing and gives the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Container, Iterator, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from mumer_data.exceptions import OutputError
from mumer_data.jobs.predict import predict
from mumer_data.readers.predictions import load_predictions
from mumer_data.recognizers import Answer, Answered, Key, RecognizerError, Request, Sampling, recognizer
from mumer_data.recognizers.journal import facts_of, final_line
from tests.conftest import caption_folder
from tests.stress.disks import assert_full_is_said, on_a_disk

DRAWN = Sampling(temperature=1.0, top_p=0.9, seed=3, max_tokens=8)


def run(tiny: Path, shards: Path, out: Path, **more: object) -> Path:
    maker = partial(recognizer, "transformers", model=str(tiny), batch=8)
    return predict(maker, str(tiny), str(shards / "few"), out, **({"sampling": DRAWN} | more))  # type: ignore[arg-type]


def test_samples_of_every_image(tiny: Path, shards: Path, tmp_path: Path) -> None:
    out = run(tiny, shards, tmp_path / "p.parquet", samples=2)
    rows = pd.read_parquet(out)
    assert len(rows) == 64
    assert rows.groupby("img_id")["sample"].apply(list).tolist() == [[0, 1]] * 32
    assert (rows["logprob"] < 0).all()
    assert set(rows["finish_reason"]) <= {"stop", "length"}
    assert rows["pred"].nunique() > 32
    assert set(rows["dataset"]) == {"few"}
    read = load_predictions(out)
    assert [(row.id, row.sample) for row in read] == list(zip(rows["img_id"], rows["sample"], strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]


def test_a_batch_gives_what_each_image_gives_alone(tiny: Path, shards: Path, tmp_path: Path) -> None:
    greedy = Sampling(max_tokens=8)
    together = pd.read_parquet(run(tiny, shards, tmp_path / "a.parquet", sampling=greedy))
    maker = partial(recognizer, "transformers", model=str(tiny), batch=1)
    alone = pd.read_parquet(predict(maker, str(tiny), str(shards / "few"), tmp_path / "b.parquet", sampling=greedy))
    assert together["pred"].tolist() == alone["pred"].tolist()
    assert together["logprob"].to_numpy() == pytest.approx(alone["logprob"].to_numpy(), abs=1e-4)


def test_killed_and_started_again_it_gives_the_same_bytes(tiny: Path, shards: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    journal = tmp_path / "killed.parquet.journal"
    options = ["--samples", 3, "--temperature", 1.0, "--top-p", 0.9, "--seed", 3, "--max-tokens", 8, "--batch", 8]
    command = [
        sys.executable,
        "-m",
        "mumer_data",
        "predict",
        "--model",
        tiny,
        "--data",
        shards / "few",
        *options,
        "--out",
    ]
    # Not in this process, which may have another number of threads and so other roundings.
    subprocess.run([*map(str, command), str(whole)], check=True, capture_output=True)
    command.append(out)
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 12):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    kept = journal.read_bytes().count(b"\n")
    assert 12 <= kept < 97
    with journal.open("ab") as file:
        file.write(b'{"img_id": "half a li')
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    assert out.read_bytes() == whole.read_bytes()


# A run in a process of its own, killed at one point of its end, before the disk has seen what comes after.
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from mumer_data.recognizers import Answer, journal
from mumer_data.jobs.predict import predict

class Echo:
    def answers(self, jobs, sampling, done=()):
        yield [(job, Answer(job.id, None, "stop")) for job in jobs if job.key not in done]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

data, out, point = sys.argv[1:]
if point == "written":
    os.replace = die
elif point == "renamed":
    journal._remove_journal = die
print(predict(Echo, "m", data, Path(out)))
"""


@pytest.mark.parametrize("point", ["written", "renamed"])
def test_killed_at_its_very_end_it_leaves_nothing_behind(shards: Path, tmp_path: Path, point: str) -> None:
    def run(out: Path, point: str) -> int:
        command = [sys.executable, "-c", KILLED_AT, str(shards / "few"), str(out), point]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert run(tmp_path / "whole.parquet", "") == 0
    out = tmp_path / "killed" / "p.parquet"
    assert run(out, point) == -signal.SIGKILL
    left = sorted(path.name for path in out.parent.iterdir())
    assert len(left) == 3, left
    assert ("p.parquet" in left) == (point == "renamed")
    assert run(out, "") == 0
    assert [path.name for path in out.parent.iterdir()] == ["p.parquet"]
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_full_disk_loses_no_answer(tiny: Path, shards: Path, tmp_path: Path) -> None:
    options = "--samples 3 --temperature 1 --seed 3 --max-tokens 8 --batch 8"
    said = on_a_disk(
        f"""
        PREDICT="$MUMER predict --model {tiny} --data {shards / "few"} {options}"
        $PREDICT --out $KEEP/whole.parquet
        dd if=/dev/zero of=$DISK/filler bs=1k count=188 2>/dev/null
        $PREDICT --out $DISK/p.parquet; echo "exit $?"
        wc -l < $DISK/p.parquet.journal > $KEEP/lines
        grow
        $PREDICT --out $DISK/p.parquet > $KEEP/log 2>&1; echo "again $?"
        cp $DISK/p.parquet $KEEP; ls -A $DISK
        """,
        tmp_path,
        KEEP=str(tmp_path),
    )
    assert_full_is_said(said)
    assert int((tmp_path / "lines").read_text()) > 8  # what was answered before is there
    assert "again 0" in said, (tmp_path / "log").read_text()
    assert said.splitlines()[-2:] == ["filler", "p.parquet"]
    assert (tmp_path / "p.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


class _Counting:
    """Answers with the job's own name, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answers(self, jobs: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        for job in jobs:
            if job.key in done:
                continue
            self.asked.append(job.id)
            yield [(job, Answer(f"tree\n{job.id}", None, "stop"))]
            if len(self.asked) == 5:
                raise RecognizerError("no more")


def test_only_what_is_missing_is_asked_again(shards: Path, tmp_path: Path) -> None:
    out, asked = tmp_path / "p.parquet", []
    for _ in range(2):
        counting = _Counting()
        asked.append(counting.asked)
        try:
            predict(lambda c=counting: c, "m", str(shards / "few"), out, task="tree_cot")  # type: ignore[misc]
        except RecognizerError:
            counting.asked.append("stopped")
    assert asked[0][-1] == asked[1][-1] == "stopped"
    counting = _Counting()
    counting.asked += [""] * 5
    predict(lambda: counting, "m", str(shards / "few"), out, task="tree_cot")
    everything = asked[0][:-1] + asked[1][:-1] + counting.asked[5:]
    assert len(everything) == len(set(everything)) == 32
    rows = pd.read_parquet(out)
    assert [text.splitlines()[-1] for text in rows["answer"]] == rows["img_id"].tolist()
    assert rows["answer"].str.startswith("tree\n").all()


def test_a_journal_of_another_run_is_not_gone_on_with(shards: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.parquet"
    with pytest.raises(RecognizerError):
        predict(_Counting, "m", str(shards / "few"), out)
    with pytest.raises(OutputError, match="run with other options"):
        predict(_Counting, "another", str(shards / "few"), out)
    head = json.loads((tmp_path / "p.parquet.journal").read_text().splitlines()[0])
    assert head["run"]["model"] == "m"


class _Echo:
    """Answers every job with its own name."""

    def answers(self, jobs: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        for job in jobs:
            if job.key not in done:
                yield [(job, Answer(f"{job.id} {len(job.read())}", None, "stop"))]


def test_a_journal_of_other_data_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "source", 9)
    file = tmp_path / "s.yaml"
    file.write_text(f"name: s\nsource: {{format: caption, path: {folder}}}\n", encoding="utf-8")
    with pytest.raises(RecognizerError, match="no more"):
        predict(_Counting, "m", str(file), tmp_path / "p.parquet")
    with (folder / "caption.txt").open("a", encoding="utf-8") as captions:
        captions.write("e0\tanother label\n")
    with pytest.raises(OutputError, match="other options or data"):
        predict(_Counting, "m", str(file), tmp_path / "p.parquet")


def test_what_a_build_leaves_out_is_left_out_and_said(
    faulty_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "s.yaml"
    gates = "[{leakage: {source: {format: caption, path: test}, image: exact}}]"
    text = f"name: s\nsource: {{format: caption, path: {faulty_folder}}}\nfilters: {gates}\n"
    file.write_text(text, encoding="utf-8")
    test = caption_folder(tmp_path / "test", 1)
    (test / "images" / "e0.png").write_bytes((faulty_folder / "images" / "e3.png").read_bytes())
    out = predict(_Echo, "m", str(file), tmp_path / "p.parquet", samples=2)
    rows = pd.read_parquet(out)
    left = [f"e{n}" for n in range(10) if n != 3]
    assert rows["img_id"].tolist() == [name for name in left for _ in range(2)]
    assert facts_of(out)["model"] == "m"
    assert facts_of(out)["samples"] == 2
    message, raw = [record.getMessage() for record in caplog.records]
    assert raw.startswith("18 of 18 predictions are not tokenised")
    assert "10 examples are left out" in message
    assert "leaked_image 1" in message
    assert "image_corrupt 2" in message


def test_a_batch_cut_off_by_a_kill_is_asked_again_as_a_whole(tiny: Path, shards: Path, tmp_path: Path) -> None:
    reader, drawn = recognizer("transformers", model=str(tiny), batch=8), DRAWN
    jobs = [
        Request(f"{n}", "d", "x", 0, "Read.", "", partial(Path(file).read_bytes))
        for n, file in enumerate(images(tmp_path))
    ]
    whole = list(reader.answers(jobs, drawn))
    assert [len(batch) for batch in whole] == [8, 8]
    done = {job.key for job, _ in whole[0][:3]}
    assert list(reader.answers(jobs, drawn, done)) == whole
    done = {job.key for job, _ in whole[0]}
    assert list(reader.answers(jobs, drawn, done)) == whole[1:]


def images(folder: Path) -> list[Path]:
    from PIL import Image

    found = []
    for number in range(16):
        found.append(folder / f"{number}.png")
        Image.new("L", (28 * (1 + number % 5), 28), 40 * (number % 6)).save(found[-1])
    return found


def test_what_is_done_is_not_done_again(tiny: Path, shards: Path, tmp_path: Path) -> None:
    done = run(tiny, shards, tmp_path / "done.parquet")
    before = done.stat()
    assert run(tiny, shards, done) == done
    after = done.stat()  # reading the file changes its time of access
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    with pytest.raises(OutputError, match="exists, written with other samples: remove the file or name another"):
        run(tiny, shards, done, samples=2)
    (tmp_path / "p.parquet").write_bytes(b"")
    with pytest.raises(OutputError, match="exists, written by another program"):
        run(tiny, shards, tmp_path / "p.parquet")
    with pytest.raises(RecognizerError, match="is not a task"):
        run(tiny, shards, tmp_path / "q.parquet", task="poem")
    with pytest.raises(RecognizerError, match="no example"):
        run(tiny, shards, tmp_path / "q.parquet", keep=lambda example: False)


@pytest.mark.parametrize(
    ("answer", "label"), [("x\n\ty (sup)\nx ^ { y }", "x ^ { y }"), ("x", "x"), ("x\n", "x"), ("", "")]
)
def test_the_label_is_the_last_line(answer: str, label: str) -> None:
    assert final_line(answer) == label
