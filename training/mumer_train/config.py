"""The configuration of a training run: one YAML file, validated before any weight is loaded.

Not for reading YAML: `mumer_data.io.config_file`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mumer_data.io.config_file import configure, read_yaml, validated
from mumer_train.dependencies import TrainingError

# Old key -> new key: transformers' names.
ALIASES = {
    "batch": "per_device_batch_size",
    "accumulation": "gradient_accumulation_steps",
    "checkpointing": "gradient_checkpointing",
    "cutoff": "max_length",
    "keep": "save_total_limit",
}


class Part(BaseModel):
    """One part of the training data.

    Attributes:
        path: folder of a build, or of one of its configs.
        configs: names of configs; default: all.
        split: name of the split, if the folder contains several.
        repeat: number of occurrences of each row in an epoch.
        weight: share of an epoch, relative to the weights of the other parts; rows are repeated or sampled to fill it.
    """

    model_config = ConfigDict(extra="forbid")

    path: Path
    configs: list[str] = []
    split: str | None = None
    repeat: int = Field(1, ge=1)
    weight: float | None = Field(None, gt=0)


class Freeze(BaseModel):
    """Parts of the model that are not trained."""

    model_config = ConfigDict(extra="forbid")

    vision: bool = False
    projector: bool = False
    language: bool = False


class Evaluate(BaseModel):
    """Validation during training.

    Attributes:
        data: validation images: the folder of a build or of one of its configs, a pipeline file, or the name of a
            ready pipeline.
        every: updates between evaluations.
        rows: number of images, from the first.
        task: the task whose prompt is used.
        max_tokens: maximum length of an answer, in tokens.
        batch: images per batch.
    """

    model_config = ConfigDict(extra="forbid")

    data: str
    every: int = Field(ge=1)
    rows: int = Field(200, ge=1)
    task: Literal["recognition", "tree_cot", "symbol_count"] = "recognition"
    max_tokens: int = Field(256, ge=1)
    batch: int = Field(16, ge=1)


class TrainConfig(BaseModel):
    """One training run; the defaults are the recipe published with Uni-MuMER (arXiv 2505.23566).

    Attributes:
        model: a local folder or Hub id of an image-text-to-text model.
        data: the training data.
        output: folder for checkpoints, the final model, ``run.json`` and ``loss.png``.
        epochs: passes over the data; ``max_steps`` above 0 ends sooner.
        learning_rate, warmup, schedule: options of AdamW; ``warmup`` is a share of all steps.
        optimizer: ``adamw``, or ``muon`` for small models trained from scratch; see `muon`.
        per_device_batch_size: rows per device and step.
        gradient_accumulation_steps: steps per update.
        effective_batch: rows per update over all devices; replaces ``gradient_accumulation_steps``, which is computed.
        precision: ``bf16`` computes in bf16 on weights in fp32; ``pure_bf16`` halves the memory and loses small
            updates; ``fp32`` on CPU.
        max_pixels: larger images are scaled down to at most this many pixels.
        max_length: rows with more tokens are skipped, counted and listed in ``run.json``.
        freeze: parts that are not trained.
        gradient_checkpointing: recompute activations to save memory.
        attention: transformers' name of the implementation; default: the choice of transformers.
        liger: use fused kernels; needs the package liger-kernel.
        sharding: ``fsdp2`` shards weights and optimizer over the GPUs of a `torchrun`.
        streaming: read shards sequentially instead of by index; ``shuffle_buffer`` rows are mixed.
        workers: processes that prepare batches.
        group_by_length: put rows of similar length into one batch.
        peak_tflops: peak TFLOP/s of one device, for the MFU, if the GPU is not in the built-in table.
        report: loggers of the figures, in addition to ``run.json``.
        evaluate: validation during training; the best model is kept in ``best``.
        save_steps, log_steps: interval in updates.
        save_total_limit: number of checkpoints to keep, the newest.
        seed: random seed of data order and dropout.
        trust_remote_code: run code that comes with the model.
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
    per_device_batch_size: int = Field(8, ge=1)
    gradient_accumulation_steps: int = Field(1, ge=1)
    effective_batch: int | None = Field(None, ge=1)
    precision: Literal["bf16", "pure_bf16", "fp32"] = "bf16"
    max_pixels: int = Field(262_144, ge=28 * 28)
    max_length: int = Field(2_048, ge=16)
    freeze: Freeze = Freeze()
    gradient_checkpointing: bool = False
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
    save_total_limit: int = Field(2, ge=1)
    seed: int = 0
    trust_remote_code: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> TrainConfig:
        weights = [part.weight is not None for part in self.data]
        if any(weights) and not all(weights):
            raise ValueError("weight: set it for every part of data, or for none")
        if any(weights) and any(part.repeat > 1 for part in self.data):
            raise ValueError("a part of data cannot have both weight and repeat")
        if self.effective_batch and self.gradient_accumulation_steps > 1:
            raise ValueError("effective_batch replaces gradient_accumulation_steps: remove one of them")
        return self

    def accumulation_on(self, processes: int) -> int:
        """Number of forward and backward passes per update, given the number of processes.

        Raises:
            TrainingError: ``effective_batch`` is not a multiple of the rows that all devices take in one pass.
        """
        if self.effective_batch is None:
            return self.gradient_accumulation_steps
        rows = self.per_device_batch_size * processes
        if self.effective_batch % rows:
            raise TrainingError(
                f"effective_batch {self.effective_batch} is not a multiple of {rows} rows per step "
                f"(per_device_batch_size {self.per_device_batch_size} x {processes} processes): "
                "change per_device_batch_size"
            )
        return self.effective_batch // rows


def load_config(path: Path, settings: Sequence[str] = ()) -> TrainConfig:
    """Read a configuration file and override keys by ``key=value`` settings (``data.0.path=out/mine``).

    Relative paths are relative to the working directory.

    Raises:
        TrainingError: the file cannot be read, or a key or value is wrong; the message has one line per problem.
    """
    raw = read_yaml(path, TrainingError)
    configure(raw, settings, ALIASES, TrainingError)
    return validated(TrainConfig, raw, str(path), TrainingError)
