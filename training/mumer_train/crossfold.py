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

from mumer_data.jobs.config import load_pipeline
from mumer_data.recognizers.journal import facts_of
from mumer_data.records import Example
from mumer_train.dependencies import TrainingError


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
    yield _build(harvest, fold, "fold", folder / "held")
    yield _build(harvest, fold, "others", folder / "train")
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
    gates = [*pipeline.filters, gate]
    if keep == "others":  # an image may come twice, under two ids or by two writers: its copy stays out
        held = {"format": "shards", "path": str(out.parent / "held")}
        gates.append({"leakage": {"source": held, "image": "near"}})
    settings = [*harvest.settings, f"filters={json.dumps(gates)}"]
    if keep == "fold":
        settings.append("tasks=[recognition]")
    arguments = ["build", harvest.pipeline, "--out", str(out), "--resume", *_each("--set", settings)]
    return Stage(arguments, out / "manifest.json")


def _recognition(held: Path, harvest: Harvest) -> Path:
    return held / load_pipeline(harvest.pipeline, harvest.settings).name


def _mine(harvest: Harvest) -> Stage:
    files = [str(harvest.out / f"fold-{fold}" / "predictions.parquet") for fold in range(harvest.folds)]
    out, name = harvest.out / "mined", load_pipeline(harvest.pipeline, harvest.settings).name
    return Stage(["mine", *files, "--out", str(out), "--name", name, "--resume"], out / "mining.json")


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


def harvest_all(harvest: Harvest) -> Path:
    """Run what is not done yet; gives the folder of mined shards.

    Raises:
        TrainingError: a stage fails, or a model was trained on an image that it reads.
    """
    for key in ("data", "output"):
        if any(setting.partition("=")[0].strip().partition(".")[0] == key for setting in harvest.train_settings):
            raise TrainingError(f"--train-set {key}=...: every fold has its own, crossfold sets it")
    for fold in range(harvest.folds):
        held, others, *rest = _fold(harvest, fold)
        _run(held)
        _run(others)
        if not all(stage.done.exists() for stage in rest):
            _check_builds(harvest.out / f"fold-{fold}", fold)  # before hours of training, not after
        for stage in rest:
            _run(stage)
    check(harvest)
    last = _mine(harvest)
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
    """See in the files that no model reads what it was trained on: no id, no image by its bytes, no writer.

    Raises:
        TrainingError: it does; or a model was trained on other data than its fold's, or another model did the reading.
    """
    writers = _writers(harvest)
    for fold in range(harvest.folds):
        folder = harvest.out / f"fold-{fold}"
        trained, held = _check_builds(folder, fold)
        _check_model(folder, fold)
        table = pq.read_table(folder / "predictions.parquet", columns=["img_id"])
        read = set(table["img_id"].to_pylist())
        if both := sorted(trained & read):
            raise TrainingError(f"fold {fold}: the model was trained on {both[0]!r}, which it reads")
        if read - held:
            raise TrainingError(f"fold {fold}: {sorted(read - held)[0]!r} is read but not held out")
        known = {writers.get(example_id, "") for example_id in trained} - {""}
        if both := sorted(known & {writers.get(example_id, "") for example_id in read}):
            raise TrainingError(f"fold {fold}: the model was trained on the writer {both[0]!r}, whom it reads")
        reader = Path(facts_of(folder / "predictions.parquet").get("model", "")).parts[-3:]
        if reader[1:] == ("model", "final") and reader[0] != folder.name:
            raise TrainingError(f"fold {fold}: the images were read by the model of {reader[0]}")


def _check_builds(folder: Path, fold: int) -> tuple[set[str], set[str]]:
    """The ids that are trained on and those that are held out; they share none, nor any image."""
    ids, images = _images(folder / "train")
    held_ids, held_images = _images(folder / "held")
    if both := sorted(ids & held_ids):
        raise TrainingError(f"fold {fold}: the model was trained on {both[0]!r}, which it reads")
    for same in sorted(images.keys() & held_images.keys()):
        one, other = images[same], held_images[same]
        raise TrainingError(f"fold {fold}: {one!r}, which is trained on, and {other!r}, which is read, are one image")
    return ids, held_ids


def _check_model(folder: Path, fold: int) -> None:
    """By the record of the training run: its data were the fold's build, nothing else."""
    record = json.loads((folder / "model" / "run.json").read_text(encoding="utf-8"))
    wanted = json.loads((folder / "train" / "manifest.json").read_text(encoding="utf-8"))["fingerprint"]
    for part in record["data"]:
        if (part["manifest"] or {}).get("fingerprint") != wanted:
            raise TrainingError(f"fold {fold}: the model was trained on {part['path']}, not on {folder / 'train'}")


def _writers(harvest: Harvest) -> dict[str, str]:
    """Id -> writer of all examples, where the source names one."""
    reader = load_pipeline(harvest.pipeline, harvest.settings).reader()
    rows = (row for part in reader.plan(5_000, 64 << 20) for row in reader.read(part))
    return {row.id: row.writer for row in rows if isinstance(row, Example) and row.writer}


def _images(folder: Path) -> tuple[set[str], dict[bytes, str]]:
    """The ids of a build, and hash -> id of its images."""
    ids: set[str] = set()
    images: dict[bytes, str] = {}
    for path in sorted(folder.glob("*/*.parquet")):
        with pq.ParquetFile(path) as shard:
            for batch in shard.iter_batches(columns=["id", "images"], batch_size=256):
                for row in batch.to_pylist():
                    ids.add(row["id"])
                    for image in row["images"]:
                        images.setdefault(hashlib.blake2b(_data(image), digest_size=16).digest(), row["id"])
    return ids, images


def _data(image: dict[str, bytes | str] | str) -> bytes:
    data = image["bytes"] if isinstance(image, dict) else image
    return data.encode() if isinstance(data, str) else data
