"""Prompts and pairs for reinforcement learning, from predictions on disk to rows that `datasets` and trainers read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import OutputError
from mumer_data.jobs.pairs import PairOptions, write_pairs
from mumer_data.jobs.policy_data import PolicyDataError
from mumer_data.jobs.prompts import PromptOptions, write_prompts
from mumer_data.latex.deserialize import read_label
from mumer_data.tasks import task_class
from tests.cli.test_cli import mumer
from tests.conftest import png

LABELS = {"a": "x ^ { 2 }", "b": "n + 1", "c": "y", "d": "\\frac { a", "e": "z"}
SAMPLES = {
    "a": ["x ^ { 2 }", "x 2", "x ^ { 3 }", "x^2"],
    "b": ["n + l", "n + l", "m", "n + 1 +"],
    "c": ["y"] * 4,
    "d": ["a"] * 4,
    "e": ["2"] * 4,
}
PROMPT = task_class("recognition").prompt


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    rows = []
    for number, (name, texts) in enumerate(SAMPLES.items()):
        if name != "e":
            (tmp_path / "images" / f"{name}.png").write_bytes(png(number))
        rows += [{"img_id": name, "gt": LABELS[name], "pred": text, "sample": n} for n, text in enumerate(texts)]
    path = tmp_path / "samples.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def rows_of(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "train.parquet").to_pylist()
    return rows


def test_prompts_have_pass_rates_hardest_first(predictions: Path, tmp_path: Path) -> None:
    record = write_prompts([predictions], tmp_path / "out", tmp_path / "images")
    rows = rows_of(tmp_path / "out")
    assert [(row["id"], row["pass_rate"], row["samples"]) for row in rows] == [("b", 0, 4), ("a", 0.5, 4), ("c", 1, 4)]
    assert record["counts"] == {"images": 5, "rows": 3, "reasons": {"label_unreadable": 1, "image_missing": 1}}
    (message,) = rows[0]["prompt"]
    assert message == {
        "role": "user",
        "content": [{"type": "image", "text": None}, {"type": "text", "text": PROMPT}],
    }
    assert rows[0]["label"] == LABELS["b"]
    assert rows[0]["images"] == [{"bytes": png(1), "path": "b.png"}]
    assert json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8")) == record


def test_easy_and_hopeless_prompts_are_left_out(predictions: Path, tmp_path: Path) -> None:
    options = PromptOptions(min_pass_rate=0.1, max_pass_rate=0.9)
    record = write_prompts([predictions], tmp_path / "out", tmp_path / "images", options)
    assert [row["id"] for row in rows_of(tmp_path / "out")] == ["a"]
    assert record["counts"]["reasons"] == {"label_unreadable": 1, "too_easy": 1, "too_hard": 2}


def test_prompts_for_verl(predictions: Path, tmp_path: Path) -> None:
    options = PromptOptions("tree_cot", "verl")
    write_prompts([predictions], tmp_path / "out", tmp_path / "images", options)
    row = rows_of(tmp_path / "out")[1]
    assert row["prompt"] == [{"role": "user", "content": f"<image>{task_class('tree_cot').prompt}"}]
    assert row["reward_model"] == {"style": "rule", "ground_truth": "x ^ { 2 }"}
    assert (row["data_source"], row["extra_info"]["task"], row["extra_info"]["pass_rate"]) == ("mumer", "tree_cot", 0.5)


def test_pairs_prefer_what_looks_alike(predictions: Path, tmp_path: Path) -> None:
    record = write_pairs([predictions], tmp_path / "out", tmp_path / "images")
    rows = rows_of(tmp_path / "out")
    assert [(row["id"], row["wrong"]) for row in rows] == [("a", "x 2"), ("b", "n + 1 +")]
    assert rows[0]["likeness"] >= rows[1]["likeness"]
    assert record["counts"]["reasons"] == {"label_unreadable": 1, "all_right": 1, "image_missing": 1}
    assert rows[0]["chosen"] == [{"role": "assistant", "content": [{"type": "text", "text": "x ^ { 2 }"}]}]
    assert rows[0]["rejected"] == [{"role": "assistant", "content": [{"type": "text", "text": "x 2"}]}]


def test_pairs_of_a_task_and_limits(predictions: Path, tmp_path: Path) -> None:
    options = PairOptions("tree_cot", "llamafactory", per_image=3, max_pairs=4)
    record = write_pairs([predictions], tmp_path / "out", tmp_path / "images", options)
    rows = rows_of(tmp_path / "out")
    assert len(rows) + record["counts"]["reasons"].get("image_missing", 0) == 4
    assert rows[0]["conversations"] == [{"from": "human", "value": f"<image>{task_class('tree_cot').prompt}"}]
    for row in rows:
        for side, label in (("chosen", row["label"]), ("rejected", row["wrong"])):
            tree, _, last = row[side]["value"].rpartition("\n")
            assert (read_label(tree), last) == (label, label)
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text(encoding="utf-8"))["mumer_pairs"]
    assert info["ranking"] is True
    assert set(info["columns"].values()) <= set(rows[0])
    assert (tmp_path / "out" / info["file_name"]).is_file()


def test_what_looks_the_same_is_never_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    path = tmp_path / "p.json"
    rows = [{"img_id": "a", "gt": "x _ { 1 } ^ { 2 }", "pred": text} for text in ("x ^ { 2 } _ { 1 }", "x _ { 1 }^2")]
    path.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(PolicyDataError, match=r"no row is left of 1 images \(all_right: 1\)"):
        write_pairs([path], tmp_path / "out", tmp_path)
    assert not (tmp_path / "out" / "train.parquet").exists()


def test_datasets_decodes_the_images(predictions: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_prompts([predictions], tmp_path / "out", tmp_path / "images")
    file = str(tmp_path / "out" / "train.parquet")
    data = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
    assert data[0]["images"][0].size == (12, 8)
    assert data[0]["prompt"][0]["content"][1]["text"] == PROMPT


def test_wrong_options(predictions: Path, tmp_path: Path) -> None:
    with pytest.raises(PolicyDataError, match="unknown format 'tlr'"):
        write_prompts([predictions], tmp_path / "out", None, PromptOptions(format="tlr"))  # type: ignore[arg-type]
    with pytest.raises(PolicyDataError, match="did you mean 'tree_cot'"):
        write_pairs([predictions], tmp_path / "out", None, PairOptions("treecot"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(OutputError, match="not empty"):
        write_pairs([predictions], tmp_path / "full", tmp_path / "images")


def test_the_verbs(predictions: Path, tmp_path: Path) -> None:
    images = ("--images", tmp_path / "images")
    done = mumer("prompts", predictions, *images, "--out", tmp_path / "prompts", "--max-pass-rate", "0.9")
    assert done.stdout.decode().splitlines()[0].endswith("2 rows from 5 images, mean pass rate 0.167")
    found = json.loads(mumer("pairs", predictions, *images, "--out", tmp_path / "pairs", "--json").stdout)
    assert found["counts"]["rows"] == 2
    wrong = mumer("pairs", predictions, *images, "--out", tmp_path / "pairs")
    assert wrong.returncode == 2
    assert b"exists already" in wrong.stderr


def test_real_predictions(shared: Path, tmp_path: Path) -> None:
    files = [shared / f"golden/predictions/crohme_2014_{model}_pred.json" for model in ("3b", "7b")]
    images = shared / "data/crohme/2014"
    record = write_pairs(files, tmp_path / "pairs", images, PairOptions(per_image=2))
    rows = rows_of(tmp_path / "pairs")
    assert len(rows) == record["counts"]["rows"] > 200
    assert record["counts"]["reasons"]["all_right"] > 700
    likeness = [row["likeness"] for row in rows]
    assert likeness == sorted(likeness, reverse=True)
    assert all(row["images"][0]["bytes"] for row in rows)
