"""Shards as a run reads them: every fault is named before a weight is loaded; parts are mixed as the config says."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mumer_train.config import Part
from mumer_train.data import Encoder
from mumer_train.dependencies import TrainingError
from mumer_train.length_filter import LengthFilteredStream, filter_by_length
from mumer_train.processor import Processor
from mumer_train.shards import load_rows, mixed, streamed
from mumer_train.train import train

from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from tests.training.test_train import config

Change = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def copy(shards: Path, tmp_path: Path) -> Path:
    """Shards that a test may spoil."""
    return Path(shutil.copytree(shards, tmp_path / "copy"))


@pytest.fixture
def without_weights(tiny: Path, tmp_path: Path) -> Path:
    """The tiny model without its weights: whatever loads them fails with another error."""
    folder = Path(shutil.copytree(tiny, tmp_path / "no-weights"))
    (folder / "model.safetensors").unlink()
    return folder


def rewrite(path: Path, change: Change) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)


def _no_place(rows: list[dict[str, Any]]) -> None:
    rows[-1]["messages"][0]["value"] = "Read it."


def _two_places(rows: list[dict[str, Any]]) -> None:
    rows[3]["messages"][0]["value"] += "<image>"


def _no_image(rows: list[dict[str, Any]]) -> None:
    rows[5]["images"] = []


def _no_answer(rows: list[dict[str, Any]]) -> None:
    rows[5]["messages"][1]["value"] = ""


def _three_turns(rows: list[dict[str, Any]]) -> None:
    rows[7]["messages"].append({"from": "human", "value": "And now?"})


def _broken_image(rows: list[dict[str, Any]]) -> None:
    rows[7]["images"][0]["bytes"] = b"no picture"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_no_place, "few/.*: 1 images and 0 placeholders <image> in the prompt 'Read it.'"),
        (_two_places, "1 images and 2 placeholders <image>"),
        (_no_image, "0 images and 1 placeholders <image>"),
        (_no_answer, "the answer is empty"),
        (_three_turns, "are not one user turn and one answer"),
        (_broken_image, "its image cannot be read"),
    ],
)
def test_a_bad_row_is_named_before_weights_are_loaded(
    copy: Path, without_weights: Path, tmp_path: Path, change: Change, message: str
) -> None:
    (shard,) = (copy / "few").glob("*.parquet")
    rewrite(shard, change)
    with pytest.raises(TrainingError, match=message):
        train(config(without_weights, copy, tmp_path / "run"))
    assert not (tmp_path / "run").exists() or not any((tmp_path / "run").rglob("*.safetensors"))


def test_a_good_run_does_load_weights(shards: Path, without_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be loaded"):
        train(config(without_weights, shards, tmp_path / "run"))


def _missing(folder: Path) -> None:
    (shard,) = folder.glob("*.parquet")
    shard.rename(folder / "train-00000-of-00002.parquet")


def _two_builds(folder: Path) -> None:
    (shard,) = folder.glob("*.parquet")
    shutil.copy(shard, folder / "train-00000-of-00002.parquet")


def _two_splits(folder: Path) -> None:
    (shard,) = folder.glob("*.parquet")
    shutil.copy(shard, folder / "test-00000-of-00001.parquet")


def _cut(folder: Path) -> None:
    (shard,) = folder.glob("*.parquet")
    shard.write_bytes(shard.read_bytes()[:-100])


def _no_column(folder: Path) -> None:
    (shard,) = folder.glob("*.parquet")
    pq.write_table(pq.read_table(shard, columns=["id", "images"]), shard)


def _wrong_type(folder: Path) -> None:
    (shard,) = folder.glob("*.parquet")
    table = pq.read_table(shard)
    texts = pa.array(["x"] * len(table))
    pq.write_table(table.set_column(table.schema.get_field_index("messages"), "messages", texts), shard)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_missing, r"train-00001-of-00002.parquet is missing \(1 of 00002 are\)"),
        (_two_builds, "contains shards of two builds"),
        (_two_splits, "holds the splits test, train: choose one"),
        (_cut, "is not a complete Parquet file"),
        (_no_column, "has no column messages: it has id, images"),
        (_wrong_type, "column messages is string, not a list of turns"),
    ],
)
def test_a_bad_shard_is_named(copy: Path, change: Callable[[Path], None], message: str) -> None:
    change(copy / "few")
    with pytest.raises(TrainingError, match=message):
        load_rows(copy, ["few"])


def test_a_split_can_be_named(copy: Path) -> None:
    _two_splits(copy / "few")
    assert len(load_rows(copy, ["few"], "test")) == 32
    with pytest.raises(TrainingError, match="has no split 'dev'"):
        load_rows(copy, [], "dev")


def test_two_chat_formats_do_not_mix(shards: Path, tmp_path: Path) -> None:
    pipeline = load_pipeline("demo", ["chat=openai", f"source.labels={shards.parent / 'labels.txt'}"])
    build(pipeline, tmp_path / "openai", workers=1)
    assert len(load_rows(tmp_path / "openai", ["demo"])) == 32
    with pytest.raises(TrainingError, match="two chat formats"):
        mixed([Part(path=shards), Part(path=tmp_path / "openai")], 0)


def test_parts_by_weight_fill_their_share_evenly(shards: Path) -> None:
    parts = [Part(path=shards, configs=["few"], weight=1), Part(path=shards, configs=["few_tree"], weight=3)]
    rows = mixed(parts, 0)
    assert Counter(rows["task"]) == {"few": 16, "few_tree": 48}
    times = Counter(zip(rows["task"], rows["id"], strict=True))
    assert {count for (task, _), count in times.items() if task == "few_tree"} == {1, 2}
    assert mixed(parts, 0)["id"] == rows["id"][:]
    assert mixed(parts, 1)["id"] != rows["id"][:]


def test_parts_by_repetition(shards: Path) -> None:
    rows = mixed([Part(path=shards, configs=["few"], repeat=3), Part(path=shards, configs=["few_can"])], 0)
    assert Counter(rows["task"]) == {"few": 96, "few_can": 32}


def test_a_stream_gives_every_row_once_an_epoch(shards: Path) -> None:
    parts = [Part(path=shards, configs=["few"]), Part(path=shards, configs=["few_can"], repeat=2)]
    rows, count = streamed(parts, 0, 8)
    found = [(row["task"], row["id"]) for row in rows]
    assert len(found) == count == 96
    assert Counter(Counter(found).values()) == {1: 32, 2: 32}
    assert len({task for task, _ in found[:16]}) == 2, "the parts alternate"


def test_a_stream_names_what_it_leaves_out(shards: Path, processor: Processor) -> None:
    encoder, parts = Encoder(processor), [Part(path=shards)]
    measured = filter_by_length(mixed(parts, 0), encoder, 50, 0)
    assert set(measured.left_out) == {"few", "few_can", "few_tree"}
    stream = iter(LengthFilteredStream(streamed(parts, 0, 8)[0], encoder, 50))
    turns = [next(stream) for _ in range(len(measured.rows))]  # one epoch; the next would begin with another
    assert sorted((turn.task, turn.id) for turn in turns) == sorted(
        zip(measured.rows["task"], measured.rows["id"], strict=True)
    )
    named = sorted(name for turn in turns for name in turn.left_out)
    assert named == sorted((task, name) for task, names in measured.left_out.items() for name in names)
    with pytest.raises(TrainingError, match="no row has at most 16 tokens"):
        next(iter(LengthFilteredStream(streamed(parts, 0, 8)[0], encoder, 16)))
