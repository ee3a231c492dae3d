"""Runs of mining: nothing lost, the same bytes whatever the workers and however often killed, limits kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mumer_data.alignment.corrections import apply_log
from mumer_data.exceptions import OutputError, SourceError
from mumer_data.jobs.mine import Mining, mine, mining_name
from mumer_data.mining.candidates import MiningOptions
from tests.conftest import caption_folder
from tests.label_audit.test_rank import label as right_label
from tests.mining import prediction_rows, write_rows
from tests.shards.folders import bytes_of

PLAIN = MiningOptions(normalize="off")


def rows_of(out: Path, config: str) -> list[dict[str, Any]]:
    files = sorted((out / config).glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def check(out: Path, found: Mining) -> None:
    """Every sample leads back to its label; the files say what the counts say."""
    fixes, finds = rows_of(out, "m_error_fix"), rows_of(out, "m_error_find")
    assert len(fixes) == len(finds) == found.counts["sampled"] + found.counts["nothing_to_fix"]
    assert len({row["id"] for row in fixes}) == len(fixes)
    for fix, find in zip(fixes, finds, strict=True):
        marked = find["messages"][1]["value"]
        log, _, label = fix["messages"][1]["value"].rpartition("\n")
        assert apply_log(marked, log) == label
        assert f"\n\nMarked formula: {marked}\nCorrection log: " in fix["messages"][0]["value"]
    rejects = pq.read_table(out / "rejects.parquet").to_pylist()
    assert dict(Counter(reject["reason"] for reject in rejects)) == found.counts["reasons"]
    assert found.counts == json.loads((out / "mining.json").read_text(encoding="utf-8"))
    assert found.counts["wrong"] == found.counts["sampled"] + found.counts["rejected"]
    assert not (out / "_work").exists()


def test_faults_are_counted_and_kept(tmp_path: Path) -> None:
    rows = prediction_rows(9)
    rows += [
        {"img_id": "empty", "gt": "x", "pred": ""},
        {"img_id": "none", "gt": "x", "pred": None},
        {"img_id": "arrow", "gt": "x -> y", "pred": "x y"},
        {"img_id": "mark", "gt": "x + y", "pred": "x <deleted> y"},
        {"img_id": "loop", "gt": "x + y", "pred": "x " * 50},
        {"img_id": "long", "gt": "x", "pred": "a b c d"},
        {"img_id": "broken", "gt": "x + y", "pred": r"\frac { x }"},
        {"img_id": "nolabel", "pred": "x"},
        {"img_id": "e1", "gt": rows[1]["gt"], "pred": rows[1]["pred"]},
    ]
    file = write_rows(tmp_path / "p.jsonl", rows)
    file.write_text(file.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    found = mine([file], tmp_path / "out", "m", PLAIN, max_rows=5, workers=1)
    check(tmp_path / "out", found)
    assert found.counts == {
        "read": 19,
        "malformed": 2,
        "correct": 3,
        "wrong": 14,
        "sampled": 6,
        "rejected": 8,
        "nothing_to_fix": 0,
        "correct_unused": 3,
        "correct_rejected": 0,
        "reasons": {
            "duplicate_prediction": 1,
            "prediction_empty": 2,
            "prediction_repeats": 1,
            "prediction_too_long": 1,
            "prediction_unparsable": 1,
            "row_malformed": 2,
            "token_like_arrow": 1,
            "token_like_mark": 1,
        },
    }
    assert rows_of(tmp_path / "out", "m_error_find")[0]["images"] == ["e1"]


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
def test_formats_and_workers_and_slices_make_no_difference(tmp_path: Path, suffix: str) -> None:
    rows = prediction_rows(40, passes=2)
    file = write_rows(tmp_path / f"p{suffix}", rows)
    options = MiningOptions(keep_correct=0.5, max_per_image=2, max_per_confusion=9)
    one = mine([file], tmp_path / "one", "m", options, max_rows=11, workers=1)
    two = mine([file], tmp_path / "two", "m", options, max_rows=11, workers=2)
    check(tmp_path / "one", one)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert one.counts == two.counts
    whole = mine([file], tmp_path / "whole", "m", options, workers=1)
    assert rows_of(tmp_path / "whole", "m_error_fix") == rows_of(tmp_path / "one", "m_error_fix")
    assert whole.counts == one.counts


def test_several_files_are_one_input(tmp_path: Path) -> None:
    rows = prediction_rows(30, passes=4)
    for sample in range(4):
        part = [row for row in rows if row["sample"] == sample]
        write_rows(tmp_path / "passes" / f"{sample}.jsonl", part)
    found = mine([tmp_path / "passes"], tmp_path / "out", "m", PLAIN, workers=1)
    check(tmp_path / "out", found)
    distinct = {(row["img_id"], row["pred"]) for row in rows if row["pred"] != row["gt"]}
    assert found.counts["sampled"] == len(distinct)
    assert found.counts["reasons"] == {"duplicate_prediction": found.counts["wrong"] - len(distinct)}
    rejects = pq.read_table(tmp_path / "out/rejects.parquet").to_pylist()
    assert rejects[0]["message"].startswith("3.jsonl: ")
    ids = [row["id"] for row in rows_of(tmp_path / "out", "m_error_fix")]
    assert "e1" in ids
    assert "e1#2" in ids


def test_limits_per_image_and_per_confusion(tmp_path: Path) -> None:
    rows = [
        {"img_id": f"e{number}", "gt": "x + 1", "pred": pred}
        for number in range(10)
        for pred in ("x + l", "X + 1", "x + 7", "x + 1")
    ]
    file = write_rows(tmp_path / "p.json", rows)
    found = mine([file], tmp_path / "one", "m", MiningOptions(max_per_image=2), workers=1)
    check(tmp_path / "one", found)
    per_image = Counter(row["id"].partition("#")[0] for row in rows_of(tmp_path / "one", "m_error_fix"))
    assert per_image == {f"e{number}": 2 for number in range(10)}
    assert found.counts["reasons"] == {"image_limit": 10}
    found = mine([file], tmp_path / "two", "m", MiningOptions(max_per_confusion=4), workers=1)
    check(tmp_path / "two", found)
    logs = Counter(row["messages"][1]["value"].partition("\n")[0] for row in rows_of(tmp_path / "two", "m_error_fix"))
    assert logs == {"REPLACE:l -> 1": 4, "REPLACE:X -> x": 4, "REPLACE:7 -> 1": 4}
    again = mine([file], tmp_path / "seed", "m", MiningOptions(max_per_confusion=4, seed=1), workers=1)
    assert again.counts == found.counts
    assert rows_of(tmp_path / "seed", "m_error_fix") != rows_of(tmp_path / "two", "m_error_fix")


def test_right_predictions_with_nothing_to_fix(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "p.json", [{"img_id": f"e{n}", "gt": "x + 1", "pred": "x  + 1"} for n in range(400)])
    found = mine([file], tmp_path / "out", "m", MiningOptions(keep_correct=0.25), workers=1)
    check(tmp_path / "out", found)
    assert 70 < found.counts["nothing_to_fix"] < 130
    row = rows_of(tmp_path / "out", "m_error_fix")[0]
    assert row["messages"][1]["value"] == "\nx + 1"
    assert rows_of(tmp_path / "out", "m_error_find")[0]["messages"][1]["value"] == "x + 1"
    every = mine([file], tmp_path / "all", "m", MiningOptions(keep_correct=1), workers=1)
    assert every.counts["nothing_to_fix"] == 400


def test_normalisation_decides_what_is_wrong(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "p.json", [{"img_id": "a", "gt": "x ^ { 2 }", "pred": "x^2"}])
    plain = MiningOptions(normalize="off")
    assert mine([file], tmp_path / "raw", "m", plain, workers=1).counts["wrong"] == 1
    options = MiningOptions(normalize="crohme")
    assert mine([file], tmp_path / "normal", "m", options, workers=1).counts["wrong"] == 0


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "p.jsonl", prediction_rows(600, passes=2))
    images = caption_folder(tmp_path / "source", 600) / "images"
    command = [sys.executable, "-m", "mumer_data", "mine", str(file), "--images", str(images), "--name", "m"]
    command += ["--max-rows", "50", "--max-per-confusion", "100", "--workers", "1"]
    whole = tmp_path / "whole"
    subprocess.run([*command, "--out", str(whole)], check=True, capture_output=True, cwd=Path(__file__).parents[2])
    out = tmp_path / "out"
    stages = ("counts-00005.json", "tally-00010.json")
    for stage in stages:
        resume = ["--resume"] if stage != stages[0] else []
        process = subprocess.Popen(
            [*command, "--out", str(out), *resume],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and not (out / "_work" / stage).exists():
            time.sleep(0.002)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL or stage == stages[-1]  # a busy machine may miss the last one
    subprocess.run(
        [*command, "--out", str(out), "--resume"], check=True, capture_output=True, cwd=Path(__file__).parents[2]
    )
    assert bytes_of(out) == bytes_of(whole)


def test_another_input_is_not_resumed(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "p.jsonl", prediction_rows(9))
    mine([file], tmp_path / "out", "m", PLAIN, workers=1)
    again = mine([file], tmp_path / "out", "m", PLAIN, workers=1, resume=True)
    assert again.counts["read"] == 9
    with pytest.raises(OutputError, match="begun with another"):
        mine([file], tmp_path / "out", "m", MiningOptions(seed=1), workers=1, resume=True)
    with pytest.raises(OutputError, match="holds a build already"):
        mine([file], tmp_path / "out", "m", PLAIN, workers=1)


def test_unusable_input(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "p.jsonl", prediction_rows(3))
    with pytest.raises(SourceError, match="listed twice"):
        mine([file, file], tmp_path / "out", "m", PLAIN)
    with pytest.raises(SourceError, match="no rows"):
        mine([write_rows(tmp_path / "e.json", [])], tmp_path / "out", "m", PLAIN)
    with pytest.raises(SourceError, match="is not a folder"):
        mine([file], tmp_path / "out", "m", PLAIN, images=tmp_path / "none")
    assert not (tmp_path / "out").exists()


def test_names() -> None:
    assert mining_name(None, Path("/data/my errors")) == "my_errors"
    assert mining_name("crohme", Path("/data/x")) == "crohme"
    with pytest.raises(OutputError, match="cannot name a data set"):
        mining_name("a/b", Path("/data/x"))


def doubtful_files(folder: Path) -> list[Path]:
    """Two models over 200 images; e7 has the label of another row, and k is often read as h."""
    files = [folder / "a.jsonl", folder / "b.jsonl"]
    for path in files:
        rows = []
        for i in range(200):
            read = right_label(i).replace("k", "h") if i % 3 == 0 else right_label(i)
            rows.append({"img_id": f"e{i}", "gt": right_label(65 if i == 7 else i), "pred": read})
        write_rows(path, rows)
    return files


@pytest.mark.parametrize(("doubts", "apart"), [("auto", True), ("apart", True), ("drop", False), ("keep", False)])
def test_doubtful_labels(tmp_path: Path, doubts: str, apart: bool) -> None:
    files = doubtful_files(tmp_path)
    options = MiningOptions.model_validate({"normalize": "off", "doubts": doubts})
    out = tmp_path / "out"
    found = mine(files, out, "m", options, workers=1)
    check(out, found)
    used = {json.loads(row["metadata"])["id"] for row in rows_of(out, "m_error_fix")}
    assert ("e7" in used) == (doubts == "keep")
    assert "e84" in used
    assert found.counts["reasons"].get("label_doubtful", 0) == (0 if doubts == "keep" else 2)
    assert (out / "doubts.parquet").exists() == apart
    if apart:
        (row,) = pq.read_table(out / "doubts.parquet").to_pylist()
        assert (row["id"], row["agreement"]) == ("e7", 1.0)
        assert row["probability"] >= 0.3
    counted = sum(row["count"] for row in pq.read_table(out / "confusions.parquet").to_pylist())
    without = mine(files, tmp_path / "kept", "m", PLAIN.model_copy(update={"doubts": "keep"}), workers=1)
    assert counted <= sum(row["count"] for row in pq.read_table(tmp_path / "kept" / "confusions.parquet").to_pylist())
    assert without.counts["wrong"] == found.counts["wrong"]


def test_marks_are_ignored(tmp_path: Path) -> None:
    rows = [
        {"img_id": "a", "gt": r"\sum \limits _ { i } x", "pred": r"\sum _ { i } x"},
        {"img_id": "b", "gt": r"\left( x \right)", "pred": "( y )"},
    ]
    path = write_rows(tmp_path / "p.jsonl", rows)
    options = MiningOptions(normalize="off", ignore=("limits", "delimiters"))
    found = mine([path], tmp_path / "out", "m", options, workers=1)
    assert (found.counts["correct"], found.counts["sampled"]) == (1, 1)
    (fix,) = rows_of(tmp_path / "out", "m_error_fix")
    assert fix["label"] == "( x )"
