"""The YAML file of an ablation: data, arms, budgets and seeds, and the grid of runs that follows from them.

Not for running them: see `grid`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mumer_data.io.atomic import file_sha256
from mumer_data.io.config_file import load_config, validated
from mumer_data.tasks import ERROR_TASKS, TASKS
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.settings import ReaderRunSettings
from mumer_train.from_scratch.task_rows import RECOGNITION

Unit = Literal["steps", "recognition"]
Size = Literal["real_images", "synthetic_images"]
_OWN = {"out", "synthetic", "real", "rows", "extra_tokens", "seed", "validation"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSettings(_Strict):
    """Images and labels: a pipeline file or the name of a ready pipeline, with ``key=value`` settings.

    Attributes:
        pipeline: the pipeline; its tasks are ignored, because the arms define the tasks.
        set: settings that override keys of the pipeline.
        synthetic: whether its images count as synthetic in the table and in scaling curves.
        boxes: folder of a reader that finds the boxes of the symbols, for data to train on (see `symbol_boxes`).
    """

    pipeline: str
    set: list[str] = []
    synthetic: bool = False
    boxes: Path | None = None


class ErrorSettings(_Strict):
    """Source of the samples of ``error_find`` and ``error_fix``.

    Attributes:
        data: name of the data whose images are predicted.
        predictions: prediction files to mine. Default: for each fold, a reader is trained on the other folds of the
            data, with the tasks, data and first budget of the first arm, and predicts the fold.
        folds, samples, temperature: options of these predictions.
    """

    data: str
    predictions: list[Path] = []
    folds: int = Field(3, ge=2)
    samples: int = Field(2, ge=1)
    temperature: float = Field(0.8, ge=0)


class VoteSettings(_Strict):
    """Several predictions of each test image by one trained reader, combined by a vote: see `mumer_data.voting`.

    Attributes:
        samples: sampled predictions; the greedy prediction votes too.
        temperature: of the samples.
    """

    samples: int = Field(4, ge=2)
    temperature: float = Field(0.8, gt=0)


class GrpoSettings(_Strict):
    """GRPO that continues from a trained reader: see `PolicyConfig`.

    Attributes:
        steps, rows_per_step, samples, learning_rate, temperature, max_tokens: as there.
        rewards: reward -> weight.
    """

    steps: int = Field(ge=1)
    rows_per_step: int = Field(8, ge=1)
    samples: int = Field(8, ge=2)
    learning_rate: float = Field(3e-5, gt=0)
    temperature: float = Field(1.0, gt=0)
    max_tokens: int = Field(100, ge=1)
    rewards: dict[str, float] = {"exact": 1.0, "edit_similarity": 1.0}


class ArmSettings(_Strict):
    """One row of the table.

    Attributes:
        tasks: as in pipelines, and ``error_find`` and ``error_fix``; ``recognition`` must be one of them.
        use: name of data -> share of its labels, selected by hash: a smaller share is a subset of a larger one.
        size: scaling curves that contain this arm as a point: ``real_images``, ``synthetic_images``.
        reader: settings of `ReaderRunSettings` that differ from the ablation's for this arm.
        after: an earlier arm whose trained reader this arm begins with, for each budget and seed; needs ``vote`` or
            ``grpo``.
        vote: do not train; vote on predictions of the reader. The labels of ``use`` train the language model.
        grpo: continue with GRPO on the images of ``use``.
    """

    tasks: list[str | dict[str, dict[str, Any]]] = [RECOGNITION]
    use: dict[str, float] = Field(min_length=1)
    size: list[Size] = []
    reader: dict[str, Any] = {}
    after: str | None = None
    vote: VoteSettings | None = None
    grpo: GrpoSettings | None = None

    @field_validator("reader")
    @classmethod
    def _known_settings(cls, reader: dict[str, Any]) -> dict[str, Any]:
        if "schedule" in reader:
            raise ValueError("reader.schedule is the same for all arms: set it in the key reader of the ablation")
        return _checked_reader(reader)

    @model_validator(mode="after")
    def _one_way(self) -> ArmSettings:
        if (self.after is None) != (self.vote is None and self.grpo is None) or (self.vote and self.grpo):
            raise ValueError("after needs either vote or grpo, and each of them needs after")
        if self.after is not None and (self.reader or self.tasks != [RECOGNITION]):
            raise ValueError("an arm with after trains no tasks: remove tasks and reader")
        if self.grpo is not None and list(self.use.values()) != [1]:
            raise ValueError("grpo uses all images of one data: write use: {NAME: 1}")
        return self

    @field_validator("tasks")
    @classmethod
    def _known(cls, tasks: list[str | dict[str, dict[str, Any]]]) -> list[str | dict[str, dict[str, Any]]]:
        named = dict(map(named_task, tasks))
        if RECOGNITION not in named:
            raise ValueError("recognition is missing: all arms are tested on it")
        for name, options in named.items():
            if name not in TASKS and name not in ERROR_TASKS:
                raise ValueError(f"there is no task {name}: choose from {', '.join([*TASKS, *ERROR_TASKS])}")
            (TASKS if name in TASKS else ERROR_TASKS).load(name).model_validate(options)
        return tasks

    @field_validator("use")
    @classmethod
    def _shares(cls, use: dict[str, float]) -> dict[str, float]:
        if any(not 0 < share <= 1 for share in use.values()):
            raise ValueError("shares are above 0 and at most 1")
        return use

    @property
    def named_tasks(self) -> dict[str, dict[str, Any]]:
        """Name -> options."""
        return dict(map(named_task, self.tasks))


def _checked_reader(reader: dict[str, Any]) -> dict[str, Any]:
    """The settings; raises ``ValueError`` if one is unknown, wrong or set by the ablation itself."""
    if own := sorted(_OWN & set(reader)):
        raise ValueError(f"reader.{own[0]} is set by the ablation: remove it")
    try:
        validated(ReaderRunSettings, {"out": ".", "synthetic": ["."], **reader}, "reader", TrainingError)
    except TrainingError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise ValueError("; ".join(lines)) from None
    return reader


def named_task(item: str | dict[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Name and options of a task; raises ``ValueError`` if an item has several tasks."""
    if isinstance(item, str):
        return item, {}
    if len(item) != 1:
        raise ValueError(f"{item}: write one task per item")
    ((name, options),) = item.items()
    return name, options or {}


