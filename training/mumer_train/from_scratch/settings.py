"""The YAML file of a training run from scratch.

Not for the model's file formats: see `configuration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mumer_data.io.config_file import load_config
from mumer_train.dependencies import TrainingError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScheduleSettings(_Strict):
    """Learning rate by images seen: warm-up, constant, and a linear decay that begins on request.

    ``unit`` is the unit of all its numbers: images (one per row of a batch), images of the task recognition
    (``recognition``: rows of other tasks are not counted), or steps. The decay begins at ``decay_at``, or when a file
    ``DECAY`` appears in the run's folder.
    """

    unit: Literal["images", "recognition", "steps"] = "images"
    learning_rate: float = Field(2e-3, gt=0)
    warmup_images: int = Field(8_000, ge=0)
    decay_images: int = Field(40_000, ge=1)
    decay_at: int | None = Field(None, ge=0)
    max_images: int = Field(10_000_000, ge=1)

    def rate(self, seen: int, decay_start: int | None) -> float:
        """The learning rate at a position of the schedule."""
        rate = self.learning_rate * min(1.0, (seen + 1) / (self.warmup_images + 1))
        if decay_start is None:
            return rate
        return rate * max(0.0, 1.0 - (seen - decay_start) / self.decay_images)

    def finished(self, seen: int, decay_start: int | None) -> bool:
        """Whether the run is over."""
        return seen >= self.max_images or (decay_start is not None and seen >= decay_start + self.decay_images)


class ReaderRunSettings(_Strict):
    """One run.

    Attributes:
        out: folder of checkpoints and log.
        synthetic: folders of fitted synthetic images (with boxes), in order; folders that do not exist yet are used
            by a later pass.
        real: folder of fitted real images, or ``None``.
        rows: file of `task_rows` about the images of ``synthetic``; then a pass contains every row once.
        extra_tokens: tokens of the vocabulary in addition to the built-in ones.
        initial: folder with the initial weights: an earlier reader, or an export such as the bundled model;
            ``None`` for random weights.
        validation: names and folders of fitted images for ExpRate; the first one selects the best weights.
        validation_images: maximum number of images per validation set.
        ratio: synthetic images per real image.
        synthetic_passes: number of passes without real images, at the beginning.
        encoder_first: number of images at the beginning; the decoder learns from every ``decoder_every``-th batch.
        batch_pixels: maximum number of pixels of a padded batch.
        largest_image: training images with more pixels are excluded; ``None`` for no limit.
        elastic: strength of elastic deformation, in pixels (see `Augmentation`).
        affine: factor of the random affine changes of `Augmentation`; 0 for none.
        label_smoothing: probability mass that the token loss spreads over all tokens.
        symbol_loss, attention_loss, count_loss: weights of the parts of the loss; the token loss has weight 1.
        seed: random seed.
        ema: decay of the averaged weights, per batch.
        checkpoint_images, validate_images: intervals in images.
        stages, d_model, decoder_layers, decoder_ffn_dim: see `FormulaReaderConfig`.
    """

    out: Path
    synthetic: list[Path] = Field(min_length=1)
    real: Path | None = None
    rows: Path | None = None
    extra_tokens: tuple[str, ...] = ()
    initial: Path | None = None
    validation: dict[str, Path] = Field(default_factory=dict)
    validation_images: int = Field(300, ge=1)
    ratio: float = Field(2.0, ge=0)
    synthetic_passes: int = Field(0, ge=0)
    encoder_first: int = Field(14_000, ge=0)
    decoder_every: int = Field(4, ge=1)
    batch_pixels: int = Field(150_000, ge=1_000)
    largest_image: int | None = Field(None, ge=64)
    elastic: float = Field(0.0, ge=0, le=4)
    affine: float = Field(1.0, ge=0, le=4)
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    symbol_loss: float = Field(1.0, ge=0)
    attention_loss: float = Field(0.3, ge=0)
    count_loss: float = Field(0.05, ge=0)
    seed: int = 0
    ema: float = Field(0.998, ge=0, lt=1)
    weight_decay: float = Field(0.02, ge=0)
    clip: float = Field(1.0, gt=0)
    log_images: int = Field(1_000, ge=1)
    checkpoint_images: int = Field(4_000, ge=1)
    validate_images: int = Field(8_000, ge=1)
    schedule: ScheduleSettings = ScheduleSettings()
    stages: tuple[tuple[int, int], ...] = ((16, 1), (32, 1), (80, 1), (128, 2))
    d_model: int = 160
    decoder_layers: int = 3
    decoder_ffn_dim: int = 640

    @field_validator("stages")
    @classmethod
    def _whole_vectors(cls, stages: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """Other widths crash the backward pass of torch 2.13 on a CPU (channels last)."""
        if any(channels % 16 for channels, _ in stages):
            raise ValueError("channels must be multiples of 16")
        return stages


def load_settings(path: Path, settings: Sequence[str] = ()) -> ReaderRunSettings:
    """Read a run's file, with ``key=value`` over it; paths are taken from where the command runs.

    Raises:
        TrainingError: the file cannot be read, or a key or value is wrong.
    """
    return load_config(ReaderRunSettings, path, settings, TrainingError)
