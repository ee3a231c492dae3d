"""What `mumer prompts` and `mumer pairs` share: predictions by image, prompts as messages, rows with images on disk.

Not for what goes into a row: see `prompts` and `pairs`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

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
_GROUP = 256  # rows of a row group: some tens of megabytes of images at most
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
PARTS = pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())]))
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", PARTS)]))
TEXT_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


class PolicyDataError(MumerError):
    """Predictions from which no prompts or pairs can be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Group:
    """All predictions of one image, from all files; ``base`` is the folder of the first file."""

    rows: list[Prediction]
    base: Path

    @property
    def id(self) -> str:
        """Of the image."""
        return self.rows[0].id

    @property
    def label(self) -> str:
        """The true label."""
        return self.rows[0].label


@dataclass
class Counts:
    """What became of the images: ``images`` in total, ``rows`` written, ``reasons`` of those left out."""

    images: int = 0
    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"images": self.images, "rows": self.rows, "reasons": dict(self.reasons)}


def groups_of(paths: Sequence[Path], preset: str | None = None) -> list[Group]:
    """The predictions by image, in the order of the first file.

    Args:
        paths: labelled prediction files; one with several samples per image, several, or both.
        preset: of the normaliser; see `answer_normalizer`.

    Raises:
        SourceError: a file cannot be read.
    """
    found: dict[tuple[str, str], Group] = {}
    for path, rows in normalized_files(paths, preset):
        for row in rows:
            found.setdefault((row.dataset, row.id), Group([], path.parent)).rows.append(row)
    return list(found.values())


def task_of(name: str) -> Task:
    """The task whose prompt is asked; raises `PolicyDataError` for an unknown name."""
    from mumer_data.registry import did_you_mean

    if name not in TASKS:
        raise PolicyDataError(did_you_mean("task", name, TASKS))
    return task_class(name)()


def check_format(name: str, kinds: object) -> None:
    """Raise `PolicyDataError` where a format is not among those of a ``Literal``."""
    known = get_args(kinds)
    if name not in known:
        raise PolicyDataError(f"unknown format '{name}': known are {', '.join(known)}")


def answer_of(task: Task, text: str) -> str | None:
    """How a policy would answer with a label: the label itself, or with what the task writes before it.

    ``None`` where that cannot be made, since the label does not parse.
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
    """The rows with the checked image of their group; those without one are counted by reason."""
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
        OutputError: the folder holds something already, or cannot be written.
        PolicyDataError: there are no rows.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} exists already and is not empty: name a new folder")
    features = {field.name: _feature(field.type) for field in schema}
    described = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    with atomic_write(out / FILE) as partial:
        with pq.ParquetWriter(partial, described, compression="zstd") as writer:
            while batch := list(islice(rows, _GROUP)):
                writer.write_table(pa.Table.from_pylist(batch, described))
        if not counts.rows:
            reasons = ", ".join(f"{name}: {count:,}" for name, count in counts.reasons.most_common())
            raise PolicyDataError(f"no row is left of {counts.images:,} images ({reasons}): nothing is written")


def _feature(kind: pa.DataType) -> Any:
    """An Arrow type as `datasets` describes it in a file, so that it decodes the images."""
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {kind.field(place).name: _feature(kind.field(place).type) for place in range(kind.num_fields)}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind)), "_type": "Value"}


def write_record(out: Path, options: dict[str, Any], counts: Counts, more: dict[str, Any]) -> dict[str, Any]:
    """Write ``record.json``: options, counts, version; returns its content."""
    from mumer_data._version import __version__

    record = {"version": __version__, "options": options, "counts": counts.to_json(), **more}
    write_json(out / RECORD, record)
    return record
