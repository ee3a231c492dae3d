"""Shards -> rows: find and check files, mix several builds; memory-mapped or streamed.

Not for encoding: `data`. Every row has the columns ``id``, ``messages``, ``images`` and ``task``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.readers.footers import rows_of_groups
from mumer_data.seeding import rng_for
from mumer_data.shards.schema import CHATS, Chat
from mumer_train.config import Part
from mumer_train.dependencies import TrainingError

if TYPE_CHECKING:
    import datasets

_SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d+)-of-(?P<total>\d+)\.parquet")
_COLUMNS = ("id", "messages", "images")


def shard_files(path: Path, split: str | None = None) -> dict[str, list[str]]:
    """Config -> its shards in order, in the folder of a build or of one config.

    Raises:
        TrainingError: there are no shards, a shard is missing, or there are several splits and none is named.
    """
    folders = [path, *sorted(folder for folder in path.iterdir() if folder.is_dir())] if path.is_dir() else []
    by_config: dict[str, dict[str, list[Path]]] = {}
    for folder in folders:
        sets: dict[str, list[Path]] = defaultdict(list)
        for file in sorted(folder.glob("*.parquet")):
            if name := _SHARD.fullmatch(file.name):
                sets[name["split"]].append(file)
        if sets:
            by_config[folder.name] = sets
    if not by_config:
        raise TrainingError(f"{path} holds no shards: choose a folder written by `mumer build`, or one of its configs")
    splits = sorted({name for sets in by_config.values() for name in sets})
    if split is None and len(splits) > 1:
        raise TrainingError(f"{path} holds the splits {', '.join(splits)}: choose one, for example split: {splits[-1]}")
    if split is not None and split not in splits:
        raise TrainingError(f"{path} has no split {split!r}: it has {', '.join(splits)}")
    chosen = split or splits[0]
    return {name: _complete(sets[chosen]) for name, sets in by_config.items() if chosen in sets}


def _complete(files: list[Path]) -> list[str]:
    """The shards of one split of one config; raises `TrainingError` if one is missing."""
    first = _SHARD.fullmatch(files[0].name)
    assert first is not None
    split, total = first["split"], first["total"]
    names = [f"{split}-{number:0{len(first['number'])}d}-of-{total}.parquet" for number in range(int(total))]
    folder, present = files[0].parent, {file.name for file in files}
    if missing := sorted(set(names) - present):
        raise TrainingError(f"{folder / missing[0]} is missing ({len(missing)} of {total} are): build or copy it again")
    if others := sorted(present - set(names)):
        raise TrainingError(
            f"{folder} contains shards of two builds, {names[0]} and {others[0]}: remove the shards of one build"
        )
    return [str(folder / name) for name in names]


def load_rows(path: Path, configs: Sequence[str] = (), split: str | None = None, *, streaming: bool = False) -> Any:
    """All rows of a build, or of some of its configs: a `datasets.Dataset`, or an `IterableDataset` to stream.

    Raises:
        TrainingError: no shards, a missing shard, a file that is not Parquet, an unknown config, a wrong column.
    """
    import datasets

    parts = []
    for name, files in _chosen_files(path, configs, split).items():
        chats = {check_file(file)[1] for file in files}
        if len(chats) > 1:
            raise TrainingError(f"{path / name} holds shards in two chat formats: build it again")
        features = _features(chats.pop())
        part = datasets.load_dataset(
            "parquet", data_files=files, split="train", streaming=streaming, features=features, columns=list(features)
        )
        parts.append(part.map(partial(_with_task, name)) if streaming else part.add_column("task", [name] * len(part)))
    return concatenate(parts)


def _chosen_files(path: Path, configs: Sequence[str], split: str | None) -> dict[str, list[str]]:
    files = shard_files(path, split)
    if unknown := sorted(set(configs) - set(files)):
        raise TrainingError(f"{path} has no config {unknown[0]!r}: it has {', '.join(files)}")
    return {name: files[name] for name in configs or files}


def _features(chat: Chat) -> datasets.Features:
    """The columns as they are read; images stay encoded."""
    import datasets

    text = datasets.Value("string")
    turn = {CHATS[chat].role: text, CHATS[chat].content: text}
    images = datasets.List(datasets.Image(decode=False))
    return datasets.Features({"id": text, "messages": datasets.List(turn), "images": images})


def concatenate(parts: Sequence[Any]) -> Any:
    """Concatenate the rows of several parts."""
    import datasets

    if len({str(part.features["messages"]) for part in parts if part.features}) > 1:
        raise TrainingError("the parts of data are in two chat formats: build them all as sharegpt or all as openai")
    return datasets.concatenate_datasets(list(parts)) if len(parts) > 1 else parts[0]


def _with_task(task: str, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "task": task}


def check_file(file: str) -> tuple[int, Chat]:
    """Check the columns of a shard by its footer; returns its number of rows and its chat format."""
    try:
        footer = pq.read_metadata(file)
        rows = sum(rows_of_groups(footer, Path(file)))
    except (pa.ArrowInvalid, OSError) as error:
        raise TrainingError(f"{file} is not a complete Parquet file: {error}") from None
    schema = footer.schema.to_arrow_schema()
    where = f"{file} (is it a shard of this library?)"
    if missing := [name for name in _COLUMNS if name not in schema.names]:
        raise TrainingError(f"{where} has no column {', '.join(missing)}: it has {', '.join(schema.names)}")
    turns, images = schema.field("messages").type, schema.field("images").type
    if not pa.types.is_string(schema.field("id").type):
        raise TrainingError(f"{where}: column id is {schema.field('id').type}, not string")
    keys = _names(turns.value_type) if _is_list(turns) else set()
    chats: list[Chat] = [name for name, chat in CHATS.items() if {chat.role, chat.content} == keys]
    if not chats:
        raise TrainingError(f"{where}: column messages is {turns}, not a list of turns (from, value or role, content)")
    if not (_is_list(images) and (pa.types.is_string(images.value_type) or "bytes" in _names(images.value_type))):
        raise TrainingError(f"{where}: column images is {images}, not a list of images or of their paths")
    return rows, chats[0]


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _names(kind: pa.DataType) -> set[str]:
    return {field.name for field in kind} if pa.types.is_struct(kind) else set()


def mixed(data: Sequence[Part], seed: int) -> datasets.Dataset:
    """The rows of an epoch: all parts concatenated, each repeated ``repeat`` times, or mixed by weight.

    With weights, an epoch has as many rows as all parts together. If a part is below its share, its rows
    are repeated (the counts differ by at most one); if it is above, rows are sampled. The result depends only on the
    seed.
    """
    parts = [load_rows(part.path, part.configs, part.split) for part in data]
    weights = [part.weight for part in data if part.weight is not None]
    if weights:
        total = sum(len(rows) for rows in parts)
        shares = [round(total * weight / sum(weights)) for weight in weights]
        parts = [
            _sampled(rows, share, number, seed) for number, (rows, share) in enumerate(zip(parts, shares, strict=True))
        ]
    else:
        parts = [rows for part, rows in zip(data, parts, strict=True) for _ in range(part.repeat)]
    return concatenate(parts)


def _sampled(rows: datasets.Dataset, share: int, number: int, seed: int) -> datasets.Dataset:
    rng = rng_for(seed, str(number), "mix")
    indices: list[int] = []
    while len(indices) < share:
        indices += rng.permutation(len(rows))[: share - len(indices)].tolist()
    return rows.select(sorted(indices))


def streamed(data: Sequence[Part], seed: int, buffer: int) -> tuple[datasets.IterableDataset, int]:
    """The rows as a stream that alternates between the parts at random, and the number of rows per epoch.

    Without weights every row occurs ``repeat`` times per epoch; with weights the part of each row is sampled, so the
    shares are correct on average.
    """
    import datasets

    parts, sizes = [], []
    for part in data:
        files = _chosen_files(part.path, part.configs, part.split)
        size = sum(check_file(file)[0] for shards in files.values() for file in shards)
        for _ in range(part.repeat):
            parts.append(load_rows(part.path, part.configs, part.split, streaming=True))
            sizes.append(size)
    weights = [part.weight for part in data if part.weight is not None]
    shares = [share / sum(weights or sizes) for share in weights or sizes]
    rows = parts[0]
    if len(parts) > 1:
        strategy = "all_exhausted" if weights else "all_exhausted_without_replacement"
        rows = datasets.interleave_datasets(parts, probabilities=shares, seed=seed, stopping_strategy=strategy)
    return rows.shuffle(seed=seed, buffer_size=buffer), sum(sizes)
