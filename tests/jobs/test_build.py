"""Builds end to end: nothing lost, nothing changed, the same bytes however it is run, killed or resumed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mumer_data import Pipeline, build, label_text, symbol_count_text
from mumer_data.exceptions import OutputError, PipelineError, SourceError
from mumer_data.shards.work import WORK
from tests.conftest import FAULTS, caption_folder

CONFIGS = {"t": "recognition", "t_tree": "tree_cot", "t_can": "symbol_count"}


def pipeline(folder: Path, **options: Any) -> Pipeline:
    """A pipeline over a caption folder."""
    return Pipeline.model_validate({"name": "t", "source": {"format": "caption", "path": str(folder)}, **options})


def digests(folder: Path) -> dict[str, str]:
    """The sha256 of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read(out: Path, config: str) -> list[dict[str, Any]]:
    """All rows of a config, in order."""
    return [row for path in sorted((out / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_every_row_is_a_sample_of_each_task_or_a_reject(faulty_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = build(pipeline(faulty_folder, shards={"max_rows": 7}), out, workers=1).manifest
    counts = manifest["counts"]
    assert (counts["read"], counts["accepted"], counts["rejected"]) == (19, 10, 9)
    rejects = pq.read_table(out / "rejects.parquet").to_pylist()
    found = {row["id"]: (row["reason"], row["position"], row["row"]) for row in rejects[: len(FAULTS)]}
    expected = {name: (reason, place, 10 + i) for i, (name, (_, _, reason, place)) in enumerate(FAULTS.items())}
    assert found == expected
    assert [row["reason"] for row in rejects[len(FAULTS) :]] == ["row_malformed", "row_encoding"]
    assert all(row["message"] for row in rejects)
    assert {name: config["task"] for name, config in manifest["configs"].items()} == CONFIGS
    for config in CONFIGS:
        assert [row["id"] for row in read(out, config)] == [f"e{i}" for i in range(10)]


def test_answers_and_images_are_what_they_should_be(good_folder: Path, tmp_path: Path) -> None:
    build(pipeline(good_folder), tmp_path / "out", workers=1)
    answers = {name: [row["messages"][1]["value"] for row in read(tmp_path / "out", name)] for name in CONFIGS}
    for label, tree, count in zip(answers["t"], answers["t_tree"], answers["t_can"], strict=True):
        assert tree == f"{label_text(label)}\n{label}"
        assert count == f"{symbol_count_text(label)}\n{label}"
    for config in CONFIGS:
        for row in read(tmp_path / "out", config):
            (image,) = row["images"]
            assert image["bytes"] == (good_folder / "images" / image["path"]).read_bytes()
            assert row["messages"][0]["from"] == "human"
            assert row["messages"][0]["value"].startswith("<image>I have an image")


def test_the_manifest_tells_the_truth(good_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = build(pipeline(good_folder, shards={"max_rows": 25}), out).manifest
    assert manifest == json.loads((out / "manifest.json").read_text())
    captions = (good_folder / "caption.txt").read_bytes()
    assert manifest["inputs"]["files"] == [
        {"file": "caption.txt", "size": len(captions), "sha256": hashlib.sha256(captions).hexdigest()}
    ]
    found = digests(out)
    for config in manifest["configs"].values():
        assert [shard["rows"] for shard in config["shards"]] == [25, 25, 10]
        assert all(found[shard["file"]] == shard["sha256"] for shard in config["shards"])
    assert str(good_folder) not in json.dumps(manifest["inputs"])


@pytest.mark.parametrize("config", CONFIGS)
def test_datasets_loads_it_by_name(good_folder: Path, tmp_path: Path, config: str) -> None:
    import datasets

    build(pipeline(good_folder), tmp_path / "out")
    rows = datasets.load_dataset(str(tmp_path / "out"), config, split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == 60
    assert rows[3]["images"][0].size == (12, 8)


def test_the_number_of_workers_changes_nothing(faulty_folder: Path, tmp_path: Path) -> None:
    recipe = pipeline(faulty_folder, shards={"max_rows": 3})
    outs = [tmp_path / "one", tmp_path / "two"]
    for out, workers in zip(outs, (1, 2), strict=True):
        build(recipe, out, workers=workers)
    assert digests(outs[0]) == digests(outs[1])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 70), st.integers(1, 4000))
def test_cutting_changes_no_row(
    good_folder: Path, tmp_path_factory: pytest.TempPathFactory, max_rows: int, max_bytes: int
) -> None:
    out = tmp_path_factory.mktemp("cut") / "out"
    manifest = build(
        pipeline(good_folder, shards={"max_rows": max_rows, "max_bytes": max_bytes}), out, workers=1
    ).manifest
    assert [row["id"] for row in read(out, "t")] == [f"e{i}" for i in range(60)]
    assert all(shard["rows"] <= max_rows for shard in manifest["configs"]["t"]["shards"])


def test_chat_openai_and_paths(good_folder: Path, tmp_path: Path) -> None:
    build(pipeline(good_folder, chat="openai", images="path", tasks=["recognition"]), tmp_path / "out")
    row = read(tmp_path / "out", "t")[5]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert row["images"] == [str(good_folder / "images" / "e5.png")]
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert info["t"]["tags"] == {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
    }


def test_a_zip_gives_the_same_rows_and_has_no_paths(good_folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "good.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(good_folder.rglob("*")):
            target.write(path, path.relative_to(good_folder))
    build(pipeline(good_folder), tmp_path / "folder")
    build(pipeline(archive), tmp_path / "zip")
    assert read(tmp_path / "folder", "t_tree") == read(tmp_path / "zip", "t_tree")
    with pytest.raises(PipelineError, match="images: path needs images that are files on disk"):
        build(pipeline(archive, images="path"), tmp_path / "paths", workers=1)


def test_raw_labels_can_be_normalised_and_unknown_commands_refused(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "raw", 3)
    (folder / "caption.txt").write_text("e0\tx^2\ne1\t\\weird x\ne2\t{x\n")
    recipe = pipeline(folder, normalize={"preset": "crohme"}, unknown_commands="reject")
    manifest = build(recipe, tmp_path / "out", workers=1).manifest
    assert manifest["counts"]["reasons"] == {"latex_syntax": 2}
    assert read(tmp_path / "out", "t")[0]["messages"][1]["value"] == "x ^ { 2 }"


def test_folders_that_hold_something_else_are_refused(good_folder: Path, tmp_path: Path) -> None:
    recipe, out = pipeline(good_folder), tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    with pytest.raises(OutputError, match="is not empty and holds no build"):
        build(recipe, out)
    (out / "mine.txt").unlink()
    manifest = build(recipe, out).manifest
    with pytest.raises(OutputError, match="holds a build already"):
        build(recipe, out)
    before = digests(out)
    assert build(recipe, out, resume=True).manifest == manifest
    assert digests(out) == before
    with pytest.raises(OutputError, match="begun with another pipeline, input or version"):
        build(pipeline(good_folder, seed=1), out, resume=True)


def test_a_source_that_is_not_there_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        build(pipeline(tmp_path / "nowhere"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


HOLD = """
import sys, time
from pathlib import Path
from mumer_data.jobs.build import make_plan
from mumer_data.jobs.config import Pipeline
from mumer_data.shards.run import Run
recipe = Pipeline.model_validate_json(sys.argv[1])
with Run(Path(sys.argv[2]), make_plan(recipe), resume=True):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_runs_cannot_write_to_one_folder(good_folder: Path, tmp_path: Path) -> None:
    recipe, out = pipeline(good_folder), tmp_path / "out"
    command = [sys.executable, "-c", HOLD, recipe.model_dump_json(), str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="another run is writing to"):
            build(recipe, out, resume=True)
        holder.communicate("")
    assert build(recipe, out, resume=True).counts["accepted"] == 60


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_and_resume_gives_the_same_bytes(tmp_path: Path, workers: int) -> None:
    folder = caption_folder(tmp_path / "many", 3000)
    recipe = pipeline(folder, shards={"max_rows": 100})
    build(recipe, tmp_path / "whole", workers=workers)
    out = tmp_path / "killed"
    path = tmp_path / "p.yaml"
    path.write_text(recipe.model_dump_json())
    command = [sys.executable, "-m", "mumer_data", "build", str(path), "--out", str(out), "--workers", str(workers)]
    done = kill_in_the_middle(command, out)
    assert 0 < len(done) < 30
    shards = {shard for marker in done for shard in out.glob(f"t*/train-{marker.stem[-5:]}-of-*.parquet")}
    before = {shard: (shard.stat().st_ino, shard.stat().st_mtime_ns) for shard in shards}
    assert len(before) == 3 * len(done)
    with pytest.raises(OutputError, match="holds an unfinished run: go on with --resume"):
        build(recipe, out)
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert {shard: (shard.stat().st_ino, shard.stat().st_mtime_ns) for shard in shards} == before
    assert digests(out) == digests(tmp_path / "whole")


def kill_in_the_middle(command: list[str], out: Path) -> list[Path]:
    """Run a build, kill -9 it and its workers once some slices are done, and say which."""
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list((out / WORK).glob("slice-*.json"))) < 3:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return sorted((out / WORK).glob("slice-*.json"))
