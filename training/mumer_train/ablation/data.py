"""Pipelines -> builds -> fitted images, and the training rows of each arm.

Not for error samples: see `errors`. Existing files are reused.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.seeding import hash64
from mumer_data.tasks import TASKS, Task
from mumer_train.ablation.config import AblationSettings, ArmSettings, DataSettings, content, slug
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.image_store import ImageStore, StoredImage, write_store
from mumer_train.from_scratch.prepare import fitted_pixels
from mumer_train.from_scratch.symbol_boxes import write_boxes
from mumer_train.from_scratch.task_rows import LOG_TOKENS, RECOGNITION, TaskRow, answer_tokens, prompt_tokens
from mumer_train.from_scratch.vocabulary import TOKENS

ErrorRows = dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...]]]]  # id -> (task, prompt, answer)
_GROUP = 64  # rows of a shard per batch


@dataclass(frozen=True, slots=True)
class Prepared:
    """The fitted images of one pipeline.

    Attributes:
        images: folder of the fitted images.
        build: folder of the shards that they come from.
    """

    images: Path
    build: Path

    def store(self) -> ImageStore:
        """The images."""
        return ImageStore(self.images)


def prepare(out: Path, kind: str, name: str, source: DataSettings) -> Prepared:
    """Build a pipeline and fit its images; boxes of symbols are those of the source, or found by a reader.

    Args:
        out: folder of the ablation.
        kind: ``data``, ``test`` or ``validation``.
        name: name of the data.
        source: see `DataSettings`.

    Raises:
        PipelineError, SourceError, OutputError: see `mumer_data.jobs.build.build`.
        TrainingError: no image of the pipeline can be used, or there is no reader for boxes.
    """
    fixed = ["tasks=[recognition]", "metadata=true", "columns=[label, task]", "images=embed"]
    folder = out / "builds" / f"{kind}-{slug(name)}"
    result = build(load_pipeline(source.pipeline, [*source.set, *fixed]), folder, workers=1, resume=True)
    images = out / "images" / f"{folder.name}-{result.manifest['fingerprint'][:12]}"
    if not images.exists():
        (config,) = result.configs
        write_store(images, _stored(sorted((folder / config).glob("*.parquet"))))
    if not len(ImageStore(images)):
        raise TrainingError(f"{kind}.{name}: no image of {source.pipeline} has ink; see {folder}/rejects.parquet")
    if source.boxes is not None:
        boxed = images.with_name(f"{images.name}-boxes-{content(source.boxes)}")
        if not boxed.exists():
            write_boxes(source.boxes, images, boxed)
        images = boxed
    return Prepared(images, folder)


def _stored(files: Iterable[Path]) -> Iterator[StoredImage]:
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(_GROUP, columns=["id", "images", "label", "metadata"]):
            for row in batch.to_pylist():
                with Image.open(io.BytesIO(row["images"][0]["bytes"])) as image:
                    fitted = fitted_pixels(image)
                if fitted is None:
                    continue
                pixels, scale, left, top = fitted
                symbols = _symbols(row["metadata"])
                boxes = np.array([symbol["box"] for symbol in symbols], dtype=np.float32).reshape(-1, 4)
                moved = boxes * np.float32(scale) + np.array([left, top, left, top], dtype=np.float32)
                yield StoredImage(row["id"], row["label"], pixels, moved, [symbol["label"] for symbol in symbols])


def _symbols(metadata: str | None) -> list[dict[str, Any]]:
    """Boxes and tokens of the symbols, if the source has them."""
    facts = json.loads(metadata) if metadata else {}
    symbols = facts.get("symbols", []) if isinstance(facts, dict) else []
    return [one for one in symbols if len(one.get("box", ())) == 4 and "label" in one]


def used(label: str, share: float) -> bool:
    """Whether a label is in a share of the data; it depends on its hash, so shares are nested."""
    return hash64(f"share\0{label}") < share * 2.0**64


def arm_sizes(settings: AblationSettings, data: dict[str, Prepared]) -> dict[str, dict[str, int]]:
    """Title of each arm -> its ``real_images`` and ``synthetic_images``."""
    sizes = {}
    for title, arm in settings.arms.items():
        sizes[title] = {"real_images": 0, "synthetic_images": 0}
        for name, share in arm.use.items():
            kind = "synthetic_images" if settings.data[name].synthetic else "real_images"
            sizes[title][kind] += sum(used(label, share) for label in data[name].store().labels)
    return sizes


def arm_rows(arm: ArmSettings, stores: Sequence[ImageStore], errors: tuple[str, ErrorRows] | None) -> list[TaskRow]:
    """The rows of an arm: each image once per task; all error samples.

    Args:
        arm: arm whose data are the stores, in order.
        stores: images.
        errors: name of the data of the error samples, and the samples.
    """
    named = arm.named_tasks
    tasks = {name: TASKS.load(name).model_validate(options) for name, options in named.items() if name in TASKS}
    rows = []
    for number, ((name, share), store) in enumerate(zip(arm.use.items(), stores, strict=True)):
        samples = errors[1] if errors is not None and errors[0] == name else {}
        for index, (image, label) in enumerate(zip(store.names, store.labels, strict=True)):
            if not used(label, share):
                continue
            rows += [TaskRow(number, index, *sample) for sample in _label_rows(tasks, label)]
            rows += [TaskRow(number, index, *sample) for sample in samples.get(image, ()) if sample[0] in named]
    return rows


def _label_rows(tasks: dict[str, Task], label: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    for name, task in tasks.items():
        try:
            sample = task.sample(label)
        except LatexSyntaxError:
            continue
        yield name, prompt_tokens(sample.prompt), answer_tokens(sample.answer)


def extra_tokens(settings: AblationSettings, prepared: dict[str, Prepared]) -> tuple[str, ...]:
    """The tokens of the data and tasks of all arms that are not built in: all runs have the same vocabulary."""
    tokens = {*LOG_TOKENS}
    for arm in settings.arms.values():
        stores = [prepared[name].store() for name in arm.use]
        for row in arm_rows(arm, stores, None):
            tokens.update(row.prompt, row.answer)
        tokens.update(f"<{name}>" for name in arm.named_tasks if name != RECOGNITION)
    return tuple(sorted(tokens - set(TOKENS)))
