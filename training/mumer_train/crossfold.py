"""Cross-fold harvesting: every image is read by a model that never saw it, and the mistakes are mined together.

Each stage is a command of its own and leaves a file that says it is done; nothing is computed here.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from mumer_data.recipe import load_pipeline
from mumer_train.needs import TrainingError


@dataclass(frozen=True, slots=True)
class Harvest:
    """What to do.

    Attributes:
        pipeline: file or ready name; its tasks are trained on, its first recognition-like prompt is asked.
        folds: into how many the examples fall, by writer where named, else by id.
        config: of the trainer; its ``data`` and ``output`` are replaced.
        out: folder for everything.
        settings: ``key=value`` over the pipeline.
        train_settings: ``key=value`` over the config.
        samples, temperature, top_p, max_tokens, batch: of `mumer predict`.
        seed: of folds and draws.
    """

    pipeline: str
    folds: int
    config: Path
    out: Path
    settings: tuple[str, ...] = ()
    train_settings: tuple[str, ...] = ()
    samples: int = 4
    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 512
    batch: int = 16
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """One command, and the file that is there when it is done."""

    arguments: list[str]
    done: Path

    def __str__(self) -> str:
        return shlex.join(["mumer", *self.arguments])


def stages(harvest: Harvest) -> list[Stage]:
    """All stages in order, but for the check before the last: see `check`."""
    found = [stage for fold in range(harvest.folds) for stage in _fold(harvest, fold)]
    return [*found, _mine(harvest)]


def _fold(harvest: Harvest, fold: int) -> Iterator[Stage]:
    folder = harvest.out / f"fold-{fold}"
    model = folder / "model"
    yield _build(harvest, fold, "others", folder / "train")
    yield _build(harvest, fold, "fold", folder / "held")
    settings = [f"data=[{{path: {json.dumps(str(folder / 'train'))}}}]", f"output={model}", *harvest.train_settings]
    yield Stage(["train", str(harvest.config), "--resume", *_each("--set", settings)], model / "run.json")
    options = {
        "--samples": harvest.samples,
        "--temperature": harvest.temperature,
        "--top-p": harvest.top_p,
        "--max-tokens": harvest.max_tokens,
        "--batch": harvest.batch,
        "--seed": harvest.seed,
    }
    predictions = folder / "predictions.parquet"
    arguments = ["predict", "--model", str(model / "final"), "--data", str(_recognition(folder / "held", harvest))]
    arguments += ["--out", str(predictions), *[str(part) for option in options.items() for part in option]]
    yield Stage(arguments, predictions)


def _build(harvest: Harvest, fold: int, keep: str, out: Path) -> Stage:
    pipeline = load_pipeline(harvest.pipeline, harvest.settings)
    gate = {"folds": {"count": harvest.folds, "fold": fold, "keep": keep, "seed": harvest.seed}}
    settings = [*harvest.settings, f"gates={json.dumps([*pipeline.gates, gate])}"]
    if keep == "fold":
        settings.append("tasks=[recognition]")
    resume = ["--resume"] if out.exists() else []
    arguments = ["build", harvest.pipeline, "--out", str(out), *resume, *_each("--set", settings)]
    return Stage(arguments, out / "manifest.json")


def _recognition(held: Path, harvest: Harvest) -> Path:
    return held / load_pipeline(harvest.pipeline, harvest.settings).name


def _mine(harvest: Harvest) -> Stage:
    files = [str(harvest.out / f"fold-{fold}" / "predictions.parquet") for fold in range(harvest.folds)]
    out, name = harvest.out / "mined", load_pipeline(harvest.pipeline, harvest.settings).name
    resume = ["--resume"] if out.exists() else []
    return Stage(["mine", *files, "--out", str(out), "--name", name, *resume], out / "mining.json")


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


def harvest_all(harvest: Harvest) -> Path:
    """Run what is not done yet; gives the folder of mined shards.

    Raises:
        TrainingError: a stage fails, or a model was trained on an image that it reads.
    """
    *folds, last = stages(harvest)
    for stage in folds:
        _run(stage)
    check(harvest)
    _run(last)
    return last.done.parent


def _run(stage: Stage) -> None:
    if stage.done.exists():
        return
    print(f"$ {stage}", flush=True)
    code = subprocess.run([sys.executable, "-m", "mumer_data", *stage.arguments], check=False).returncode
    if code or not stage.done.exists():
        raise TrainingError(f"this stage failed with exit code {code}; mend it and start again to go on: {stage}")


def check(harvest: Harvest) -> None:
    """See in the files that no model reads an image that it was trained on: neither by id nor by its bytes."""
    for fold in range(harvest.folds):
        folder = harvest.out / f"fold-{fold}"
        ids, images = _images(folder / "train")
        read = set(pq.read_table(folder / "predictions.parquet", columns=["img_id"])["img_id"].to_pylist())
        held_ids, held_images = _images(folder / "held")
        if both := sorted(ids & (read | held_ids)):
            raise TrainingError(f"fold {fold}: the model was trained on {both[0]!r}, which it reads")
        if images & held_images:
            raise TrainingError(f"fold {fold}: an image that the model reads is among those that it was trained on")
        if read - held_ids:
            raise TrainingError(f"fold {fold}: {sorted(read - held_ids)[0]!r} is read but not held out")


def _images(folder: Path) -> tuple[set[str], set[bytes]]:
    """Ids and hashes of the images of a build."""
    ids: set[str] = set()
    images: set[bytes] = set()
    for path in sorted(folder.glob("*/*.parquet")):
        with pq.ParquetFile(path) as shard:
            for batch in shard.iter_batches(columns=["id", "images"], batch_size=256):
                for row in batch.to_pylist():
                    ids.add(row["id"])
                    images |= {hashlib.blake2b(_data(image)).digest() for image in row["images"]}
    return ids, images


def _data(image: dict[str, bytes | str] | str) -> bytes:
    data = image["bytes"] if isinstance(image, dict) else image
    return data.encode() if isinstance(data, str) else data
