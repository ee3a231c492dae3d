"""What a training run may be told: one YAML file, checked before any weight is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mumer_data.registry import did_you_mean
from mumer_train.dependencies import TrainingError


class Part(BaseModel):
    """Some shards.

    Attributes:
        path: a build's folder, or one config's.
        configs: names of configs; all of them if left out.
        split: which, where the folder holds several.
        repeat: how often their rows come in an epoch.
        weight: share of an epoch, relative to the other parts' weights: rows are repeated or drawn to fill it.
    """

    model_config = ConfigDict(extra="forbid")

    path: Path
    configs: list[str] = []
    split: str | None = None
    repeat: int = Field(1, ge=1)
    weight: float | None = Field(None, gt=0)


class Freeze(BaseModel):
    """Parts of the model that stay as they are."""

    model_config = ConfigDict(extra="forbid")

    vision: bool = False
    projector: bool = False
    language: bool = False


class Evaluate(BaseModel):
    """A look at the model while it learns.

    Attributes:
        data: test images: a build's folder or one of its configs, a pipeline file, or a ready one's name.
        every: updates between looks.
        rows: how many of the images, from the first.
        task: whose prompt is asked.
        max_tokens: longest answer.
        batch: images at a time.
    """

    model_config = ConfigDict(extra="forbid")

    data: str
    every: int = Field(ge=1)
    rows: int = Field(200, ge=1)
    task: Literal["recognition", "tree_cot", "symbol_count"] = "recognition"
    max_tokens: int = Field(256, ge=1)
    batch: int = Field(16, ge=1)


class TrainConfig(BaseModel):
    """One run; the defaults are the recipe published with Uni-MuMER (arXiv 2505.23566).

    Attributes:
        model: a local folder or Hub id of an image-text-to-text model.
        data: what it learns from.
        output: folder for checkpoints, the final model, ``run.json`` and ``loss.png``.
        epochs: passes over the data; ``max_steps`` above 0 ends sooner.
        learning_rate, warmup, schedule: of AdamW; warm-up as a share of all steps.
        optimizer: ``adamw``, or ``muon`` for small models that learn from scratch; see `muon`.
        batch, accumulation: rows a device and step, and steps before an update.
        effective_batch: rows an update over all devices, instead of ``accumulation``, which follows from it.
        precision: ``bf16`` computes in bf16 on weights in fp32; ``pure_bf16`` halves the memory and loses small
            updates; ``fp32`` on CPU.
        max_pixels: images are scaled down to at most as many.
        cutoff: rows of more tokens are left out, counted and named in ``run.json``.
        freeze: parts that are not trained.
        checkpointing: recompute activations to save memory.
        attention: as transformers names it; its own choice if left out.
        liger: fused kernels, where liger-kernel is installed.
        sharding: ``fsdp2`` parts weights and optimizer among the GPUs of a `torchrun`.
        streaming: read shards from end to end instead of by place; ``shuffle_buffer`` rows are mixed.
        workers: processes that prepare batches.
        peak_tflops: of one device, for the MFU, where the GPU is not known here.
        report: where the figures go beside ``run.json``.
        evaluate: looks at the model while it learns; the best is kept in ``best``.
        save_steps, log_steps: in updates; the last ``keep`` checkpoints stay.
        seed: of order and dropout.
    """

    model_config = ConfigDict(extra="forbid")

    model: str
    data: list[Part] = Field(min_length=1)
    output: Path
    epochs: float = Field(1.0, gt=0)
    max_steps: int = -1
    learning_rate: float = Field(1e-5, gt=0)
    warmup: float = Field(0.1, ge=0, lt=1)
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    optimizer: Literal["adamw", "muon"] = "adamw"
    batch: int = Field(8, ge=1)
    accumulation: int = Field(1, ge=1)
    effective_batch: int | None = Field(None, ge=1)
    precision: Literal["bf16", "pure_bf16", "fp32"] = "bf16"
    max_pixels: int = Field(262_144, ge=28 * 28)
    cutoff: int = Field(2_048, ge=16)
    freeze: Freeze = Freeze()
    checkpointing: bool = False
    attention: str | None = None
    liger: bool = False
    sharding: Literal["fsdp2"] | None = None
    streaming: bool = False
    shuffle_buffer: int = Field(10_000, ge=1)
    workers: int = Field(2, ge=0)
    group_by_length: bool = True
    peak_tflops: float | None = Field(None, gt=0)
    report: list[Literal["tensorboard", "trackio"]] = ["tensorboard"]
    evaluate: Evaluate | None = None
    save_steps: int = Field(500, ge=1)
    log_steps: int = Field(10, ge=1)
    keep: int = Field(2, ge=1)
    seed: int = 0
    trust_remote_code: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> TrainConfig:
        weights = [part.weight is not None for part in self.data]
        if any(weights) and not all(weights):
            raise ValueError("give every part of data a weight, or none")
        if any(weights) and any(part.repeat > 1 for part in self.data):
            raise ValueError("a part of data has a weight or is repeated, not both")
        if self.effective_batch and self.accumulation > 1:
            raise ValueError("effective_batch takes the place of accumulation: leave one out")
        return self

    def accumulation_on(self, processes: int) -> int:
        """Steps before an update.

        Raises:
            TrainingError: ``effective_batch`` is no multiple of what the devices take in a step.
        """
        if self.effective_batch is None:
            return self.accumulation
        step = self.batch * processes
        if self.effective_batch % step:
            raise TrainingError(
                f"effective_batch {self.effective_batch} is no multiple of {step} rows a step "
                f"(batch {self.batch} x {processes} processes): change batch"
            )
        return self.effective_batch // step


def load_config(path: Path, settings: Sequence[str] = ()) -> TrainConfig:
    """Read a config file, with ``key=value`` over it (``data.0.path=out/mine``).

    Paths are taken from where the command runs.

    Raises:
        TrainingError: the file cannot be read, or a key or value is wrong.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}); check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} is no YAML: {error}") from None
    if not isinstance(raw, dict):
        raise TrainingError(f"{path} holds no keys; write one 'key: value' a line")
    for setting in settings:
        _set(raw, setting)
    try:
        return TrainConfig.model_validate(raw)
    except ValidationError as error:
        raise TrainingError(f"{path}: {'; '.join(_problem(dict(found)) for found in error.errors())}") from None


def _problem(found: dict[str, Any]) -> str:
    """One finding of pydantic, with the nearest key where a key is unknown."""
    where = ".".join(map(str, found["loc"]))
    if found["type"] != "extra_forbidden":
        return f"{where}: {found['msg']}" if where else str(found["msg"]).removeprefix("Value error, ")
    models: dict[str, type[BaseModel]] = {"data": Part, "freeze": Freeze, "evaluate": Evaluate}
    return did_you_mean("key", where, models.get(str(found["loc"][0]), TrainConfig).model_fields)


def _set(raw: Any, setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals:
        raise TrainingError(f"--set {setting!r}: write key=value")
    *steps, last = key.split(".")
    here = raw
    try:
        for step in steps:
            here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
        if isinstance(here, list):
            here[int(last)] = yaml.safe_load(text)
        else:
            here[last] = yaml.safe_load(text)
    except (AttributeError, IndexError, TypeError, ValueError):
        raise TrainingError(f"--set {setting!r}: there is no such key") from None
