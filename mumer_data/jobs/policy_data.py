"""The steps common to `mumer prompts` and `mumer pairs`: group predictions by image, make rows, write them with images.

Not for what goes into a row: see `prompts` and `pairs`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data._version import __version__
from mumer_data.exceptions import ImageError, MumerError, OutputError
from mumer_data.images.check import check_image
from mumer_data.io.atomic import atomic_write, write_json
from mumer_data.latex.expression import Expression
from mumer_data.mining.images import ImageFinder
from mumer_data.readers.normalized import normalized_files
from mumer_data.records import Prediction
from mumer_data.shards.schema import PLACEHOLDER
from mumer_data.tasks import TASKS, Task, task_class

FILE = "train.parquet"
RECORD = "record.json"
_GROUP = 256  # rows per row group: at most some tens of megabytes of images
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
PARTS = pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())]))
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", PARTS)]))
TEXT_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


class PolicyDataError(MumerError):
    """No prompts or pairs can be made of the predictions; the message says why."""


@dataclass(frozen=True, slots=True)
class Group:
    """All predictions of one image, from all files; ``base`` is the folder of the first file."""

    rows: list[Prediction]
    base: Path

    @property
    def id(self) -> str:
        """The id of the image."""
        return self.rows[0].id

    @property
    def label(self) -> str:
        """The true label."""
        return self.rows[0].label


@dataclass
class Counts:
    """Counts of a run: ``images`` read, ``rows`` written, ``reasons`` of those left out."""

    images: int = 0
    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"images": self.images, "rows": self.rows, "reasons": dict(self.reasons)}


def groups_of(paths: Sequence[Path], preset: str | None = None) -> list[Group]:
    """The predictions by image, in the order of the first file.

    Args:
        paths: labelled prediction files; one file with several samples per image, several files, or both.
        preset: preset of the normaliser; see `normalized_sources`.

    Raises:
        SourceError: a file cannot be read.
    """
    groups: dict[tuple[str, str], Group] = {}
    for path, rows in normalized_files(paths, preset):
        for row in rows:
            groups.setdefault((row.dataset, row.id), Group([], path.parent)).rows.append(row)
    return list(groups.values())


class PolicyOptions(Protocol):
    """The options that prompts and pairs have in common; see `PromptOptions` and `PairOptions`."""

    @property
    def task(self) -> str:
        """Name of the task whose prompt is used."""

    @property
    def normalize(self) -> str | None:
        """Preset for labels and predictions; see `groups_of`."""


@dataclass(frozen=True, slots=True)
class RowFormat:
    """How the predictions of one image become rows, and how the rows are ordered.

    Attributes:
        schema: columns of ``train.parquet``.
        rows_of: the rows of one image without the image, or the reason why it has none.
        sort_key: of a row; the hardest rows come first.
        mean_of: the column whose mean is recorded as ``mean_COLUMN``.
        max_rows: maximum number of rows; ``None`` for all.
    """

    schema: pa.Schema
    rows_of: Callable[[Group, Task], list[dict[str, Any]] | str]
    sort_key: Callable[[dict[str, Any]], tuple[Any, ...]]
    mean_of: str
    max_rows: int | None = None


def write_policy_data(
    paths: Sequence[Path], out: Path, images: Path | None, options: PolicyOptions, row_format: RowFormat
) -> dict[str, Any]:
    """Write ``train.parquet`` and ``record.json`` from labelled predictions; returns the record.

    Args:
        paths: see `groups_of`.
        out: a new folder.
        images: folder or build with the images; ``None`` if the predictions name them.
        options: a dataclass; recorded.
        row_format: see `RowFormat`.

    Raises:
        SourceError, OutputError: the input or the folder cannot be used.
        PolicyDataError: the task is unknown, or no row is left.
    """
    task, counts = task_of(options.task), Counts()
    rows: list[tuple[Group, dict[str, Any]]] = []
    for group in groups_of(paths, options.normalize):
        counts.images += 1
        group_rows = row_format.rows_of(group, task)
        if isinstance(group_rows, str):
            counts.reasons[group_rows] += 1
        else:
            rows += [(group, row) for row in group_rows]
    rows.sort(key=lambda pair: row_format.sort_key(pair[1]))
    if row_format.max_rows is not None and len(rows) > row_format.max_rows:
        counts.reasons["beyond_max_pairs"] = len(rows) - row_format.max_rows
        rows = rows[: row_format.max_rows]
    write_rows(out, row_format.schema, with_images(rows, images, counts), counts)
    mean = sum(row[row_format.mean_of] for _, row in rows) / len(rows)
    record = {"version": __version__, "options": asdict(options), "counts": counts.to_json()}  # type: ignore[call-overload]
    record[f"mean_{row_format.mean_of}"] = mean
    write_json(out / RECORD, record)
    return record


def task_of(name: str) -> Task:
    """The task whose prompt is used; raises `PolicyDataError` for an unknown name."""
    from mumer_data.registry import did_you_mean

    if name not in TASKS:
        raise PolicyDataError(did_you_mean("task", name, TASKS))
    return task_class(name)()


def check_format(name: str, kinds: object) -> None:
    """Raise `PolicyDataError` if a format is not among the values of a ``Literal``."""
    known = get_args(kinds)
    if name not in known:
        raise PolicyDataError(f"unknown format '{name}': known are {', '.join(known)}")


def answer_of(task: Task, text: str) -> str | None:
    """The answer of a policy that predicts ``text``: the label itself, or the task's answer that ends in it.

    ``None`` if the task needs a tree and the label does not parse.
    """
    expression = Expression(text)
    if expression.tree_or_none is None:
        return text if type(task).suffix == "" else None
    return task.answer(expression)


def chat(role: str, text: str, *, image: bool = False) -> list[dict[str, Any]]:
    """One message as TRL takes it: parts of type ``image`` and ``text``."""
    parts: list[dict[str, str | None]] = [{"type": "image", "text": None}] if image else []
    return [{"role": role, "content": [*parts, {"type": "text", "text": text}]}]


def plain_chat(role: str, text: str) -> list[dict[str, str]]:
    """One message as verl takes it: text with an image placeholder."""
    return [{"role": role, "content": PLACEHOLDER + text}]


def with_images(
    rows: Sequence[tuple[Group, dict[str, Any]]], images: Path | None, counts: Counts
) -> Iterator[dict[str, Any]]:
    """The rows with the validated image of their group; rows without an image are counted by reason."""
    finders: dict[Path, ImageFinder] = {}
    for group, row in rows:
        finder = finders.setdefault(group.base, ImageFinder.of(images, group.base))
        first = group.rows[0]
        try:
            reference = finder.find(first.id, first.image)
            data = reference.read()
            check_image(data)
        except ImageError as error:
            counts.reasons[error.reason] += 1
            continue
        counts.rows += 1
        yield row | {"images": [{"bytes": data, "path": reference.name}]}


def write_rows(out: Path, schema: pa.Schema, rows: Iterator[dict[str, Any]], counts: Counts) -> None:
    """Write ``train.parquet``, row group by row group.

    Raises:
        OutputError: the folder is not empty, or cannot be written.
        PolicyDataError: there are no rows.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} exists already and is not empty: name a new folder")
    features = {field.name: _feature(field.type) for field in schema}
    described = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    with atomic_write(out / FILE) as temporary:
        with pq.ParquetWriter(temporary, described, compression="zstd") as writer:
            while batch := list(islice(rows, _GROUP)):
                writer.write_table(pa.Table.from_pylist(batch, described))
        if not counts.rows:
            reasons = ", ".join(f"{name}: {count:,}" for name, count in counts.reasons.most_common())
            raise PolicyDataError(f"no row is left of {counts.images:,} images ({reasons}): nothing was written")


def _feature(kind: pa.DataType) -> Any:
    """An Arrow type in the metadata format of `datasets`, so that it decodes the images."""
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {kind.field(index).name: _feature(kind.field(index).type) for index in range(kind.num_fields)}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind)), "_type": "Value"}
