"""What the tests of small readers share: some labels written by hand, and a run of a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mumer_train.from_scratch.settings import ReaderRunSettings

LABELS = (
    r"x + y",
    r"\frac { a } { 2 }",
    "3",
    r"\sqrt { x }",
    r"a _ { n } = 1 2",
    r"\sin x",
    "( a + b ) ^ { 2 }",
    "y < 4",
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Two threads on busy cores wait for each other at every small convolution."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen synthetic images of eight labels."""
    from mumer_train.from_scratch.prepare import SyntheticHands, prepare_synthetic

    folder = tmp_path_factory.mktemp("store")
    (folder / "labels.txt").write_text("".join(f"l{place}\t{text}\n" for place, text in enumerate(LABELS)), "utf-8")
    assert prepare_synthetic(folder / "labels.txt", folder / "images", SyntheticHands(writers=5), copies=2) == 16
    return folder / "images"


@pytest.fixture
def settings(store: Path, tmp_path: Path) -> ReaderRunSettings:
    """A run of a tiny model."""
    from mumer_train.from_scratch.settings import ReaderRunSettings

    return ReaderRunSettings.model_validate(
        {
            "out": tmp_path / "run",
            "synthetic": [store],
            "validation": {"train": store},
            "encoder_first": 8,
            "decoder_every": 2,
            "batch_pixels": 30_000,
            "stages": [[16, 1], [16, 1], [16, 1], [16, 1]],
            "d_model": 80,
            "decoder_layers": 2,
            "decoder_ffn_dim": 32,
            "log_images": 8,
            "checkpoint_images": 1_000,
            "validate_images": 1_000,
            "schedule": {"learning_rate": 3e-3, "warmup_images": 8, "decay_images": 16, "max_images": 48},
        }
    )