class AblationSettings(_Strict):
    """One ablation.

    Attributes:
        name: title of the table and the plot.
        out: folder for all files.
        data: name -> images and labels to train on.
        test: name -> images that all runs predict at the end.
        validation: images on which ExpRate is measured during training, for the curve over images seen.
        errors: source of error samples; needed for arms with error tasks.
        budget: amount per unit: ``steps`` (batches) or ``recognition`` (images of the task recognition); all arms are
            trained once per unit.
        warmup, decay: shares of a budget during which the learning rate rises and falls.
        seeds: each arm is trained once per seed.
        cdm: whether to compute CDM.
        reader: settings of `ReaderRunSettings`, except those that an ablation sets itself; intervals are in images.
        arms: title -> arm; the others are compared with the first.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    out: Path
    data: dict[str, DataSettings] = Field(min_length=1)
    test: dict[str, DataSettings] = Field(min_length=1)
    validation: DataSettings | None = None
    errors: ErrorSettings | None = None
    budget: dict[Unit, int] = Field(min_length=1)
    warmup: float = Field(0.05, ge=0, lt=1)
    decay: float = Field(0.3, gt=0, le=1)
    seeds: list[int] = Field(min_length=1)
    cdm: bool = True
    reader: dict[str, Any] = {}
    arms: dict[str, ArmSettings] = Field(min_length=1)

    @field_validator("reader")
    @classmethod
    def _known_settings(cls, reader: dict[str, Any]) -> dict[str, Any]:
        return _checked_reader(reader)

    @model_validator(mode="after")
    def _names_exist(self) -> AblationSettings:
        before: list[str] = []
        for title, arm in self.arms.items():
            if arm.after is not None and arm.after not in before:
                raise ValueError(f"arms.{title}.after: there is no trained arm {arm.after!r} above it")
            before += [title] if arm.after is None else []
            if unknown := sorted(set(arm.use) - set(self.data)):
                raise ValueError(f"arms.{title}.use: there is no data {unknown[0]}: choose from {', '.join(self.data)}")
            if self.errors is None and set(arm.named_tasks) & set(ERROR_TASKS):
                raise ValueError(f"arms.{title}.tasks: error tasks need the key errors")
        if self.errors is not None and self.errors.data not in self.data:
            raise ValueError(f"errors.data: there is no data {self.errors.data}: choose from {', '.join(self.data)}")
        for names, kind in ((self.arms, "arms"), (self.data, "data"), (self.test, "test")):
            if len(set(map(slug, names))) < len(names):
                raise ValueError(f"{kind}: two names have the same folder; use other letters or digits")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: a seed occurs twice")
        return self


def slug(name: str) -> str:
    """A folder name from a title."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-").lower() or "arm"


def digest(facts: Any) -> str:
    """A short hash of plain data."""
    return blake2b(json.dumps(facts, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def content(folder: Path) -> str:
    """A hash of the files of a model's folder; raises ``TrainingError`` if there is no such folder."""
    if not folder.is_dir():
        raise TrainingError(f"there is no folder {folder}: name that of a reader (OUT/best) or of an export")
    return digest([[file.name, file_sha256(file)] for file in sorted(folder.iterdir()) if file.is_file()])


@dataclass(frozen=True, slots=True)
class Run:
    """One training run of the grid.

    Attributes:
        arm: title of its arm.
        unit, amount: its budget.
        seed: random seed of weights, order and augmentation.
        folder: folder of its files.
    """

    arm: str
    unit: Unit
    amount: int
    seed: int
    folder: Path


def grid(settings: AblationSettings) -> Iterator[Run]:
    """All runs, one seed after the other, so that a table of all arms exists early."""
    for unit, amount in settings.budget.items():
        for seed in settings.seeds:
            for arm in settings.arms:
                yield Run(arm, unit, amount, seed, run_folder(settings, unit, arm, seed))


def run_folder(settings: AblationSettings, unit: Unit, arm: str, seed: int) -> Path:
    """The folder of a run's files."""
    return settings.out / "runs" / unit / slug(arm) / f"seed-{seed}"


def load_ablation(path: Path, settings: Sequence[str] = ()) -> AblationSettings:
    """Read an ablation's file, with ``key=value`` over it; paths are taken from where the command runs.

    Raises:
        TrainingError: the file cannot be read, or a key or value is wrong.
    """
    return load_config(AblationSettings, path, settings, TrainingError)
