"""A mining run: align all slices, select samples, write one shard per slice and task, then the final files.

Not for the single steps: see `mining`. Output: the layout of a build, and ``confusions.parquet``, ``confusions.png``,
``mining.json``.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mumer_data.alignment.confusions import Confusions
from mumer_data.exceptions import OutputError, SourceError
from mumer_data.io.atomic import file_sha256, write_json
from mumer_data.io.processes import parallel_map
from mumer_data.jobs.build import versions
from mumer_data.latex.answers import AnswerNormalizer
from mumer_data.mining.candidates import (
    MiningOptions,
    ScanCounts,
    ScanJob,
    load_confusions,
    read_candidates,
    read_counts,
    scan,
    scan_path,
)
from mumer_data.mining.doubts import doubtful_names, find_doubts, write_doubts
from mumer_data.mining.emit import EmitCounts, EmitJob, read_emit_counts, write_slice
from mumer_data.mining.images import holds_shards, images_in, names_shards
from mumer_data.mining.select import Candidates, choose, ranked
from mumer_data.readers.files import SUFFIXES
from mumer_data.readers.normalized import chosen_preset
from mumer_data.readers.predictions import plan_predictions, prediction_files, read_predictions
from mumer_data.records import Prediction, Slice
from mumer_data.shards.manifest import licence_of
from mumer_data.shards.plan import Config, Plan
from mumer_data.shards.run import Run
from mumer_data.shards.schema import Chat, Columns
from mumer_data.shards.work import WORK
from mumer_data.tasks import error_tasks

DOUBTS = "doubts.parquet"
MAX_ROWS = 5_000  # predictions in a slice
KEYS = ["id_key", "image_key", "text_key", "priority", "confusion_keys"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Mining:
    """The result of a mining run.

    Attributes:
        name: name of the dataset; its configs are ``NAME_error_find`` and ``NAME_error_fix``.
        counts: the content of ``mining.json``.
        manifest: the content of ``manifest.json``.
    """

    name: str
    counts: dict[str, Any]
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """The prediction files, cut into slices that are numbered over all files; ``file_of[n]`` is the file of slice n."""

    files: list[Path]
    slices: list[Slice]
    file_of: list[Path]


def mine(
    paths: Sequence[Path],
    out: Path,
    name: str,
    options: MiningOptions,
    *,
    images: Path | None = None,
    split: str = "train",
    chat: Chat = "sharegpt",
    max_rows: int = MAX_ROWS,
    workers: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Mining:
    """Turn predictions into shards of ``error_find`` and ``error_fix`` samples.

    Args:
        paths: prediction files, and folders of them; pass all samples of the same images in one run.
        out: a folder that is new, empty, or (with ``resume``) holds a killed run over the same input.
        name: name of the dataset.
        options: which predictions become samples.
        images: a folder of images or a build; ``None`` to take them from the shards that the predictions name, or
            to keep the image paths if they name none.
        split: name of the split, as in pipelines.
        chat: names of roles and contents, as in pipelines.
        max_rows: maximum number of predictions per shard.
        workers: processes; ``None`` for one per core. The output bytes do not depend on it.
        resume: do only what is missing.
        progress: called with (predictions done, predictions in total); each prediction counts once per pass.

    Raises:
        SourceError, OutputError: the input or the folder cannot be used.
    """
    source = plan_source(paths, max_rows)
    options = options.model_copy(update={"normalize": _preset(source, options)})
    if images is not None and not images.is_dir():
        raise SourceError(f"{images} is not a folder: --images takes a folder of images or a build")
    if images is not None and not holds_shards(images) and not images_in(images):
        raise SourceError(f"no image file ({', '.join(SUFFIXES)}) in {images} or its subfolders")
    embed = images is not None or any(map(_names_shards, source.files))
    columns = Columns(chat, "embed" if embed else "path", metadata=True)
    plan = _plan(source, name, options, split, columns, images, max_rows)
    with Run(out, plan, resume=resume) as run:
        if run.finished:
            return Mining(name, json.loads((out / "mining.json").read_text(encoding="utf-8")), run.close())
        _store_doubts(source, out, options)
        _scan_all(source, out, options, workers, _half(progress, 0))
        ranks = _select(source, out / WORK, options)
        jobs = [
            EmitJob(plan, part, out, images, source.file_of[part.number], len(source.files) > 1, ranks[part.number])
            for part in run.pending
        ]
        run.do(write_slice, jobs, workers, _half(progress, 1))
        counts = _close(source, out, options)
        return Mining(name, counts, run.close())


def mining_name(name: str | None, out: Path) -> str:
    """A valid name of a data set; by default that of its folder. Raises ``OutputError`` for an invalid name."""
    checked = re.sub(r"[^A-Za-z0-9_.-]+", "_", out.resolve().name).lstrip("_.-") if name is None else name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", checked):
        raise OutputError(f"{checked!r} cannot name a data set: use letters, digits, '_', '.' and '-' (--name)")
    return checked


def plan_source(paths: Sequence[Path], max_rows: int) -> Source:
    """Cut all files into slices; reads them once. Raises ``SourceError``."""
    files = prediction_files(paths)
    if len({file.resolve() for file in files}) < len(files):
        raise SourceError("a prediction file is listed twice: list it once")
    slices: list[Slice] = []
    file_of: list[Path] = []
    for file in files:
        for part in plan_predictions(file, max_rows):
            slices.append(Slice(len(slices), part.start, part.rows, part.offset, part.size))
            file_of.append(file)
    return Source(files, slices, file_of)


def _preset(source: Source, options: MiningOptions) -> str | None:
    """The preset of the run; see `chosen_preset`."""
    rows = (row for file in source.files for row in read_predictions(file))
    return chosen_preset(options.normalize, lambda: (row for row in rows if isinstance(row, Prediction)))


def _names_shards(file: Path) -> bool:
    first = next((row for row in read_predictions(file) if isinstance(row, Prediction)), None)
    return first is not None and names_shards(first.image, file.parent)


def _plan(
    source: Source,
    name: str,
    options: MiningOptions,
    split: str,
    columns: Columns,
    images: Path | None,
    max_rows: int,
) -> Plan:
    """The plan: everything that determines the output bytes."""
    inputs = [{"file": file.name, "size": file.stat().st_size, "sha256": file_sha256(file)} for file in source.files]
    facts = {
        "name": name,
        "versions": versions(),
        "seed": options.seed,
        "mining": {
            **options.model_dump(mode="json"),
            "images": "" if images is None else images.resolve().name + (" (build)" if holds_shards(images) else ""),
            "max_rows": max_rows,
        },
        "inputs": {"files": inputs},
    }
    if images is not None and (licence := licence_of(images)):
        facts["licence"] = licence
    configs = [Config(name + task.suffix, task_name) for task_name, task in error_tasks().items()]
    return Plan(facts, configs, source.slices, split, columns)


def _half(progress: Progress | None, half: int) -> Progress | None:
    """The progress of one of the two passes over all rows, as one half of the total."""
    if progress is None:
        return None
    return lambda done, total: progress(half * total + done, 2 * total)


def _store_doubts(source: Source, out: Path, options: MiningOptions) -> None:
    """Write the doubtful labels into the work folder, unless a killed run has done so."""
    path = out / WORK / DOUBTS
    if not path.exists():
        normalizer = None if options.normalize is None else AnswerNormalizer(options.normalize)
        write_doubts(path, find_doubts(source.files, options.doubts, normalizer, options.ignore))


def _scan_all(
    source: Source, out: Path, options: MiningOptions, workers: int | None, progress: Progress | None
) -> None:
    work = out / WORK
    doubtful = doubtful_names(work / DOUBTS)
    parts = zip(source.slices, source.file_of, strict=True)
    jobs = [
        ScanJob(file, part, work, options, doubtful) for part, file in parts if read_counts(work, part.number) is None
    ]
    total = sum(part.rows for part in source.slices)
    done = total - sum(job.part.rows for job in jobs)
    for counts in parallel_map(scan, jobs, workers):
        done += counts.read
        if progress is not None:
            progress(done, total)


def _select(source: Source, work: Path, options: MiningOptions) -> list[NDArray[np.int64]]:
    """For each slice, the rank or minus the decision of each candidate; see `ranked`."""
    parts = []
    for part in source.slices:
        parts.append(Candidates.of_table(read_candidates(work, part.number, KEYS)))
    candidates = Candidates.join(parts)
    ranks = ranked(candidates, choose(candidates, options.max_per_image, options.max_per_confusion))
    return np.split(ranks, np.cumsum([len(part.prediction) for part in parts])[:-1])


def _close(source: Source, out: Path, options: MiningOptions) -> dict[str, Any]:
    """Add up the counts of all slices, check them, and write the files that a build does not have."""
    from mumer_data.report.confusions import plot_confusions, write_confusions

    work, scanned, emitted, confusions = out / WORK, ScanCounts(), EmitCounts(), Confusions()
    for part in source.slices:
        counts = read_counts(work, part.number)
        if counts is None:
            raise OutputError(f"{scan_path(work, part.number, 'counts')} is missing: start again in an empty folder")
        scanned.add(counts)
        emitted.add(read_emit_counts(work, part.number))
        confusions.merge(load_confusions(scan_path(work, part.number, "confusions")))
    totals = {**asdict(scanned), **asdict(emitted), "reasons": dict(sorted(emitted.reasons.items()))}
    check_counts(totals, sum(part.rows for part in source.slices))
    if options.doubts in ("apart", "auto") and doubtful_names(work / DOUBTS):
        shutil.copyfile(work / DOUBTS, out / DOUBTS)
    write_confusions(out / "confusions.parquet", confusions)
    plot_confusions(out / "confusions.png", confusions)
    write_json(out / "mining.json", totals)
    return totals


def check_counts(counts: dict[str, Any], planned: int) -> None:
    """Check that every row is counted exactly once; raises ``OutputError``."""
    sums = {
        "rows planned = read": (planned, counts["read"]),
        "read = correct + wrong + malformed": (
            counts["read"],
            counts["correct"] + counts["wrong"] + counts["malformed"],
        ),
        "wrong = sampled + rejected": (counts["wrong"], counts["sampled"] + counts["rejected"]),
        "correct = nothing_to_fix + correct_unused + correct_rejected": (
            counts["correct"],
            counts["nothing_to_fix"] + counts["correct_unused"] + counts["correct_rejected"],
        ),
        "reasons = rejected + correct_rejected + malformed": (
            sum(counts["reasons"].values()),
            counts["rejected"] + counts["correct_rejected"] + counts["malformed"],
        ),
    }
    different = [f"{name}: {left} and {right}" for name, (left, right) in sums.items() if left != right]
    if different:
        raise OutputError(f"the counts do not add up ({'; '.join(different)}): rows would be lost")
