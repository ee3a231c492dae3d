"""Cross-fold error mining: every image is predicted by a model that was not trained on it; then all errors are mined.

It computes nothing itself: each stage is a command of `mumer` or of the user that writes a file when it has finished.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from mumer_data.jobs.config import load_pipeline
from mumer_data.recognizers.journal import facts_of
from mumer_data.records import Example
from mumer_train.dependencies import TrainingError
from mumer_train.foreign import check_commands, check_predictions, check_trained, filled
from mumer_train.stage import Stage, run_stage


@dataclass(frozen=True, slots=True)
class CrossFold:
    """Options of a cross-fold run.

    Attributes:
        pipeline: pipeline file, or the name of a ready pipeline; the models are trained on its tasks.
        folds: number of folds; examples are assigned by writer if the source names the writers, else by id.
        config: training configuration; its ``data`` and ``output`` are replaced. ``None`` with ``train_command`` or
            ``frozen``.
        out: folder for all results.
        settings: ``key=value``, overrides keys of the pipeline.
        train_settings: ``key=value``, overrides keys of the training configuration.
        samples, temperature, top_p, max_tokens, batch: options of `mumer predict`.
        seed: seed of folds and sampling.
        train_command: command line of another trainer, with ``{data}`` (a build), ``{out}`` (folder for the model) and
            ``{fold}``.
        predict_command: command line that writes the predictions of a build: ``{data}`` (one config of a build),
            ``{out}`` (Parquet file), ``{model}`` (the folder for the model), ``{fold}``.
        frozen: the recognizer is not trained: there are no folds, and ``predict_command`` predicts all images.
    """

    pipeline: str
    folds: int
    config: Path | None
    out: Path
    settings: tuple[str, ...] = ()
    train_settings: tuple[str, ...] = ()
    samples: int = 4
    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 512
    batch: int = 16
    seed: int = 0
    train_command: str = ""
    predict_command: str = ""
    frozen: bool = False


def stages(options: CrossFold) -> list[Stage]:
    """All stages in order; before the last, `check_leakage` runs.

    Raises:
        TrainingError: the options do not say how to train and predict.
    """
    check_commands(options.config, options.train_command, options.predict_command, options.frozen)
    if options.frozen:
        return [*_frozen(options), _mine(options)]
    predicted = [stage for fold in range(options.folds) for stage in _fold(options, fold)]
    return [*predicted, _mine(options)]


def _fold(options: CrossFold, fold: int) -> Iterator[Stage]:
    folder = options.out / f"fold-{fold}"
    model = folder / "model"
    yield _build(options, fold, "fold", folder / "held")
    yield _build(options, fold, "others", folder / "train")
    yield _train(options, fold, folder)
    predictions = folder / "predictions.parquet"
    held = _recognition(folder / "held", options)
    if options.predict_command:
        values = {"model": model, "data": held, "out": predictions, "fold": fold}
        yield Stage(filled(options.predict_command, values), predictions, external=True)
        return
    sampling = {
        "--samples": options.samples,
        "--temperature": options.temperature,
        "--top-p": options.top_p,
        "--max-tokens": options.max_tokens,
        "--batch": options.batch,
        "--seed": options.seed,
    }
    arguments = ["predict", "--model", str(model / "final"), "--data", str(held), "--out", str(predictions)]
    yield Stage([*arguments, *[str(part) for option in sampling.items() for part in option]], predictions)


def _train(options: CrossFold, fold: int, folder: Path) -> Stage:
    model, data = folder / "model", folder / "train"
    if options.train_command:
        command = filled(options.train_command, {"data": data, "out": model, "fold": fold})
        return Stage(command, folder / "model.done", external=True)
    settings = [f"data=[{{path: {json.dumps(str(data))}}}]", f"output={model}", *options.train_settings]
    return Stage(["train", str(options.config), "--resume", *_each("--set", settings)], model / "run.json")


def _frozen(options: CrossFold) -> Iterator[Stage]:
    """The stages without folds: one build of all images, and its predictions."""
    data, predictions = options.out / "data", options.out / "predictions.parquet"
    settings = [*options.settings, "tasks=[recognition]"]
    arguments = ["build", options.pipeline, "--out", str(data), "--resume", *_each("--set", settings)]
    yield Stage(arguments, data / "manifest.json")
    values = {"data": _recognition(data, options), "out": predictions}
    yield Stage(filled(options.predict_command, values), predictions, external=True)


def _build(options: CrossFold, fold: int, keep: str, out: Path) -> Stage:
    pipeline = load_pipeline(options.pipeline, options.settings)
    fold_filter = {"folds": {"count": options.folds, "fold": fold, "keep": keep, "seed": options.seed}}
    filters = [*pipeline.filters, fold_filter]
    if keep == "others":  # copies of a held-out image, under another id or writer, are excluded
        held = {"format": "shards", "path": str(out.parent / "held")}
        filters.append({"leakage": {"source": held, "image": "near"}})
    settings = [*options.settings, f"filters={json.dumps(filters)}"]
    if keep == "fold":
        settings.append("tasks=[recognition]")
    arguments = ["build", options.pipeline, "--out", str(out), "--resume", *_each("--set", settings)]
    return Stage(arguments, out / "manifest.json")


def _recognition(held: Path, options: CrossFold) -> Path:
    return held / load_pipeline(options.pipeline, options.settings).name


def _mine(options: CrossFold) -> Stage:
    folders = [options.out] if options.frozen else [options.out / f"fold-{fold}" for fold in range(options.folds)]
    files = [str(folder / "predictions.parquet") for folder in folders]
    out, name = options.out / "mined", load_pipeline(options.pipeline, options.settings).name
    return Stage(["mine", *files, "--out", str(out), "--name", name, "--resume"], out / "mining.json")


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


def run_crossfold(options: CrossFold) -> Path:
    """Run the stages that have not finished; returns the folder of mined shards.

    Raises:
        TrainingError: a stage fails, or a model was trained on an image that it predicts.
    """
    check_commands(options.config, options.train_command, options.predict_command, options.frozen)
    if options.frozen:
        print("frozen: nothing is trained on these images, so there are no folds: every image is read", flush=True)
        return _run_frozen(options)
    for key in ("data", "output"):
        if any(setting.partition("=")[0].strip().partition(".")[0] == key for setting in options.train_settings):
            raise TrainingError(f"--train-set {key}=...: crossfold sets this key for every fold: remove it")
    for fold in range(options.folds):
        held, others, *rest = _fold(options, fold)
        run_stage(held)
        run_stage(others)
        if not all(stage.done.exists() for stage in rest):
            _check_builds(options.out / f"fold-{fold}", fold)  # before hours of training, not after
        for stage in rest:
            run_stage(stage)
    check_leakage(options)
    last = _mine(options)
    run_stage(last)
    return last.done.parent


def _run_frozen(options: CrossFold) -> Path:
    build, read = _frozen(options)
    run_stage(build)
    run_stage(read)
    check_predictions(read.done, _images(build.done.parent)[0])
    last = _mine(options)
    run_stage(last)
    return last.done.parent


def check_leakage(options: CrossFold) -> None:
    """Check in the files that no model predicts its training data: by id, by the bytes of images, by writer.

    Raises:
        TrainingError: a model does; a model was not trained on the build of its fold; or the predictions of a fold come
            from another model.
    """
    writers = _writers(options)
    for fold in range(options.folds):
        folder = options.out / f"fold-{fold}"
        trained, held = _check_builds(folder, fold)
        if options.train_command:
            check_trained(folder / "model.done", folder / "train", fold)
        else:
            _check_model(folder, fold)
        if options.predict_command:
            check_predictions(folder / "predictions.parquet", held)
        table = pq.read_table(folder / "predictions.parquet", columns=["img_id"])
        read = set(table["img_id"].to_pylist())
        if both := sorted(trained & read):
            raise TrainingError(f"fold {fold}: the model was trained on {both[0]!r}, which it predicts")
        if read - held:
            raise TrainingError(f"fold {fold}: {sorted(read - held)[0]!r} is predicted but not held out")
        known = {writers.get(example_id, "") for example_id in trained} - {""}
        if both := sorted(known & {writers.get(example_id, "") for example_id in read}):
            raise TrainingError(
                f"fold {fold}: the model was trained on the writer {both[0]!r}, whose images it predicts"
            )
        model = str(facts_of(folder / "predictions.parquet").get("model", ""))
        if (reader := re.search(r"(?<![\w.-])(fold-\d+)/model(?![\w.-])", model)) and reader[1] != folder.name:
            raise TrainingError(f"fold {fold}: the predictions come from the model of {reader[1]}")


def _check_builds(folder: Path, fold: int) -> tuple[set[str], set[str]]:
    """The training ids and the held-out ids; raises where they share an id or an image."""
    ids, images = _images(folder / "train")
    held_ids, held_images = _images(folder / "held")
    if both := sorted(ids & held_ids):
        raise TrainingError(f"fold {fold}: the model was trained on {both[0]!r}, which it predicts")
    for digest in sorted(images.keys() & held_images.keys()):
        trained, read = images[digest], held_images[digest]
        raise TrainingError(f"fold {fold}: {trained!r} (training) and {read!r} (held out) are the same image")
    return ids, held_ids


def _check_model(folder: Path, fold: int) -> None:
    """Check in the record of the training run that it used the build of the fold."""
    record = json.loads((folder / "model" / "run.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "train" / "manifest.json").read_text(encoding="utf-8"))["fingerprint"]
    for part in record["data"]:
        if (part["manifest"] or {}).get("fingerprint") != expected:
            raise TrainingError(f"fold {fold}: the model was trained on {part['path']}, not on {folder / 'train'}")


def _writers(options: CrossFold) -> dict[str, str]:
    """Id -> writer of all examples, if the source names the writers."""
    reader = load_pipeline(options.pipeline, options.settings).reader()
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
